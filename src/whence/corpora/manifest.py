"""A CSV manifest of sounds becomes sound entries."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from whence.corpora.class_names import match_class
from whence.corpora.entries import SoundEntry
from whence.errors import CorpusError
from whence.labels import ClassList

# The first of these columns that the file has says which sounds belong together.
_RECORDING_COLUMNS = ("recording", "source_recording_id", "speaker", "uploader", "artist")


def read_manifest(path: Path, classes: ClassList, *, where: Mapping[str, str] | None = None) -> list[SoundEntry]:
    """Read a table that lists sounds with their classes.

    Columns: `path` (relative to the manifest, or absolute) and `class` (any spelling `match_class` takes) or
    `class_id`; read when there: `recording` (or `source_recording_id`, `speaker`, `uploader`, `artist`), `split`,
    `licence`. Other columns are free and can be filtered by. A sound without a recording is its own recording.

    Args:
        path: a CSV file with a header line, UTF-8.
        classes: the class list.
        where: keep only the rows whose columns equal these texts, e.g. `{"split": "train", "licence_clear": "1"}`.

    Returns:
        the rows kept, in file order; the sound files are not touched.

    Raises:
        CorpusError: naming file and line; also when no row is kept.
    """
    rows = _rows(path)
    if not rows:
        raise CorpusError(f"{path}: the manifest lists no sounds")
    for column, text in (where or {}).items():
        values = sorted({row.get(column) or "" for _, row in rows})
        if column not in rows[0][1]:
            raise CorpusError(f"{path}: no column {column!r} to filter by; there are: {', '.join(rows[0][1])}")
        rows = [(line, row) for line, row in rows if row[column] == text]
        if not rows:
            raise CorpusError(f"{path}: no row left with {column} = {text!r}; that column holds {_some(values)}")
    entries = [_entry(path, line, row, classes) for line, row in rows]
    _check_unique(path, rows)
    return entries


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Each row with its line number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such manifest") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not readable as a manifest ({error})") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = list(reader.fieldnames or [])
        if "path" not in header or not {"class", "class_id"} & set(header):
            raise CorpusError(f"{path}:1: a manifest needs the columns path and class (or class_id), not {header}")
        rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except csv.Error as error:
        raise CorpusError(f"{path}:{reader.line_num + 1}: not CSV ({error})") from None
    for line, row in rows:
        if None in row or None in row.values():
            raise CorpusError(f"{path}:{line}: not {len(header)} cells as in the header; is a comma unquoted?")
    return rows


def _entry(path: Path, line: int, row: dict[str, str], classes: ClassList) -> SoundEntry:
    """The entry of one row."""
    if not row["path"].strip():
        raise CorpusError(f"{path}:{line}: no path")
    recording = next((row[column] for column in _RECORDING_COLUMNS if column in row), "")
    return SoundEntry(
        path=path.parent / row["path"],
        class_index=_class_index(path, line, row, classes),
        recording=recording or row["path"],
        name=row["path"],
        split=row.get("split", ""),
        licence=row.get("licence", ""),
    )


def _class_index(path: Path, line: int, row: dict[str, str], classes: ClassList) -> int:
    """The class by name, or by number where there is no name; the two must agree."""
    number = row.get("class_id", "").strip()
    try:
        class_index = match_class(row.get("class", "").strip() or number, classes)
    except CorpusError as error:
        raise CorpusError(f"{path}:{line}: {error}") from None
    # Negative numbers are other people's marks for sounds without a class; the name decides then.
    if number.isdecimal() and int(number) != class_index:
        raise CorpusError(f"{path}:{line}: class_id {number} is not class {row['class']!r}, which is {class_index}")
    return class_index


def _check_unique(path: Path, rows: list[tuple[int, dict[str, str]]]) -> None:
    """Refuse a sound that is listed twice."""
    first_line: dict[str, int] = {}
    for line, row in rows:
        if row["path"] in first_line:
            raise CorpusError(f"{path}:{line}: {row['path']} stands already in line {first_line[row['path']]}")
        first_line[row["path"]] = line


def _some(values: list[str]) -> str:
    """A few of the values, for a message."""
    listed = ", ".join(repr(value) for value in values[:8])
    return listed + (f" and {len(values) - 8} more" if len(values) > 8 else "")
