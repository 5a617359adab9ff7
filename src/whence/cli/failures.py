"""The list of what could not be processed, beside the results."""

import csv
import io
from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path

from whence import labels
from whence.files import written_whole

# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Before the name where that is taken.
_PREFIX = "whence-"


def write_failures(
    folder: Path, failures: Sequence[tuple[str, str]], suffix: str = "", results: Collection[Path] = ()
) -> Path | None:
    """Write a CSV file of (item, failure), sorted; where nothing failed, remove an old one.

    The file is `failures.csv`; where a result has that name, or a file that is no such list, `whence-failures.csv`.

    Args:
        folder: of the results.
        failures: items with sentences.
        suffix: part of the name, such as `-2-of-3`.
        results: paths of the results below the folder, without endings.

    Returns:
        the file; None where nothing failed.
    """
    path = _own_path(folder, suffix, results)
    if not failures:
        if labels.is_failure_list(path):
            path.unlink()
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(labels.FAILURE_COLUMNS)
    for row in sorted(failures):
        writer.writerow(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row)
    with written_whole(path) as file:
        file.write(text.getvalue().encode("utf-8", errors="backslashreplace"))
    return path


def read_failures(path: Path) -> list[tuple[str, str]]:
    """Return the (item, failure) pairs of a list."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(line[0].removeprefix("'"), line[1]) for line in list(csv.reader(file))[1:]]


def _own_path(folder: Path, suffix: str, results: Collection[Path]) -> Path:
    """Return the first name that neither a result nor a foreign file has."""
    # File systems may take upper and lower case for the same.
    taken = {str(result).casefold() for result in results}
    for number in count():
        stem = f"{_PREFIX * number}failures{suffix}"
        path = folder / f"{stem}.csv"
        if stem not in taken and (labels.is_failure_list(path) or not path.exists()):
            return path
    raise AssertionError
