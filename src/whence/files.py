"""Write files that appear whole or not at all; read JSON of strangers within limits; find the cache folder."""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from whence.errors import WhenceError
from whence.text import shown

# The errors of the operating system for a full disk, a file size limit and a quota, which Windows does not have.
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# Sweeping touches only names with this mark, never a user's own file.
_UNFINISHED = ".whence-unfinished-"

# Limits of settings and descriptions. The deepest file of ours nests eight levels; 64 bits are 19 digits.
_DEEPEST = 50
_MOST_VALUES = 1_000_000
_MOST_DIGITS = 19
_MOST_JSON_BYTES = 100_000_000


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


def parse_json(
    text: str | bytes, where: str | Path, error: type[WhenceError] = WhenceError, remedy: str | None = None
) -> Any:
    """Return what JSON from a stranger holds: plain data of limited depth and with numbers of limited length.

    Args:
        text: in UTF-8 where it is bytes.
        where: file or entry, for messages.
        error: what to raise.
        remedy: what to do about a damaged file.

    Raises:
        WhenceError: of the type asked for: not JSON, nested deeply, or a number with very many digits.

    >>> parse_json('{"a": [1]}', "a.json")
    {'a': [1]}
    >>> parse_json("[" * 100_000, "a.json", remedy="export it again")
    Traceback (most recent call last):
    whence.errors.WhenceError: a.json: not JSON (nested too deeply); export it again
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        data = json.loads(text, parse_int=_whole_number)
        check_plain(data)
    except RecursionError:
        raise error("not JSON (nested too deeply)", where=where, remedy=remedy) from None
    except UnicodeDecodeError as reason:
        raise error(f"not UTF-8 text (at byte {reason.start})", where=where, remedy=remedy) from None
    except ValueError as reason:
        raise error(f"not JSON ({shown(reason)})", where=where, remedy=remedy) from None
    return data


def read_json(path: Path, error: type[WhenceError] = WhenceError, remedy: str | None = None) -> Any:
    """Return what a JSON file of a stranger holds, as `parse_json` does.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such file.
        WhenceError: of the type asked for: as `parse_json`, or the file is very large or cannot be read.
    """
    try:
        if (size := path.stat().st_size) > _MOST_JSON_BYTES:
            raise error(f"{size:,} bytes; at most {_MOST_JSON_BYTES:,} are read", where=path, remedy=remedy)
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as reason:
        raise error(f"cannot be read ({reason.strerror})", where=path, remedy=remedy) from None
    return parse_json(content, path, error, remedy)


def check_plain(data: Any) -> None:
    """Refuse plain data that is nested deeply, very large, or has numbers of many digits, without recursion.

    Raises:
        ValueError: with the reason.

    >>> check_plain({"a": 10**100})
    Traceback (most recent call last):
    ValueError: a whole number of more than 19 digits
    """
    level, values = [data], 0
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list | tuple | set):
                inner += value
            elif isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
                raise ValueError(f"a whole number of more than {_MOST_DIGITS} digits")
            # Aliases of YAML repeat a value without end.
            if values + len(inner) > _MOST_VALUES:
                raise ValueError(f"more than {_MOST_VALUES:,} values")
        if not inner:
            return
        level, values = inner, values + len(inner)
    raise ValueError("nested too deeply")


def _whole_number(digits: str) -> int:
    """A whole number; Python itself refuses some thousands of digits, and takes long for fewer."""
    if len(digits.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"a whole number of more than {_MOST_DIGITS} digits")
    return int(digits)


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
