"""Sounds at URLs (`https://`, `s3://`, `gs://`, ...) through fsspec: read piece by piece, again after a cut."""

import contextlib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar, cast

from whence.audio.containers import SOUND_ENDINGS, recognize
from whence.audio.sources import LONGEST_STREAM_BYTES, OpenFile
from whence.errors import AudioError, MissingExtraError
from whence.text import shown

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::[A-Za-z0-9+.:-]+)?://")
# After a failure; a fifth is final.
_WAITS_S = (0.5, 2.0, 8.0, 30.0)
_BLOCK_BYTES = 4 << 20
_IN_MEMORY_BYTES = 64 << 20
_HEAD_BYTES = 4096
# What storages call that which changes with a file, the surest first.
_TAGS = ("ETag", "etag", "md5Hash", "Content-MD5", "mtime", "LastModified", "Last-Modified", "last_modified", "created")
# Trying again does not help against these.
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError)

_T = TypeVar("_T")


def is_url(source: object) -> bool:
    r"""Return whether this is the text of a URL.

    >>> is_url("s3://bucket/a.wav"), is_url("C:\\a.wav"), is_url("a.wav")
    (True, False, False)
    """
    return isinstance(source, str) and _URL.match(source) is not None


def find_urls(url: str) -> list[str]:
    """Return the URLs that one names.

    Args:
        url: of a file; with `*` in it, a pattern; with `/` at its end, a folder, in which files that end like a sound
            are taken.

    Returns:
        URLs of files, by path.

    Raises:
        AudioError: there are none, or the storage cannot be reached.
        MissingExtraError: fsspec is not installed, or not what this kind of URL needs.
    """
    if "*" not in url and not url.endswith("/"):
        return [url]
    system, path = _file_system(url)
    with _named_errors(url):
        found = _again(lambda: system.glob(path) if "*" in url else system.find(path))
    names = [system.unstrip_protocol(name) for name in sorted(found)]
    if "*" not in url:
        names = [name for name in names if f".{name.rpartition('.')[2].lower()}" in SOUND_ENDINGS]
    if not names:
        raise AudioError("no sounds in here", where=shown(url))
    return names


def source_state(source: str | os.PathLike[str]) -> str | None:
    """Return what changes when the file at a path or URL does; None where none is there."""
    if is_url(source):
        with contextlib.suppress(AudioError, MissingExtraError):
            info = _info(str(source))[2]
            # A listing knows other things about a file than a question about the file alone, but these in common.
            tag = next((str(info[key]) for key in _TAGS if info.get(key)), "")
            return f"{info.get('size')} {tag}"
        return None
    try:
        status = os.stat(source)  # noqa: PTH116 - also reached with names that Path refuses
        return f"{os.path.realpath(source)} {status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):
        return None


def source_size(source: str | os.PathLike[str]) -> int:
    """Return the bytes of the file at a path or URL; 0 where that is not known."""
    with contextlib.suppress(AudioError, MissingExtraError, OSError, ValueError):
        if is_url(source):
            return _info(str(source))[2].get("size") or 0
        return os.stat(source).st_size  # noqa: PTH116 - also reached with names that Path refuses
    return 0


@contextlib.contextmanager
def opened_url(url: str) -> Iterator[OpenFile]:
    """Open a sound file by URL; a few megabytes of it are held at a time.

    Where the server cannot give parts of a file, the whole is copied first. A cut connection is made again, four times
    with longer and longer waits.

    Yields:
        the open file.

    Raises:
        AudioError: it is missing, unreadable, empty or no sound.
        MissingExtraError: fsspec is not installed, or not what this kind of URL needs.
    """
    name = shown(url)
    system, path, info = _info(url)
    with contextlib.ExitStack() as stack:
        with _named_errors(url):
            if info.get("size") is None:
                file: BinaryIO = stack.enter_context(_copied(system, path, name))
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
            else:
                size = int(info["size"])
                raw = stack.enter_context(_Pieces(system, path, size, name))
                file = stack.enter_context(cast(BinaryIO, io.BufferedReader(raw, 1 << 16)))
            if size == 0:
                raise AudioError("empty file (0 bytes)", where=name)
            head = file.read(_HEAD_BYTES)
            file.seek(0)
        with _named_errors(url):
            yield OpenFile(name, file, size, recognize(head, name))


