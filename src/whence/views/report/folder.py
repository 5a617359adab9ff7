"""A report's folder appears whole or not at all, and replaces nothing but an earlier report."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from whence.errors import WhenceError
from whence.text import shown

# The file that marks a folder as a report.
MARK = "whence-report.json"
_UNFINISHED = ".whence-report-unfinished-"
# All files of a report; a folder with any other file is not replaced.
_OURS = re.compile(
    r"index\.html|whence-report\.json|clips|clips/\d{3,}\.(flac|png|(reference|prediction)\.(csv|jsonl))"
)


def check_target(target: Path) -> None:
    """Refuse to replace anything but a report.

    Raises:
        WhenceError: the target exists and is not a report, or has files that are not part of one; or its parent folder
            is missing.
    """
    if not target.exists() and not target.is_symlink():
        if not target.absolute().parent.is_dir():
            raise WhenceError("no such folder for the report", where=target.parent)
        return
    if not target.is_dir():
        raise WhenceError("not a folder", where=target, remedy="choose another name for the report")
    names = [path.relative_to(target).as_posix() for path in sorted(target.rglob("*"))]
    foreign = [name for name in names if not _OURS.fullmatch(name)]
    if names and (MARK not in names or foreign):
        example = foreign[0] if foreign else names[0]
        what = f"holds {shown(example)}, which is not part of a report"
        raise WhenceError(what, where=target, remedy="choose a new folder, nothing was written")


@contextlib.contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """Give a hidden folder to write in, which takes the name `target` when the block ends well.

    An earlier report of that name is replaced at the end.

    Args:
        target: path of the folder; see `check_target`.

    Yields:
        the folder to fill.

    Raises:
        WhenceError: as `check_target`, before anything is written.
        OSError: when the disk refuses; nothing is left, and an earlier report is kept.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "report"
    >>> with folder_written_whole(target) as folder:
    ...     _ = (folder / "index.html").write_text("done")
    >>> (target / "index.html").read_text()
    'done'
    """
    check_target(target)
    final = target.resolve()
    unfinished = final.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    earlier = final.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    try:
        unfinished.mkdir()
        yield unfinished
        if final.exists():
            final.rename(earlier)
        unfinished.rename(final)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        if earlier.exists() and not final.exists():
            earlier.rename(final)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
