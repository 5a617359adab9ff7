"""What a user points at becomes an open file that can be read safely: regular, bounded, and watched for changes."""

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

# A stream is kept whole until it is read; more than a WAV file can hold is no recording, it is a tap left open.
LONGEST_STREAM_BYTES = 4 << 30
_IN_MEMORY_BYTES = 64 << 20
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class OpenFile:
    """A file open at its start, with the name shown to people and the kind of container it is.

    Args:
        name: as shown in messages.
        file: binary, seekable, at position 0.
        size: in bytes, when it was opened.
        container: told by its first bytes, never by its name.
        on_disk: whether it is a real file that a decoder may read by its descriptor.
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
    """Size and time of the last change; nothing for a file whose last name is gone."""
    status = os.fstat(descriptor)
    return (status.st_size, status.st_mtime_ns) if status.st_nlink else None


def _refuse(name: str, error: OSError | ValueError) -> NoReturn:
    """Say what the system said about a path, in the words of this room."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        raise AudioError(f"{name}: no such file") from None
    if isinstance(error, PermissionError):
        raise AudioError(f"{name}: no permission to read it") from None
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    raise AudioError(f"{name}: cannot be opened ({reason})") from None


def _open_regular(path: str, name: str) -> BinaryIO:
    """Open a path without ever waiting: a pipe would block, a device has no end."""
    flags = os.O_RDONLY
    for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):  # not every system has each
        flags |= getattr(os, flag, 0)
    try:
        # Asked before opening as well as after: opening a device can already do something to it.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - also reached with names that Path refuses
            raise AudioError(f"{name}: not a regular file")
        descriptor = os.open(path, flags)
    except AudioError:
        raise
    except (OSError, ValueError) as error:
        _refuse(name, error)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AudioError(f"{name}: not a regular file")
    # Unbuffered, because the decoder reads through the descriptor itself.
    return cast(BinaryIO, open(descriptor, "rb", buffering=0))  # noqa: PTH123 - a descriptor; closed by the caller


@contextlib.contextmanager
def opened_path(path: str | os.PathLike[str]) -> Iterator[OpenFile]:
    """Open a sound file by path.

    Args:
        path: a regular file; pipes, devices, folders and sockets are refused at once.

    Yields:
        the open file.

    Raises:
        AudioError: missing, unreadable, empty, not a regular file, or nothing that looks like a sound.
    """
    text = os.fsdecode(path)
    name = shown(text)
    with _open_regular(text, name) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise AudioError(f"{name}: empty file (0 bytes)")
        try:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            yield OpenFile(name, file, size, recognize(head, name), True, _state_of(file.fileno()))
        except OSError as error:  # also while it is used: a disk or network that fails
            raise AudioError(f"{name}: cannot be read ({error.strerror or error})") from None


def stream_name(stream: object) -> str:
    """What to call an open file in messages: its own name if it has one."""
    name = getattr(stream, "name", None)
    return shown(name) if isinstance(name, str | bytes) and name else "the stream"


@contextlib.contextmanager
def opened_stream(stream: BinaryIO) -> Iterator[OpenFile]:
    """Keep what is left in an open binary file or pipe, and open that.

    Decoders go back and forth and ask for the length, which a pipe cannot do.

    Args:
        stream: open for reading in binary mode; read to its end, left open.

    Yields:
        the open copy.

    Raises:
        AudioError: not binary, failing, empty, over 4 GiB, without end (a device), or nothing that looks like a sound.
    """
    name = stream_name(stream)
    _refuse_endless(stream, name)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        head = _read_some(stream, name, _HEAD_BYTES)
        while 0 < len(head) < _HEAD_BYTES and (more := _read_some(stream, name, _HEAD_BYTES - len(head))):
            head += more
        if not head:
            raise AudioError(f"{name}: empty file (0 bytes)")
        container = recognize(head, name)
        size = copy.write(head)
        while more := _read_some(stream, name, 1 << 20):
            size += copy.write(more)
            if size > LONGEST_STREAM_BYTES:
                raise AudioError(f"{name}: more than {LONGEST_STREAM_BYTES >> 30} GiB; save it to a file first")
        copy.seek(0)
        yield OpenFile(name, cast(BinaryIO, copy), size, container)


def _refuse_endless(stream: BinaryIO, name: str) -> None:
    """Raise AudioError for a device or folder behind an open file; a pipe ends when its writer does."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except Exception:  # no descriptor: an object in memory, which ends
        return
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise AudioError(f"{name}: not a regular file")


def _read_some(stream: BinaryIO, name: str, count: int) -> bytes:
    """Up to `count` bytes; empty at the end."""
    try:
        some: Any = stream.read(count)
    except Exception as error:  # a stranger's object: whatever it raises is about this source
        raise AudioError(f"{name}: cannot be read ({error})") from None
    if not isinstance(some, bytes | bytearray | memoryview):
        raise AudioError(f"{name}: not open for reading in binary mode")
    return bytes(some)
