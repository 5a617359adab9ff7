"""A folder that appears whole or not at all, and never in the place of one that somebody else filled."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from whence.errors import WhenceError
from whence.text import shown

# The file by which a report is known.
MARK = "whence-report.json"
_UNFINISHED = ".whence-report-unfinished-"
# Everything that a report is made of; what else lies in the folder is not ours to remove.
_OURS = re.compile(
    r"index\.html|whence-report\.json|clips|clips/\d{3,}\.(flac|png|(reference|prediction)\.(csv|jsonl))"
)


def check_target(target: Path) -> None:
    """Refuse to replace what is no report.

    Raises:
        WhenceError: something stands there that is not a report, or a report to which somebody added files; or the
            folder around it is missing.
    """
    if not target.exists() and not target.is_symlink():
        if not target.absolute().parent.is_dir():
            raise WhenceError(f"{shown(target.parent)}: no such folder for the report")
        return
    if not target.is_dir():
        raise WhenceError(f"{shown(target)}: is no folder; choose another place for the report")
    names = [path.relative_to(target).as_posix() for path in sorted(target.rglob("*"))]
    foreign = [name for name in names if not _OURS.fullmatch(name)]
    if names and (MARK not in names or foreign):
        example = foreign[0] if foreign else names[0]
        raise WhenceError(
            f"{shown(target)}: holds {shown(example)}, which is no part of a report; choose a new folder, "
            "nothing was written"
        )


@contextlib.contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """Give a hidden folder to write in, which takes the name `target` when the block ends well.

    An earlier report of that name is replaced at the end; until then it stands as it was.

    Args:
        target: where the folder shall stand; see `check_target`.

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
    place = target.resolve()
    unfinished = place.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    earlier = place.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    try:
        unfinished.mkdir()
        yield unfinished
        if place.exists():
            place.rename(earlier)
        unfinished.rename(place)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        if earlier.exists() and not place.exists():
            earlier.rename(place)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
