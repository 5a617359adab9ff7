"""`failures.csv`: what could not be done, a line for each, beside what could."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from whence.files import written_whole

# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write the list; where nothing failed, an old one is removed.

    Args:
        path: of the list.
        failures: what failed, and the sentence.
    """
    if not failures:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("item", "failure"))
    writer.writerows((_harmless(item), _harmless(sentence)) for item, sentence in failures)
    with written_whole(path) as file:
        file.write(text.getvalue().encode("utf-8", errors="backslashreplace"))


def _harmless(cell: str) -> str:
    """The same text, quoted as one where it looks like a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
