"""The queue and the sessions: fair, limited, separate, and removed at the end."""

import threading

import pytest
from web_doubles import FakeStream, FakeSystem, Page, client_of, tones, wav_of

from whence.errors import WhenceError
from whence.web.limits import Limits, RefusedError
from whence.web.sessions import Sessions

LEFT = wav_of(tones((1.0, 200, 0.5, 0.1)))
RIGHT = wav_of(tones((2.0, 200, 0.1, 0.5)))


class Held(FakeStream):
    """Hears nothing before the test lets it."""

    go = threading.Event()
    order: list[int] = []  # noqa: RUF012 - the tests read it

    def feed(self, signal):
        assert self.go.wait(100)
        self.order.append(signal.shape[1])
        return super().feed(signal)


@pytest.fixture
def held():
    """A stream that waits, and what lets it go."""
    Held.go.clear()
    Held.order.clear()
    yield Held
    Held.go.set()


def test_two_pages_at_once_get_their_own_results():
    with client_of() as client:
        left, right = Page(client), Page(client)
        assert left.send(LEFT, "left.wav").status_code == right.send(RIGHT, "right.wav").status_code == 202
        for page, name, duration_s, is_left in ((left, "left.wav", 1.0, True), (right, "right.wav", 2.0, False)):
            page.wait()
            found = client.get(f"{page.path}/findings").json()
            assert (found["name"], found["duration_s"]) == (name, duration_s)
            assert all((azimuth_deg > 0) == is_left for azimuth_deg in found["rows"]["azimuth_deg"])


def test_nothing_of_a_page_is_found_without_its_id():
    with client_of() as client:
        page = Page(client)
        page.recognize(LEFT)
        folders = {path.name for path in client.server.sessions.folder.iterdir()}
        for stranger in (page.about["session"][:-1], page.about["session"].lower(), *folders, "0", "*"):
            for rest in ("", "/findings", "/picture", "/downloads/dcase"):
                assert client.get(f"/api/sessions/{stranger}{rest}").status_code == 404


def test_the_queue_is_first_come_first_served_and_shows_its_length(held):
    with client_of(open_stream=held) as client:
        pages = [Page(client) for _ in range(4)]
        sounds = [wav_of(tones((0.1 * (i + 1), 200, 0.5, 0.1))) for i in range(4)]
        for page, sound in zip(pages, sounds, strict=True):
            page.send(sound)
        assert [page.state()["ahead"] for page in pages] == [0, 1, 2, 3]
        assert {page.state()["queue"] for page in pages} == {4}
        held.go.set()
        assert [page.wait()["state"] for page in pages] == ["done"] * 4
        assert [count for count in held.order if count] == [2_400, 4_800, 7_200, 9_600]
        assert pages[0].state()["queue"] == 0


def test_a_full_queue_refuses_before_the_file_is_sent(held):
    with client_of(Limits(queue=2), open_stream=held) as client:
        pages = [Page(client) for _ in range(3)]
        assert [page.send(LEFT).status_code for page in pages] == [202, 202, 429]

        def unread():
            raise AssertionError("the body was read")
            yield b""

        answer = pages[2].send(unread())
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.text.startswith("2 sounds are waiting")
        held.go.set()
        pages[0].wait()
        pages[1].wait()
        assert pages[2].recognize(LEFT)["duration_s"] == 1.0


def test_a_page_has_one_sound_in_work(held):
    with client_of(open_stream=held) as client:
        page = Page(client)
        page.send(LEFT)
        answer = page.send(RIGHT)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert "has a sound in work already" in answer.text
        held.go.set()
        page.wait()
        assert page.recognize(RIGHT)["duration_s"] == 2.0


def test_cancel_frees_the_queue_and_the_disk_whether_waiting_or_in_work(held):
    with client_of(Limits(queue=2), open_stream=held) as client:
        working, waiting = Page(client), Page(client)
        working.send(LEFT)
        waiting.send(LEFT)
        for page in (waiting, working):
            assert client.delete(f"{page.path}/sound").json()["state"] == "cancelled"
            assert client.get(f"{page.path}/findings").status_code == 404
        assert client.server.jobs.length == 0
        assert [path for path in client.server.sessions.folder.rglob("*") if path.is_file()] == []
        held.go.set()
        assert Page(client).recognize(RIGHT)["duration_s"] == 2.0


