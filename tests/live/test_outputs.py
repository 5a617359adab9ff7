"""Events for other programs: JSON Lines, ROS 2 fields in radians, ODAS over a socket that comes and goes."""

import io
import json
import math
import re
import socket
import threading
import time

import numpy as np
import pytest
from live_doubles import rows_at

from whence.errors import WhenceError
from whence.labels import STARSS23, Events, read_json_lines
from whence.live.odas import OdasSink, odas_address
from whence.live.outputs import JsonLines, PlainLines, Ros2Json, by_frame, check_destinations, open_destinations


def two_sources():
    columns = {"frame": [0, 2, 2], "class_index": [8, 8, 12], "azimuth_deg": [90.0, 90.0, -30.0]}
    return Events.from_columns({**columns, "distance_m": [2.0, 2.0, math.nan], "score": [1.0, 0.9, 0.5]})


def test_json_lines_are_read_back_as_the_same_rows(tmp_path):
    stream = io.StringIO()
    output = JsonLines(stream, STARSS23)
    output.send(rows_at(range(5)), 0, 5)
    output.send(Events.empty(), 5, 10)
    output.send(rows_at(range(10, 12)), 10, 12)
    output.close()
    (tmp_path / "a.jsonl").write_text(stream.getvalue())
    assert read_json_lines(tmp_path / "a.jsonl") == rows_at([*range(5), 10, 11])


def test_ros2_lines_state_their_frame_and_radians_and_have_the_fields_of_odas():
    stream = io.StringIO()
    Ros2Json(stream, STARSS23).send(two_sources(), 0, 4)
    head, *lines = map(json.loads, stream.getvalue().splitlines())
    assert "REP 103" in head["header"]["frame"]
    assert "radians" in head["header"]["angles"]
    assert [line["timeStamp"] for line in lines] == [0, 1, 2, 3]
    assert lines[1]["src"] == lines[3]["src"] == []
    (music,) = lines[0]["src"]
    assert {"id", "tag", "x", "y", "z", "activity"} <= set(music)
    assert (music["tag"], music["x"], music["y"], music["z"], music["activity"]) == ("music", 0.0, 1.0, 0.0, 1.0)
    assert music["azimuth_rad"] == pytest.approx(math.pi / 2, abs=1e-4)
    knock = lines[2]["src"][1]
    assert knock["distance_m"] is None
    assert (knock["x"], knock["y"]) == pytest.approx((math.cos(math.radians(-30)), -0.5), abs=1e-3)
    assert lines[2]["src"][0]["id"] == music["id"] != knock["id"]


def test_hops_equal_looking_for_every_frame():
    rng = np.random.default_rng([5, 0, 0])
    frames = rng.integers(10, 30, 50)
    events = Events.from_columns({"frame": frames, "class_index": rng.integers(0, 3, 50), "azimuth_deg": frames})
    found = list(by_frame(events, 10, 30))
    assert [frame for frame, _ in found] == list(range(10, 30))
    for frame, rows in found:
        assert rows == events.sorted().between(frame, frame + 1)


def test_plain_lines_are_written_for_what_begins():
    stream = io.StringIO()
    output = PlainLines(stream, STARSS23)
    output.send(rows_at(range(4)), 0, 4)
    output.send(rows_at(range(4, 8)), 4, 8)
    output.send(Events.empty(), 8, 50)
    output.send(rows_at([50], azimuth_deg=-10.0), 50, 51)
    output.close()
    assert stream.getvalue().splitlines() == [
        "     0.0 s  music               30 deg left    2.0 m   0.90",
        "     5.0 s  music              10 deg right    2.0 m   0.90",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["json"], "--to knows jsonl, ros2-json and odas://host:port, not json"),
        (["jsonl", "ros2-json"], "cannot share standard output"),
        (["jsonl", "jsonl"], "cannot share standard output"),
        (["odas://"], "is no address; it looks like odas://localhost:9000"),
        (["odas://host:99999"], "is no address"),
        (["odas://host:0"], "is no address"),
        (["odas://host:9000/sst"], "is no address"),
        (["odas://[::1"], "is no address"),
    ],
)
def test_wrong_destinations_are_refused_before_anything_starts(words, sentence):
    with pytest.raises(WhenceError, match=re.escape(sentence)):
        check_destinations(words)


