"""The list of what could not be processed."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from whence.files import written_whole

FAILURES = "failures.csv"
# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write a CSV file of (item, failure), sorted; where nothing failed, remove an old one."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("item", "failure"))
    for row in sorted(failures):
        writer.writerow(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row)
    with written_whole(path) as file:
        file.write(text.getvalue().encode("utf-8", errors="backslashreplace"))
