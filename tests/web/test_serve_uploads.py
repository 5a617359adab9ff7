"""Uploads: counted, bounded, named by the visitor, and deleted after they are processed."""

import errno
import http.client
import io
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from web_doubles import FakeStream, Page, client_of, served, tones, wav_of

from whence.errors import WhenceError
from whence.web.limits import Limits

SOUND = tones((1.0, 200, 0.5, 0.1), (1.0, 3_000, 0.1, 0.5))


def left_on_disk(server):
    """Files of visitors that the server still holds."""
    return [path for path in server.sessions.folder.rglob("*") if path.is_file()]


def test_a_file_is_processed_and_then_deleted():
    with client_of() as client:
        found = Page(client).recognize(wav_of(SOUND))
        assert found["duration_s"] == 2.0
        assert found["rows"]["frame"] == list(range(20))
        assert found["rows"]["class"] == [0] * 10 + [2] * 10
        assert min(found["rows"]["azimuth_deg"][:10]) > 50  # louder on the left is to the left
        assert left_on_disk(client.server) == []


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "AIFF"])
def test_every_format_of_the_command_line_is_taken(form):
    with client_of() as client:
        assert Page(client).recognize(wav_of(SOUND, form=form), f"a.{form.lower()}")["duration_s"] == pytest.approx(2.0)


def test_warnings_about_a_sound_are_part_of_the_result():
    with client_of() as client:
        found = Page(client).recognize(wav_of(tones((2.0, 200, 0.5, 0.5))), "mono.wav")
        (warning,) = found["warnings"]
        assert warning.startswith("mono.wav: left and right are identical in 2.0 of 2.0 s")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a.wav: empty file (0 bytes)"),
        (b"hello world, this is no sound", "a.wav: not a sound file (starts with 'hello"),
    ],
)
def test_other_files_are_refused_with_the_sentence_of_the_command_line(content, sentence):
    with client_of() as client:
        page = Page(client)
        answer = page.send(content)
        assert answer.status_code == 422
        assert answer.text.startswith(sentence)
        assert answer.headers["content-type"].startswith("text/plain")
        assert str(client.server.sessions.folder) not in answer.text
        assert left_on_disk(client.server) == []
        page.recognize(wav_of(SOUND))  # the place is free again


def test_one_channel_fails_with_the_sentence_of_the_command_line():
    with client_of() as client:
        page = Page(client)
        page.send(wav_of(SOUND[:1]), "street.wav")
        state = page.wait()
        assert state["state"] == "failed"
        assert state["sentence"].startswith("street.wav: 1 channel; direction needs two;")
        assert client.get(f"{page.path}/findings").status_code == 404
        assert left_on_disk(client.server) == []


def test_silence_and_emptiness_are_results():
    with client_of() as client:
        page = Page(client)
        assert page.recognize(wav_of(np.zeros((2, 24_000), np.float32)))["rows"]["frame"] == []
        found = page.recognize(wav_of(np.zeros((2, 0), np.float32)))
        assert (found["duration_s"], found["warnings"]) == (0.0, ["a.wav holds no sound"])
        assert client.get(f"{page.path}/picture").content == b""


@pytest.mark.parametrize("as_stream", [False, True], ids=["announced", "in chunks"])
def test_a_file_that_is_too_large_is_refused_while_it_comes(as_stream):
    with client_of(Limits(upload_bytes=100_000)) as client:
        page = Page(client)
        content = bytes(300_000)
        answer = page.send((content[i : i + 1_000] for i in range(0, len(content), 1_000)) if as_stream else content)
        assert answer.status_code == 413
        assert answer.text == "the file is larger than 0.1 MB, the limit here\n"
        assert left_on_disk(client.server) == []
        page.recognize(wav_of(SOUND[:, :10_000]))


def test_five_minutes_in_cd_quality_are_accepted():
    with client_of() as client:
        page = Page(client)
        file = io.BytesIO()
        soundfile.write(file, np.zeros((5 * 60 * 44_100, 2), np.int16), 44_100, format="WAV", subtype="PCM_16")
        answer = page.send(file.getvalue())
        assert (answer.status_code, answer.json()["promised_s"]) == (202, 300.0)
        client.delete(f"{page.path}/sound")


@pytest.mark.parametrize("length", ["-1", "nan", "1e3", "999999999999999999999"])
def test_an_impossible_content_length_is_refused(length):
    with client_of() as client:
        page = Page(client)
        answer = client.post(f"{page.path}/sound", content=b"x", headers={"content-length": length})
        assert answer.status_code == 413


