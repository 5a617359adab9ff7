"""Write files that appear whole or not at all; find the cache folder."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from whence.errors import WhenceError

# The errors of the operating system for a full disk, a file size limit and a quota, which Windows does not have.
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# Sweeping touches only names with this mark, never a user's own file.
_UNFINISHED = ".whence-unfinished-"


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its final name only when the block ends well.

    The bytes go to a hidden file beside it, are flushed to the disk and then renamed, so after a crash or on a full
    disk a reader sees the old file or the new one, never a part.

    Args:
        path: the final name; its folder must exist.

    Yields:
        a binary file open for writing.

    Raises:
        OSError: if the disk refuses; the hidden file is removed and `path` is unchanged.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with written_whole(target) as file:
    ...     _ = file.write(b"done")
    >>> target.read_bytes()
    b'done'
    """
    unfinished = path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def is_disk_full(error: OSError) -> bool:
    """Return whether an error says that there is no more space, as opposed to one file that cannot be written.

    >>> is_disk_full(OSError(errno.ENOSPC, "No space left on device")), is_disk_full(FileNotFoundError())
    (True, False)
    """
    return error.errno in _DISK_FULL


def sweep_unfinished(folder: Path) -> int:
    """Remove and count what killed writers left in `folder`; call it only when no other process writes there."""
    leftovers = list(folder.glob(f"{_UNFINISHED}*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def read_small(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a regular file that is known to be small.

    Raises:
        WhenceError: there is no such file, or it is larger or cannot be read.

    >>> import tempfile
    >>> read_small(Path(tempfile.mkdtemp()), 100)
    Traceback (most recent call last):
    whence.errors.WhenceError: ...: not a regular file
    """
    try:
        if not path.is_file():
            raise WhenceError("not a regular file" if path.exists() else "no such file", where=path)
        if (size := path.stat().st_size) > most_bytes:
            raise WhenceError(f"{size:,} bytes; at most {most_bytes:,} are read", where=path)
        return path.read_bytes()
    except OSError as error:
        raise WhenceError(f"cannot be read ({error.strerror})", where=path) from None


def cache_dir() -> Path:
    """Return the folder for files that can be made again: WHENCE_CACHE, or `whence` in the user's cache folder.

    Raises:
        WhenceError: no variable is set and there is no home folder.
    """
    named = os.environ.get("WHENCE_CACHE")
    if named:
        return Path(named)
    shared = os.environ.get("XDG_CACHE_HOME")
    if shared:
        return Path(shared) / "whence"
    try:
        return Path.home() / ".cache" / "whence"
    except RuntimeError:
        raise WhenceError("no home folder is known for the cache; set WHENCE_CACHE to a folder") from None
