"""Opening: only regular, bounded files, watched for changes; errors of the system become AudioErrors."""

import errno
import io
import os

import pytest

from whence.audio import sources
from whence.audio.sources import opened_path, opened_stream
from whence.errors import AudioError

WAV = b"RIFF\x24\0\0\0WAVE" + bytes(5000)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(WAV)
    return tmp_path / "a.wav"


def test_a_file_is_open_at_its_start_and_closed_after(path):
    with opened_path("a.wav") as source:
        assert (source.name, source.size, source.container, source.on_disk) == ("a.wav", len(WAV), "wav", True)
        assert source.file.tell() == 0
        assert not source.at_end()
        assert source.file.read() == WAV
        assert source.at_end()
    assert source.file.closed


def test_a_stream_is_copied_and_left_open():
    stream = io.BytesIO(WAV)
    with opened_stream(stream) as source:
        assert (source.name, source.size, source.container, source.on_disk) == ("the stream", len(WAV), "wav", False)
        assert source.file.read() == WAV
        source.check_unchanged()
    assert source.file.closed
    assert not stream.closed


def test_a_stream_with_a_name_is_called_by_it(path):
    with path.open("rb") as stream, opened_stream(stream) as source:
        assert source.name == str(path)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "no permission to read it"),
        (errno.ENOENT, "no such file"),
        (errno.EMFILE, "cannot be opened (Too many open files)"),
        (errno.EIO, "cannot be opened (Input/output error)"),
    ],
)
def test_errors_of_the_system_are_audio_errors(path, monkeypatch, number, message):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(AudioError) as caught, opened_path("a.wav"):
        pass
    assert str(caught.value) == f"a.wav: {message}"


def test_a_file_that_becomes_a_pipe_between_two_looks_is_refused(path, monkeypatch):
    regular = os.stat(path)  # noqa: PTH116
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda _: regular)
    with pytest.raises(AudioError, match=r"^a\.wav: not a regular file$"), opened_path("a.wav"):
        pass


def test_a_stream_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(sources, "LONGEST_STREAM_BYTES", 3_000_000)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, count=-1):
            self.given += count
            return WAV[:count].ljust(count, b"\0")

    stream = Endless()
    with pytest.raises(AudioError, match="save it to a file first"), opened_stream(stream):
        pass
    assert stream.given < 6_000_000


def test_a_stream_that_is_no_sound_is_refused_at_its_start():
    class Yes(io.RawIOBase):
        given = 0

        def read(self, count=-1):
            self.given += count
            return b"y\n" * (count // 2)

    stream = Yes()
    with pytest.raises(AudioError, match=r"not a sound file \(starts with 'y'\)"), opened_stream(stream):
        pass
    assert stream.given < 10_000


def test_a_changed_file_is_noticed(path):
    os.utime(path, (1e9, 1e9))
    with opened_path("a.wav") as source:
        source.check_unchanged()
        path.write_bytes(WAV[:-1] + b"x")
        with pytest.raises(AudioError, match=r"^a\.wav changed while it was read$"):
            source.check_unchanged()


def test_a_deleted_file_is_noticed(path):
    with opened_path("a.wav") as source:
        path.unlink()
        with pytest.raises(AudioError, match="changed while it was read"):
            source.check_unchanged()


def test_a_full_disk_under_a_copied_stream_is_no_fault_of_the_sound(monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources.tempfile, "SpooledTemporaryFile", lambda **_: Full())
    with pytest.raises(OSError, match="No space left"), opened_stream(io.BytesIO(WAV)):
        pass
