"""A folder tree or a zip archive of label files becomes a list of them, in the order of the clip names."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from whence.errors import LabelError
from whence.labels.label_files import LabelFile, read_files, reason, unique
from whence.text import counted, shown

_LOG = logging.getLogger("whence.labels")

# Stands among label files where some sounds could not be answered.
_NOT_LABELS = "failures.csv"


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
        places, passed_over = _found(root, ending)
        files = read_files(places) if places else []
    elif Path(path).exists():
        from whence.labels.zip_files import read_zip  # zipfile is slow to import and seldom needed

        files, passed_over = read_zip(root, ending)
        files = unique(files)
    else:
        raise LabelError(f"{shown(root)}: no such folder")
    _report(root, ending, passed_over)
    if not files:
        raise LabelError(f"{shown(root)}: no {ending} files in it")
    return sorted(files, key=lambda file: file.name)


def _found(root: str, ending: str) -> tuple[list[str], list[str]]:
    """The paths of all files with the ending, and what was passed over."""
    wanted: list[str] = []
    passed_over: list[str] = []
    seen: set[tuple[int, int]] = set()
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            status = Path(folder).stat()
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            raise LabelError(f"{shown(folder)}: cannot be listed ({reason(error)})") from None
        # A link may lead back up; each real folder is visited once.
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith("."):
                passed_over.append(entry.name)
            elif _is_folder(entry):
                folders.append(entry.path)
            else:
                is_wanted = entry.name.lower().endswith(ending) and entry.name != _NOT_LABELS
                (wanted if is_wanted else passed_over).append(entry.path)
    return sorted(wanted), passed_over


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a folder or a link to one; a link that leads to itself is neither."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _report(root: str, ending: str, passed_over: Sequence[str]) -> None:
    """Say what was left out: hidden files as a warning, other endings for those who ask."""
    hidden = [name for name in passed_over if name.startswith(".")]
    others = [name for name in passed_over if not name.startswith(".")]
    if hidden:
        _LOG.warning("%s: ignored %s: %s", shown(root), counted(len(hidden), "hidden file"), _examples(hidden))
    if others:
        what = counted(len(others), "file")
        _LOG.info("%s: passed over %s not ending in %s: %s", shown(root), what, ending, _examples(others))


def _examples(names: Sequence[str]) -> str:
    """The first few names."""
    few = ", ".join(shown(name) for name in names[:3])
    return few if len(names) <= 3 else f"{few}, ..."
