"""Label files become (clip name, place, bytes): thousands of small files read quickly and without surprises."""

import os
import stat
import time
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from whence.errors import LabelError
from whence.text import shown

# A day of five sources in every frame is 80 MB; what is larger is not a label file.
LARGEST_BYTES = 1 << 30

# Without O_NONBLOCK, opening a pipe would wait for its writer for ever. Windows needs O_BINARY and knows no pipes here.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# Files in memory take about 10 us each and are read fastest by one thread. From a cold or remote disk each takes
# many times that, nearly all of it waiting, and threads wait side by side.
_CHUNK = 128
_WAITING_S = 40e-6
_THREADS = 8


class LabelFile(NamedTuple):
    """One clip's label file, read but not parsed."""

    name: str
    """The clip: the file's name without folder and ending."""
    place: str
    """Where it came from, for messages."""
    content: bytes


def read_files(paths: Sequence[str | Path]) -> list[LabelFile]:
    """Read label files in the given order.

    Raises:
        LabelError: a file is missing, is not a regular file, cannot be read, or two give the same clip name.
    """
    places = [os.fspath(path) for path in paths]
    contents = list(_contents(places))
    return unique(LabelFile(_clip_name(place), place, content) for place, content in zip(places, contents, strict=True))


def read_bytes(place: str) -> bytes:
    """The whole content of one regular file.

    Raises:
        LabelError: it is missing, a folder, a pipe or a device, too large, or cannot be read.
    """
    try:
        descriptor = os.open(place, _OPEN_FLAGS)
    except FileNotFoundError:
        raise LabelError(f"{shown(place)}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise LabelError(f"{shown(place)}: cannot be opened ({reason(error)})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise LabelError(f"{shown(place)}: not a regular file")
        if status.st_size > LARGEST_BYTES:
            raise LabelError(f"{shown(place)}: {status.st_size / 1e9:.1f} GB is too large for a label file")
        # One byte more than there should be shows a file that grew meanwhile.
        content = os.read(descriptor, status.st_size + 1)
        # Some network file systems hand out large files in parts.
        while len(content) < status.st_size and (more := os.read(descriptor, status.st_size + 1 - len(content))):
            content += more
    except OSError as error:
        raise LabelError(f"{shown(place)}: cannot be read ({reason(error)})") from None
    finally:
        os.close(descriptor)
    if len(content) != status.st_size:
        raise LabelError(f"{shown(place)}: changed while it was read; try again when nobody writes to it")
    return content


def reason(error: OSError | ValueError) -> str:
    """What the system says, without the path that the message names already."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _contents(places: Sequence[str]) -> Iterable[bytes]:
    """The bytes of all files in order, by several threads where reading means waiting."""
    started = time.perf_counter()
    first = [read_bytes(place) for place in places[:_CHUNK]]
    rest = [places[start : start + _CHUNK] for start in range(_CHUNK, len(places), _CHUNK)]
    if not rest or time.perf_counter() - started < _WAITING_S * _CHUNK:
        return chain(first, map(read_bytes, places[_CHUNK:]))
    from concurrent.futures import ThreadPoolExecutor  # seldom needed, and takes as long to import as all labels/

    with ThreadPoolExecutor(_THREADS) as pool:
        return chain(first, *pool.map(lambda chunk: [read_bytes(place) for place in chunk], rest))


def _clip_name(place: str) -> str:
    """The file's name without folder and ending. A Path for each file would take as long as reading it."""
    return os.path.splitext(os.path.basename(place))[0]  # noqa: PTH119, PTH122


def unique(files: Iterable[LabelFile]) -> list[LabelFile]:
    """The files as a list, if no two have one clip name.

    Raises:
        LabelError: naming both places.
    """
    by_name: dict[str, LabelFile] = {}
    for file in files:
        other = by_name.setdefault(file.name, file)
        if other is not file:
            raise LabelError(
                f"clip name {shown(file.name)} stands twice: {shown(other.place)} and {shown(file.place)}; "
                "read the two folders one after the other, or rename one"
            )
    return list(by_name.values())
