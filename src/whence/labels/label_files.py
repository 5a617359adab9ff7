"""Label files, and folders and archives of them, are read into (clip name, path, bytes)."""

import logging
import os
import re
import stat
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from whence.errors import LabelError
from whence.text import counted, few, shown

_LOG = logging.getLogger("whence.labels")

# A day of five sources in every frame is 80 MB; what is larger is not a label file.
LARGEST_BYTES = 1 << 30
# `detect` writes it beside its predictions, and one for each shard: the sounds that it could not read. Files of this
# name may be a clip's labels, too.
_FAILURES = re.compile(r"(^|[/\\])(whence-)*failures(-\d+-of-\d+)?\.csv$")
FAILURE_COLUMNS = ("item", "failure")
_FAILURE_HEADER = ",".join(FAILURE_COLUMNS).encode() + b"\n"

# Without O_NONBLOCK, opening a pipe would wait for its writer for ever. Windows needs O_BINARY and knows no pipes here.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# From a remote disk nearly all of the time is waiting, and threads wait side by side.
_CHUNK = 128
_THREADS = 8


class LabelFile(NamedTuple):
    """One clip's label file, read but not parsed."""

    name: str
    """The clip: the file's name without folder and ending."""
    path: str
    """For messages; of a file in an archive the archive's path and the file's within it."""
    content: bytes


def read_tree(path: str | Path, ending: str) -> list[LabelFile]:
    """Read all label files under a folder, or in a zip archive, in the order of their clip names.

    Hidden files and folders (`.DS_Store`, `._a.csv`, `.ipynb_checkpoints`) are left out, and a line in the log says so.

    Args:
        path: a folder, which is searched to any depth, or a zip archive, which is read and never unpacked.
        ending: of the files wanted, in lower case, such as ".csv"; upper case is accepted too.

    Raises:
        LabelError: nothing there, no such file in it, or two files with one clip name.
    """
    root = os.fspath(path)
    if Path(path).is_dir():
        paths, passed_over = find_files(root, ending)
        files = read_files(paths)
    elif Path(path).exists():
        from whence.labels.zip_files import read_zip  # zipfile is slow to import and seldom needed

        contents, passed_over = read_zip(root, ending, LARGEST_BYTES)
        unpacked = [LabelFile(*parts) for parts in contents]
        files = [file for file in unpacked if not _is_list(file.path, file.content)]
        _check_unique(files)
    else:
        raise LabelError("no such folder", where=root)
    _log_passed_over(root, ending, passed_over)
    if not files:
        raise LabelError(f"no {ending} files in it", where=root)
    return sorted(files, key=lambda file: file.name)


def list_tree(root: str, ending: str) -> dict[str, str]:
    """Return the paths of all label files under a folder by clip name, sorted by name; none of them is opened.

    Raises:
        LabelError: there are none, or two have one clip name.
    """
    paths, passed_over = find_files(root, ending)
    _log_passed_over(root, ending, passed_over)
    if not paths:
        raise LabelError(f"no {ending} files in it", where=root)
    files = [LabelFile(_clip_name(path), path, b"") for path in paths]
    _check_unique(files)
    return {file.name: file.path for file in sorted(files, key=lambda file: file.name)}


def is_failure_list(path: str | Path) -> bool:
    """Return whether a file is a list of sounds that could not be processed, by its name and its first line."""
    if not _FAILURES.search(os.fspath(path)):
        return False
    try:
        with Path(path).open("rb") as file:
            return _is_list(path, file.read(len(_FAILURE_HEADER)))
    except OSError:
        return False


def _is_list(path: str | Path, content: bytes) -> bool:
    """Whether this is the name and the beginning of such a list."""
    return content.startswith(_FAILURE_HEADER) and _FAILURES.search(os.fspath(path)) is not None


def read_files(paths: Sequence[str | Path], names: Sequence[str] | None = None) -> list[LabelFile]:
    """Read label files in the given order.

    Args:
        paths: of files.
        names: of their clips; by default those of the files without ending.

    Raises:
        LabelError: a file is missing, is not a regular file, cannot be read, or two give the same clip name.
    """
    texts = [os.fspath(path) for path in paths]
    contents = _contents(texts)
    # A Path for each file would take as long as reading it.
    names = names or [_clip_name(text) for text in texts]
    files = [LabelFile(*parts) for parts in zip(names, texts, contents, strict=True)]
    _check_unique(files)
    return files