def test_ten_hours_of_silence_in_a_small_file_are_refused_before_they_are_decoded():
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 1_000, 2, format="FLAC") as flac:
        for _ in range(60):
            flac.write(np.zeros((1_000 * 600, 2), np.int16))
    bomb = file.getvalue()
    assert len(bomb) < 1_000_000
    with client_of() as client:
        answer = Page(client).send(bomb, "bomb.flac")
        assert answer.status_code == 413
        assert answer.text.startswith("bomb.flac lasts 600.0 minutes; here sounds may last 10 minutes")
        assert left_on_disk(client.server) == []


def test_a_sound_longer_than_its_header_promises_is_stopped_at_the_limit():
    fed = []

    class Counting(FakeStream):
        def feed(self, signal):
            fed.append(signal.shape[1])
            return super().feed(signal)

    # An MP3 header promises nothing.
    content = wav_of(np.zeros((2, 24_000 * 60), np.float32), form="MP3")
    with client_of(Limits(sound_s=6.0), open_stream=Counting) as client:
        page = Page(client)
        answer = page.send(content, "long.mp3")
        sentence = answer.text if answer.status_code == 413 else page.wait()["sentence"]
        assert "here sounds may last 6 seconds" in sentence
        assert sum(fed) <= 6 * 24_000
        assert left_on_disk(client.server) == []


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.wav",
        "../../etc/passwd",
        "a\r\nSet-Cookie: b=c.wav",
        "\x1b[2J.wav",
        "=1+1.wav",
        "é" * 300,
    ],
)
def test_any_name_is_shown_as_text_and_never_used_as_a_path(name):
    with client_of() as client:
        page = Page(client)
        refusal = page.send(b"no sound at all", name)
        assert refusal.status_code == 422
        assert refusal.headers["content-type"].startswith("text/plain")
        assert "\x1b" not in refusal.text
        assert "\r" not in refusal.text
        found = page.recognize(wav_of(SOUND), name)
        assert found["name"] == name[:255]
        answer = client.get(f"{page.path}/downloads/audacity")
        disposition = answer.headers["content-disposition"]
        assert answer.headers["content-type"] == "application/octet-stream"
        assert not set("<>\r\n\x1b/=\\") & set(disposition.replace("filename*=", ""))
        folder = client.server.sessions.folder
        assert all(part.name.isalnum() for part in folder.rglob("*"))


def test_class_names_cannot_be_markup_or_formulas_in_what_is_downloaded():
    with client_of() as client:
        page = Page(client)
        page.recognize(wav_of(SOUND))
        text = client.get(f"{page.path}/downloads/audacity?score=0.1").text
        assert all(line.count("\t") == 2 for line in text.splitlines())


def test_a_full_disk_is_reported_and_nothing_is_left(monkeypatch):
    def refuse(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    with client_of() as client:
        page = Page(client)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            answer = page.send(wav_of(SOUND))
        assert answer.status_code == 507
        assert (
            answer.text == "the server cannot keep the file: No space left on device; free space there and try again\n"
        )
        assert left_on_disk(client.server) == []
        page.recognize(wav_of(SOUND))


def wait_until(is_so, most_s=30.0):
    """Poll what another thread is about to do."""
    end_s = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def open_upload(port, length):
    """A connection that has announced a file of so many bytes, and its page's path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/sessions")
    session = connection.getresponse().read().split(b'"session":"')[1].split(b'"')[0].decode()
    connection.close()
    sending = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /api/sessions/{session}/sound?name=a.wav HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    sending.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
    return sending


def test_an_upload_that_pauses_is_ended():
    with served(Limits(stall_s=0.3)) as (port, _), open_upload(port, 1_000_000) as sending:
        sending.sendall(b"x" * 1_000)
        answer = b"".join(iter(lambda: sending.recv(4_096), b""))
        assert b" 408 " in answer.splitlines()[0]
        assert answer.endswith(b"it may take 600 s in all and pause for 0.3 s\n")


def test_an_upload_that_is_too_slow_is_ended():
    with served(Limits(upload_s=0.6)) as (port, _), open_upload(port, 1_000_000) as sending:
        sending.settimeout(0.05)
        answer, started_s = b"", time.monotonic()
        while not answer and time.monotonic() - started_s < 30:
            sending.sendall(b"x")
            try:
                answer = sending.recv(4_096)
            except TimeoutError:
                continue
        assert b" 408 " in answer.splitlines()[0]


def test_an_upload_that_breaks_off_leaves_nothing():
    with served() as (port, server):
        with open_upload(port, 1_000_000) as sending:
            sending.sendall(b"x" * 1_000)
            wait_until(lambda: left_on_disk(server))
        wait_until(lambda: not left_on_disk(server) and server.jobs.length == 0)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/api/sessions")
        assert connection.getresponse().status == 201  # the server goes on
        connection.close()


@pytest.mark.parametrize("field", ["upload_bytes", "sound_s", "queue", "stall_s"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_are_positive_numbers(field, value):
    with pytest.raises(WhenceError, match=f"{field} is .*must be a positive number"):
        Limits(**{field: value})
