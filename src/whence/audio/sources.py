"""Open sound files and streams safely: only regular files, of limited size, watched for changes."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, cast

from whence.audio.containers import Container, recognize
from whence.errors import AudioError
from whence.text import shown

# A stream is stored whole before it is read; one longer than a WAV file can be is not a recording.
LONGEST_STREAM_BYTES = 4 << 30
_IN_MEMORY_BYTES = 64 << 20
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class OpenFile:
    """A file open at its start.

    Args:
        name: as shown in messages.
        file: binary, seekable, at position 0.
        size: in bytes, when it was opened.
        container: recognized by its first bytes, never by its name.
        on_disk: whether a decoder may read it by its descriptor.
    """

    name: str
    file: BinaryIO
    size: int
    container: Container
    on_disk: bool = False
    _state: tuple[int, int] | None = None

    def at_end(self) -> bool:
        """Whether every byte has been read."""
        return self.file.tell() >= self.size

    def check_unchanged(self) -> None:
        """Raise AudioError if the file was changed, replaced in place or deleted since it was opened."""
        if self.on_disk and self._state != _state_of(self.file.fileno()):
            raise AudioError(f"{self.name} changed while it was read")


def _state_of(descriptor: int) -> tuple[int, int] | None:
    """Size and time of the last change; None for a deleted file."""
    status = os.fstat(descriptor)
    return (status.st_size, status.st_mtime_ns) if status.st_nlink else None


def _refuse(name: str, error: OSError | ValueError) -> NoReturn:
    """Raise AudioError for an error of the operating system."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        raise AudioError("no such file", where=name) from None
    if isinstance(error, PermissionError):
        raise AudioError("no permission to read it", where=name) from None
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    raise AudioError(f"cannot be opened ({reason})", where=name) from None


def _open_regular(path: str, name: str) -> BinaryIO:
    """Open a path without blocking: a pipe would wait, a device has no end."""
    flags = os.O_RDONLY
    for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):  # not every system has each
        flags |= getattr(os, flag, 0)
    try:
        # Checked before opening as well as after: opening alone can already affect a device.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - also reached with names that Path refuses
            raise AudioError("not a regular file", where=name)
        descriptor = os.open(path, flags)
    except AudioError:
        raise
    except (OSError, ValueError) as error:
        _refuse(name, error)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AudioError("not a regular file", where=name)
    # Unbuffered, because the decoder reads through the descriptor itself.
    return cast(BinaryIO, open(descriptor, "rb", buffering=0))  # noqa: PTH123 - a descriptor; closed by the caller


@contextlib.contextmanager
def opened_path(path: str | os.PathLike[str]) -> Iterator[OpenFile]:
    """Open a sound file by path.

    Args:
        path: a regular file; pipes, devices, folders and sockets are refused.

    Yields:
        the open file.

    Raises:
        AudioError: it is missing, unreadable, empty, no regular file or no sound.
    """
    text = os.fsdecode(path)
    name = shown(text)
    with _open_regular(text, name) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise AudioError("empty file (0 bytes)", where=name)
        try:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            yield OpenFile(name, file, size, recognize(head, name), True, _state_of(file.fileno()))
        except OSError as error:  # also while it is used: a disk or network that fails
            raise AudioError(f"cannot be read ({error.strerror or error})", where=name) from None


@contextlib.contextmanager
def opened_stream(stream: BinaryIO) -> Iterator[OpenFile]:
    """Copy the rest of an open binary file or pipe, and open the copy, because decoders need to seek.

    Args:
        stream: open for reading in binary mode; read to its end, left open.

    Yields:
        the open copy.

    Raises:
        AudioError: it is not binary, fails, is empty, over 4 GiB, a device or no sound.
    """
    name = getattr(stream, "name", None)
    name = shown(name) if isinstance(name, str | bytes) and name else "the stream"
    _refuse_endless(stream, name)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        head = _read_some(stream, name, _HEAD_BYTES)
        while 0 < len(head) < _HEAD_BYTES and (more := _read_some(stream, name, _HEAD_BYTES - len(head))):
            head += more
        if not head:
            raise AudioError("empty file (0 bytes)", where=name)
        container = recognize(head, name)
        size = copy.write(head)
        while more := _read_some(stream, name, 1 << 20):
            size += copy.write(more)
            if size > LONGEST_STREAM_BYTES:
                limit = f"more than {LONGEST_STREAM_BYTES >> 30} GiB"
                raise AudioError(limit, where=name, remedy="save it to a file first")
        copy.seek(0)
        yield OpenFile(name, cast(BinaryIO, copy), size, container)


def _refuse_endless(stream: BinaryIO, name: str) -> None:
    """Raise AudioError for an open device or folder; a pipe ends when its writer does."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except Exception:  # no descriptor: an object in memory
        return
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise AudioError("not a regular file", where=name)


def _read_some(stream: BinaryIO, name: str, count: int) -> bytes:
    """Read up to `count` bytes; none at the end."""
    try:
        some: Any = stream.read(count)
    except Exception as error:  # a stranger's object may raise anything
        raise AudioError(f"cannot be read ({error})", where=name) from None
    if not isinstance(some, bytes | bytearray | memoryview):
        raise AudioError("not open for reading in binary mode", where=name)
    return bytes(some)