def read_bytes(path: str) -> bytes:
    """Return the content of one regular file.

    Raises:
        LabelError: it is missing, a folder, a pipe or a device, too large, or cannot be read.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError:
        raise LabelError("no such file", where=path) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise LabelError(f"cannot be opened ({_reason(error)})", where=path) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise LabelError("not a regular file", where=path)
        if status.st_size > LARGEST_BYTES:
            raise LabelError(f"{status.st_size / 1e9:.1f} GB is too large for a label file", where=path)
        # One byte more than there should be shows a file that grew meanwhile.
        content = os.read(descriptor, status.st_size + 1)
        # Some network file systems hand out large files in parts.
        while len(content) < status.st_size and (more := os.read(descriptor, status.st_size + 1 - len(content))):
            content += more
    except OSError as error:
        raise LabelError(f"cannot be read ({_reason(error)})", where=path) from None
    finally:
        os.close(descriptor)
    if len(content) != status.st_size:
        raise LabelError("changed while it was read", where=path, remedy="try again when no program writes to it")
    return content


def read_text(path: str) -> str:
    """Return the text of one regular UTF-8 file, without byte order mark.

    Raises:
        LabelError: as `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text ({error.reason} at byte {error.start})"
        raise LabelError(what, where=path, remedy="save it as UTF-8") from None


def _reason(error: OSError | ValueError) -> str:
    """The reason of the system, without the path that the message already names."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _contents(paths: Sequence[str]) -> list[bytes]:
    """The bytes of all files in order, read by several threads if there are many."""
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    if len(chunks) <= 1:
        return [read_bytes(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor  # takes as long to import as all of labels

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(chain.from_iterable(pool.map(lambda chunk: [read_bytes(path) for path in chunk], chunks)))


def _clip_name(path: str) -> str:
    """The name of a file without folder and ending."""
    return os.path.splitext(os.path.basename(path))[0]  # noqa: PTH119, PTH122


def _check_unique(files: Sequence[LabelFile]) -> None:
    """Refuse two files with one clip name; the message names both."""
    by_name: dict[str, LabelFile] = {}
    for file in files:
        other = by_name.setdefault(file.name, file)
        if other is not file:
            raise LabelError(
                f"clip name {shown(file.name)} appears twice: {shown(other.path)} and {shown(file.path)}",
                remedy="read the two folders one after the other, or rename one",
            )


def find_files(root: str, ending: str | tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the paths of all files below a folder that end so, sorted, and of those that were skipped.

    Hidden files and folders and lists of failures are skipped; links are followed, each real folder once.
    """
    wanted: list[str] = []
    passed_over: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, names in os.walk(root, onerror=_refuse_folder, followlinks=True):
        # A link may lead back up; each real folder is visited once.
        status = os.stat(folder)  # noqa: PTH116
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        passed_over += sorted(name for name in (*subfolders, *names) if name.startswith("."))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = os.path.join(folder, name)  # noqa: PTH118
            is_wanted = name.lower().endswith(ending) and not is_failure_list(file)
            (wanted if is_wanted else passed_over).append(file)
    return sorted(wanted), passed_over


def _refuse_folder(error: OSError) -> None:
    raise LabelError(f"cannot be listed ({_reason(error)})", where=error.filename) from None


def _log_passed_over(root: str, ending: str, passed_over: Sequence[str]) -> None:
    """Log what was left out: hidden files as a warning, other endings for those who ask."""
    # The record of predictions that `whence` itself keeps beside them is no surprise.
    hidden = [name for name in passed_over if name.startswith(".") and name != ".whence.jsonl"]
    others = [name for name in passed_over if not name.startswith(".")]
    if hidden:
        _LOG.warning("%s: ignored %s: %s", shown(root), counted(len(hidden), "hidden file"), few(hidden))
    if others:
        what = counted(len(others), "file")
        _LOG.info("%s: skipped %s not ending in %s: %s", shown(root), what, ending, few(others))
