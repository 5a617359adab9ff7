"""A microphone over a WebSocket: pieces of any size give the same rows, nothing is lost, and every end is clean."""

import json
import threading
import time

import httpx2
import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect
from web_doubles import FakeStream, Page, client_of, served, tones, wav_of
from websockets.sync.client import connect

from whence.web.limits import Limits

SOUND = tones((1.0, 200, 0.5, 0.1), (0.7, 3_000, 0.1, 0.5), (0.33, 500, 0.4, 0.4))


def pcm_of(signal):
    """16 bit, left and right in turn, low byte first."""
    return np.round(signal.T * 32_767).astype("<i2").tobytes()


def pieces_of(content, sizes):
    """The bytes cut into pieces of the given sizes, over and over."""
    at, turn = 0, 0
    while at < len(content):
        yield content[at : at + sizes[turn % len(sizes)]]
        at += sizes[turn % len(sizes)]
        turn += 1


def listened(socket, content, sizes=(9_600,)):
    """Send everything and stop; the news, the picture's bytes, and the last word."""
    first = socket.receive_json()
    for piece in pieces_of(content, sizes):
        socket.send_bytes(piece)
    socket.send_text("stop")
    news, picture = [], b""
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return first, news, picture
        if message.get("bytes"):
            picture += message["bytes"]
        else:
            news.append(json.loads(message["text"]))


def rows_of(news):
    """All rows of the news as one table."""
    rows = {}
    for one in news:
        for name, values in one.get("rows", {}).items():
            rows.setdefault(name, []).extend(values)
    return rows


@pytest.mark.parametrize(
    "sizes", [(9_600,), (1,), (3, 1, 7), (9_601,), (100_000,), (4, 40_001, 1), (0, 5_000)], ids=str
)
def test_rows_do_not_depend_on_the_sizes_of_the_pieces(sizes):
    sound = SOUND[:, :500] if max(sizes) < 10 else SOUND  # so many messages take their time
    content = pcm_of(sound)
    with client_of() as client:
        page = Page(client)
        whole = page.recognize(wav_of(sound))
        with page.listen() as socket:
            first, news, picture = listened(socket, content, sizes)
        assert first == {"latency_s": 0.1, "sound_s": 600.0}
        assert news[-1] == {"done": True, "duration_s": whole["duration_s"]}
        for name, values in whole["rows"].items():  # a file of 16 bit is rounded a little differently
            assert rows_of(news)[name] == pytest.approx(values, abs=0.11)
        kept = client.get(f"{page.path}/findings").json()
        assert kept["rows"] == rows_of(news)
        assert client.get(f"{page.path}/picture").content == picture
        assert len(picture) == 128 * -(-round(whole["duration_s"] * 24_000) // 600)


def test_stopping_at_once_gives_an_empty_result():
    with client_of() as client:
        page = Page(client)
        with page.listen() as socket:
            _, news, picture = listened(socket, b"")
        assert news[-1] == {"done": True, "duration_s": 0.0}
        assert picture == b""


def test_equal_channels_give_a_warning_after_five_seconds():
    with client_of() as client:
        page = Page(client)
        with page.listen() as socket:
            _, news, _ = listened(socket, pcm_of(tones((6.0, 300, 0.3, 0.3))))
        (warnings,) = [one["warnings"] for one in news if one.get("warnings")]
        assert "left and right are identical" in warnings[0]
        assert client.get(f"{page.path}/findings").json()["warnings"] == warnings


def test_the_result_so_far_is_kept_when_the_connection_breaks():
    with served() as (port, server), httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        page = Page(client)
        with connect(f"ws://127.0.0.1:{port}{page.path}/live", proxy=None) as socket:
            socket.recv()
            socket.send(pcm_of(SOUND[:, :24_000]))
            socket.recv()
            socket.socket.close()  # without a closing handshake
        end_s = time.monotonic() + 60
        while (found := client.get(f"{page.path}/findings")).status_code == 404 and time.monotonic() < end_s:
            time.sleep(0.05)
        assert found.json()["rows"]["frame"] == list(range(10))
        assert server.live_count == 0


def test_a_microphone_that_sends_nothing_is_closed():
    with client_of(Limits(stall_s=0.1)) as client, Page(client).listen() as socket:
        socket.receive_json()
        assert socket.receive_json() == {"error": "no sound came for 0.1 s; listening has ended"}
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
        assert end.value.code == 1008


def test_a_microphone_ends_at_the_longest_duration():
    with client_of(Limits(sound_s=1.0)) as client:
        page = Page(client)
        with page.listen() as socket:
            _, news, _ = listened(socket, pcm_of(SOUND))
        assert news[-1] == {"done": True, "duration_s": 1.0}


def refusal_of(page):
    """The sentence with which a second socket is refused."""
    with page.listen() as socket:
        sentence = socket.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    return sentence


def test_microphones_are_limited_in_all_and_to_one_for_each_page():
    with client_of(Limits(live_streams=1)) as client:
        first, second = Page(client), Page(client)
        with first.listen() as socket:
            socket.receive_json()
            assert refusal_of(first).startswith("this page has a sound in work already")
            assert refusal_of(second).startswith("1 microphones are in use, which is the limit")
            assert first.send(b"x").status_code == 429
        client.server.sessions.get(first.about["session"])
        with second.listen() as socket:
            assert "latency_s" in socket.receive_json()


def test_a_closed_page_is_refused():
    with client_of() as client:
        page = Page(client)
        client.delete(page.path)
        assert "is forgotten; load it again" in refusal_of(page)


def test_a_microphone_takes_all_that_arrived_while_it_waited():
    """Or it would be further behind after every turn."""
    fed, began, go = [], threading.Event(), threading.Event()

    class Held(FakeStream):
        def feed(self, signal):
            fed.append(signal.shape[1])
            began.set()
            assert go.wait(60)
            return super().feed(signal)

    content = pcm_of(SOUND[:, :48_000])
    with (
        served(open_stream=Held) as (port, _),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client,
        connect(f"ws://127.0.0.1:{port}{Page(client).path}/live", proxy=None) as socket,
    ):
        socket.recv()
        socket.send(content[:9_600])
        assert began.wait(60)
        for at in range(9_600, len(content), 9_600):
            socket.send(content[at : at + 9_600])
        socket.ping().wait(60)  # the server has read all of it
        time.sleep(0.2)
        go.set()
        socket.send("stop")
        news = [json.loads(message) for message in socket if isinstance(message, str)]
    assert news[-1]["done"]
    assert rows_of(news)["frame"] == list(range(20))
    assert fed[0] == 2_400
    assert len(fed) <= 5


def test_files_and_microphones_take_turns():
    """A file in work does not keep a microphone waiting for its end."""
    order = []

    class Watched(FakeStream):
        def __init__(self, system, *, latency, threshold, microphones=None):
            super().__init__(system, threshold=threshold)
            self.kind = latency

        def feed(self, signal):
            order.append(self.kind)
            return super().feed(signal)

    with client_of(open_stream=Watched) as client:
        page, listener = Page(client), Page(client)
        with listener.listen() as socket:
            socket.receive_json()
            page.send(wav_of(tones((60.0, 200, 0.5, 0.1))))
            for _ in range(5):
                socket.send_bytes(pcm_of(SOUND[:, :4_800]))
                socket.receive_json()
                socket.receive_bytes()
            socket.send_text("stop")
            page.wait()
    assert order.count("low") >= 5
    assert order[order.index("low") :].count("best") > 0
