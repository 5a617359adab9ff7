"""A submission as one zip archive: the same bytes for the same content, read back before anybody sees it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from whence.challenge.submission_rules import LARGEST_ZIP_BYTES
from whence.errors import WhenceError
from whence.files import written_whole

# The earliest date that a zip archive can hold; the real one would make every archive another.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_READABLE = 0o100644 << 16
# Of many files in a folder, the tree shows these from both ends.
_SHOWN = 2


def write_submission(path: Path, members: Mapping[str, bytes]) -> int:
    """Write an archive, whole or not at all.

    The same members give the same bytes wherever the same zlib packs them: the order is that of the names, the dates
    are all one, and nothing of this machine is in it.

    Args:
        path: of the archive; its folder must exist.
        members: by name in the archive.

    Returns:
        the size in bytes.

    Raises:
        WhenceError: it would be too large.
        OSError: the disk refuses; what stood there before is as it was.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _READABLE
            archive.writestr(entry, members[name], compresslevel=9)
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(members)
    content = packed.getvalue()
    if len(content) > LARGEST_ZIP_BYTES:
        raise WhenceError(
            f"{path}: would have {len(content) / 1e6:.0f} MB; at most {LARGEST_ZIP_BYTES / 1e6:.0f} go in"
        )
    with written_whole(path) as file:
        file.write(content)
    return len(content)


def tree(members: Mapping[str, bytes]) -> str:
    """The archive as people see it: folders with their files and sizes, long lists shortened.

    >>> print(tree({"task3/a.pdf": b"12", "task3/x/1.csv": b"1"}), end="")
    task3/
      a.pdf  2 B
      x/
        1.csv  1 B
    """
    return "".join(f"{line}\n" for line in _lines(sorted(members), members, "", 0))


def _lines(names: Sequence[str], members: Mapping[str, bytes], folder: str, depth: int) -> list[str]:
    """The lines for everything below a folder."""
    files = [name for name in names if "/" not in name[len(folder) :]]
    lines = [f"{'  ' * depth}{name[len(folder) :]}  {_size(len(members[name]))}" for name in files]
    if len(files) > 2 * _SHOWN + 1:
        total = _size(sum(len(members[name]) for name in files))
        lines[_SHOWN:-_SHOWN] = [f"{'  ' * depth}... {len(files):,} files, {total}"]
    folders = sorted({name[len(folder) :].split("/")[0] for name in names if "/" in name[len(folder) :]})
    for name in folders:
        below = f"{folder}{name}/"
        lines.append(f"{'  ' * depth}{name}/")
        lines += _lines([n for n in names if n.startswith(below)], members, below, depth + 1)
    return lines


def _size(count: int) -> str:
    """Bytes in the unit that fits."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