def test_cancel_without_a_sound_does_nothing():
    with client_of() as client:
        page = Page(client)
        assert client.delete(f"{page.path}/sound").json()["state"] == "idle"


def test_progress_is_in_seconds_of_sound():
    steps = []

    class Watched(FakeStream):
        def feed(self, signal):
            steps.append((yielded[0].state(), signal.shape[1]))
            return super().feed(signal)

    yielded = []
    with client_of(open_stream=Watched) as client:
        yielded.append(Page(client))
        yielded[0].recognize(wav_of(tones((6.0, 200, 0.5, 0.1))))
    heard_s = [state["heard_s"] for state, _ in steps[:3]]
    assert heard_s == [0.0, 2.5, 5.0]
    assert {state["promised_s"] for state, _ in steps[:3]} == {6.0}
    assert {state["state"] for state, _ in steps} == {"working"}


def test_closing_a_page_removes_its_files(held):
    with client_of(open_stream=held) as client:
        page = Page(client)
        page.send(LEFT)
        folder = client.server.sessions.folder
        assert len(list(folder.iterdir())) == 1
        assert client.delete(page.path).status_code == 204
        assert list(folder.iterdir()) == []
        assert client.get(page.path).status_code == 404
        held.go.set()


def test_the_end_of_the_server_removes_all_files(held):
    held.go.set()
    with client_of(open_stream=held) as client:
        for _ in range(3):
            Page(client).send(RIGHT)
        folder = client.server.sessions.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_an_error_in_a_model_is_reported_and_does_not_stop_the_queue(caplog):
    class Faulty(FakeStream):
        def feed(self, signal):
            if signal.shape[1] == 24_000:
                raise ZeroDivisionError("inside")
            return super().feed(signal)

    with client_of(open_stream=Faulty) as client:
        first, second = Page(client), Page(client)
        first.send(LEFT)
        second.send(RIGHT)
        assert first.wait()["sentence"].startswith("this sound cannot be processed: ZeroDivisionError")
        assert second.wait()["state"] == "done"
    assert "ZeroDivisionError" in caplog.text


def test_a_model_that_takes_no_threshold_shows_all_its_rows():
    class Deciding(FakeStream):
        def __init__(self, system, *, latency, threshold, microphones=None):
            if threshold is not None:
                raise WhenceError("leave the threshold out")
            super().__init__(system)

    with client_of(open_stream=Deciding) as client:
        page = Page(client)
        assert page.about["thresholds"] == [0.0, 0.0, 0.0]
        assert page.recognize(LEFT)["rows"]["frame"] == list(range(10))


def test_too_many_pages_are_refused():
    with client_of(Limits(sessions=2)) as client:
        Page(client)
        second = Page(client)
        answer = client.post("/api/sessions")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        client.delete(second.path)
        assert client.post("/api/sessions").status_code == 201


def test_an_idle_page_is_forgotten_with_its_folder():
    now_s = [0.0]
    sessions = Sessions(Limits(session_idle_s=10.0), clock=lambda: now_s[0])
    silent, alive, live = sessions.open(), sessions.open(), sessions.open()
    live.is_live = True
    silent.new_file().write_bytes(b"x")
    now_s[0] = 8.0
    sessions.get(alive.id)
    now_s[0] = 11.0
    sessions.close_idle()
    assert not silent.folder.exists()
    assert sessions.get(alive.id) is alive
    assert sessions.get(live.id) is live
    with pytest.raises(RefusedError, match="load it again"):
        sessions.get(silent.id)
    sessions.close_all()
    assert not sessions.folder.exists()


def test_ids_of_sessions_and_names_of_files_are_long_and_unique():
    sessions = Sessions(Limits())
    opened = [sessions.open() for _ in range(50)]
    assert len({session.id for session in opened}) == 50
    assert min(len(session.id) for session in opened) >= 43
    assert all(session.id not in str(session.new_file()) for session in opened)
    sessions.close_all()


def test_a_new_session_has_the_model_and_the_limits():
    with client_of(Limits(upload_bytes=20_000_000, sound_s=90.0), model_name="small") as client:
        about = Page(client).about
    assert about["model"] == "small"
    assert about["classes"] == list(FakeSystem.classes.names)
    assert about["thresholds"] == [0.4, 0.5, 0.6]
    assert (about["limits"]["upload_text"], about["limits"]["sound_text"]) == ("20 MB", "90 seconds")