class _Pieces(io.RawIOBase):
    """A remote file, opened again at the same position after a failure.

    Args:
        system: of fsspec.
        path: in it.
        size: of the file in bytes.
        name: as shown in messages.
    """

    def __init__(self, system: Any, path: str, size: int, name: str) -> None:
        self._system, self._path, self._size, self._name = system, path, size, name
        self._position = 0
        self._file: Any = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes, as many as fit."""
        wanted = min(len(buffer), max(self._size - self._position, 0))
        data = _again(lambda: self._fetched(wanted), self._forget) if wanted else b""
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Close the connection."""
        self._forget()
        super().close()

    def _fetched(self, count: int) -> bytes:
        """Return the next bytes, at least one."""
        if self._file is None:
            self._file = self._system.open(self._path, "rb", block_size=_BLOCK_BYTES, cache_type="readahead")
        try:
            self._file.seek(self._position)
            data: bytes = self._file.read(count)
        except (ValueError, NotImplementedError):  # no part of this file can be had
            self._forget()
            self._file = _copied(self._system, self._path, self._name)
            self._file.seek(self._position)
            data = self._file.read(count)
        if not data:
            raise OSError(f"it ends after {self._position:,} of {self._size:,} bytes")
        return data

    def _forget(self) -> None:
        """Close the file as it is."""
        file, self._file = self._file, None
        with contextlib.suppress(Exception):  # its connection may be gone
            if file is not None:
                file.close()


def _copied(system: Any, path: str, name: str) -> BinaryIO:
    """Return a copy of a file that can only be read from its start; each attempt begins anew."""
    # Without a size of blocks, fsspec asks a web server for the whole file at once.
    whole = {"block_size": 0} if {"http", "https"} & {system.protocol, *system.protocol} else {}
    copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the caller

    def fill() -> None:
        copy.seek(0)
        copy.truncate()
        with system.open(path, "rb", **whole) as file:
            while some := file.read(1 << 20):
                if copy.write(some) and copy.tell() > LONGEST_STREAM_BYTES:
                    raise AudioError(f"more than {LONGEST_STREAM_BYTES >> 30} GiB", where=name)
        copy.seek(0)

    try:
        _again(fill)
    except BaseException:
        copy.close()
        raise
    return cast(BinaryIO, copy)


def _info(url: str) -> tuple[Any, str, dict[str, Any]]:
    """Return the file system, the path in it and what is known about the file."""
    system, path = _file_system(url)
    with _named_errors(url):
        info: dict[str, Any] = _again(lambda: system.info(path))
    if info.get("type") == "directory":
        raise AudioError("not a file", where=shown(url), remedy="end the URL of a folder with /")
    return system, path, info


def _file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs

    except ImportError:
        raise MissingExtraError("a sound at a URL", "remote") from None
    try:
        system, path = url_to_fs(url)
    except ImportError as error:  # it names the package
        raise AudioError(f"cannot be read without more packages ({error})", where=shown(url)) from None
    except ValueError as error:
        raise AudioError(f"not a URL that can be read ({error})", where=shown(url)) from None
    return system, path


def _again(do: Callable[[], _T], before: Callable[[], None] = lambda: None) -> _T:
    """Do something over a network; after a failure, wait and do it again, `before` first."""
    for wait_s in _WAITS_S:
        try:
            return do()
        except (*_FINAL, AudioError):
            raise
        except Exception:  # every storage has errors of its own
            before()
            time.sleep(wait_s)
    return do()


@contextlib.contextmanager
def _named_errors(url: str) -> Iterator[None]:
    """Turn the errors of a storage into one sentence."""
    try:
        yield
    except (AudioError, MissingExtraError):
        raise
    except FileNotFoundError:
        raise AudioError("no such file", where=shown(url)) from None
    except PermissionError:
        raise AudioError("no permission to read it", where=shown(url)) from None
    except OSError as error:
        raise AudioError(f"cannot be read ({error.strerror or error})", where=shown(url)) from None
    except Exception as error:
        if not type(error).__module__.startswith(_STORAGES):
            raise
        raise AudioError(f"cannot be read ({str(error) or type(error).__name__})", where=shown(url)) from None


# Where the errors of storages come from.
_STORAGES = ("aiohttp", "botocore", "aiobotocore", "s3fs", "gcsfs", "google", "fsspec", "asyncio", "requests")