def test_right_destinations():
    check_destinations(["jsonl", "odas://localhost", "odas://10.0.0.1:9001"])
    assert odas_address("odas://localhost") == ("localhost", 9_000)
    (output,) = open_destinations(["jsonl"], io.StringIO(), STARSS23)
    assert isinstance(output, JsonLines)


class Listener:
    """A program like ODAS Studio: a server that takes one connection and what comes over it."""

    def __init__(self, port=0):
        self.server = socket.create_server(("127.0.0.1", port))
        self.server.settimeout(10)
        self.port = self.server.getsockname()[1]

    def accept(self):
        connection, _ = self.server.accept()
        connection.settimeout(10)
        return connection


def messages_from(connection, count):
    """The next whole messages."""
    text, decoder, found = "", json.JSONDecoder(), []
    while len(found) < count:
        text += connection.recv(4096).decode()
        while text.lstrip() and len(found) < count:
            try:
                value, end = decoder.raw_decode(text.lstrip())
            except json.JSONDecodeError:
                break
            found.append(value)
            text = text.lstrip()[end:]
    return found


def test_odas_gets_every_hop_and_a_source_keeps_its_number():
    listener = Listener()
    sink = OdasSink("127.0.0.1", listener.port, STARSS23)
    with listener.accept() as connection:
        sink.send(two_sources(), 0, 3)
        sink.send(rows_at([4]), 3, 5)
        found = messages_from(connection, 5)
    sink.close()
    listener.server.close()
    assert [message["timeStamp"] for message in found] == [0, 1, 2, 3, 4]
    assert all(len(message["src"]) == 4 for message in found)
    first, last = found[0]["src"][0], found[4]["src"][0]
    assert first == {"id": 1, "tag": "music", "x": 0.0, "y": 1.0, "z": 0.0, "activity": 1.0}
    assert last["id"] == 1
    assert (last["x"], last["y"]) == pytest.approx((math.cos(math.radians(30)), 0.5), abs=1e-3)
    assert found[1]["src"][0]["id"] == 0


def test_odas_is_connected_anew_when_the_listener_comes_back(caplog):
    caplog.set_level("INFO", "whence")
    listener = Listener()
    sink = OdasSink("127.0.0.1", listener.port, STARSS23, retry_s=0.02)
    listener.accept().close()
    listener.server.close()
    deadline, frame = time.monotonic() + 10, 0
    while not any("trying again" in message for message in caplog.messages) and time.monotonic() < deadline:
        sink.send(Events.empty(), frame, frame + 1)
        frame += 1
        time.sleep(0.005)
    again = Listener(listener.port)
    with again.accept() as connection:
        sink.send(rows_at([frame]), frame, frame + 1)
        while messages_from(connection, 1)[0]["timeStamp"] < frame:
            pass
    sink.close()
    again.server.close()
    name = f"odas://127.0.0.1:{listener.port}"
    messages = [message for message in caplog.messages if message.startswith(name)]
    assert messages[0] == messages[-1] == f"{name} is connected"
    assert len(messages) == 3
    assert "trying again every 0.02 s" in messages[1]


def test_a_missing_server_is_reported_once_and_costs_no_time(caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sink = OdasSink("127.0.0.1", port, STARSS23, retry_s=0.01)
    begun_s = time.monotonic()
    for frame in range(300):
        sink.send(rows_at([frame]), frame, frame + 1)
    assert time.monotonic() - begun_s < 2
    deadline = time.monotonic() + 10
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    sink.close()
    assert len(caplog.messages) == 1
    assert len(sink._waiting) == 50


def test_a_server_that_does_not_read_blocks_nothing():
    listener = Listener()
    sink = OdasSink("127.0.0.1", listener.port, STARSS23)
    with listener.accept():
        begun_s = time.monotonic()
        for frame in range(5_000):
            sink.send(rows_at([frame]), frame, frame + 1)
        assert time.monotonic() - begun_s < 8
        sink.close()
        assert time.monotonic() - begun_s < 10
    listener.server.close()
    assert len(sink._waiting) <= 50


def test_closing_sends_what_waits_and_ends_the_thread():
    listener = Listener()
    sink = OdasSink("127.0.0.1", listener.port, STARSS23)
    with listener.accept() as connection:
        sink.send(rows_at([0]), 0, 1)
        sink.close()
        assert messages_from(connection, 1)[0]["timeStamp"] == 0
        assert connection.recv(10) in (b"", b"\n")
    listener.server.close()
    assert not any(thread.name == "odas" for thread in threading.enumerate())
