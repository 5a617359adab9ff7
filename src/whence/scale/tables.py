"""The events of many sounds as one table, in Parquet or CSV: a row for each event, and one for each failed sound."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from whence import __version__
from whence.errors import MissingExtraError, WhenceError
from whence.files import written_whole
from whence.inference import EventRow, Request, Result

# Rows that are held in memory at a time; also what a reader of a Parquet file reads at least.
_GROUP_ROWS = 1 << 16
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


class TableRow(NamedTuple):
    """An event, or the failure of a sound; None where a column says nothing.

    Args:
        path: of the sound as it was named; bytes that are no text are escaped.
        onset_s: start, seconds from the start of the sound.
        offset_s: end, seconds.
        class_name: of the event; the column is called `class`.
        azimuth_deg: mean direction; 0 ahead, positive to the left.
        distance_m: mean distance, metres.
        score: mean confidence, 0..1.
        microphones: what the sound was recorded with, where that is known.
        model_sha256: of the model's file; of a run or several models, of their files' checksums.
        whence_version: that predicted the event.
        error: why the sound could not be processed; events have none.
    """

    path: str
    onset_s: float | None = None
    offset_s: float | None = None
    class_name: str | None = None
    azimuth_deg: float | None = None
    distance_m: float | None = None
    score: float | None = None
    microphones: str | None = None
    model_sha256: str | None = None
    whence_version: str | None = None
    error: str | None = None


_NUMBERS = ("onset_s", "offset_s", "azimuth_deg", "distance_m", "score")
COLUMNS = tuple("class" if name == "class_name" else name for name in TableRow._fields)


def path_text(sound: Path | str) -> str:
    r"""Return a path as text that any file can hold: bytes that are no text are escaped.

    >>> print(path_text("a.wav"), path_text("caf\udce9.wav"))
    a.wav caf\udce9.wav
    """
    return str(sound).encode("utf-8", "backslashreplace").decode("utf-8")


def rows_of_sound(
    name: str, events: Iterable[EventRow], model_sha256: str, version: str, microphones: str | None = None
) -> Iterator[TableRow]:
    """Yield the rows of the events of a sound."""
    for event in events:
        yield TableRow(path_text(name), *event, microphones, model_sha256, version)


def row_of_failure(name: str, failure: str, model_sha256: str) -> TableRow:
    """Return the row of a sound that could not be processed."""
    return TableRow(path_text(name), model_sha256=model_sha256, whence_version=__version__, error=path_text(failure))


def rows_of_result(result: Result, request: Request, model_sha256: str) -> list[TableRow]:
    """Return the rows of a result."""
    name = str(result.sound)
    if result.failure is not None:
        return [row_of_failure(name, result.failure, model_sha256)]
    told = request.microphones.name if request.microphones is not None else None
    return list(rows_of_sound(name, result.rows or (), model_sha256, __version__, told))


def write_table(path: Path, rows: Iterable[TableRow]) -> None:
    """Write a table, whole or not at all; the same rows give the same bytes.

    Args:
        path: ends with `.parquet` or `.csv`.
        rows: read once, in groups, so that memory does not grow with the table.

    Raises:
        MissingExtraError: a Parquet file without pyarrow.
        OSError: when the disk refuses.
    """
    write = TABLES[path.suffix.removeprefix(".")].write
    with written_whole(path) as file:
        write(file, rows)


def read_table(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a table that `write_table` wrote.

    Raises:
        MissingExtraError: a Parquet file without pyarrow.
        ValueError: the file is another table, or damaged.
        OSError: it cannot be read.
    """
    yield from TABLES[path.suffix.removeprefix(".")].read(path)


def read_column(path: Path, name: str) -> list[str]:
    """Return a column of text of any Parquet file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        WhenceError: it has no such column, or is damaged.
    """
    pyarrow = _pyarrow()
    from pyarrow import parquet

    try:
        if name not in parquet.read_schema(path).names:
            raise WhenceError(f"a list of sounds needs a column named {name}", where=path)
        return [str(value) for value in parquet.read_table(path, columns=[name]).column(0).to_pylist() if value]
    except pyarrow.ArrowException as error:
        raise WhenceError(f"not a Parquet file ({str(error).splitlines()[0]})", where=path) from None


def check_writable(name: str) -> None:
    """Raise MissingExtraError where a kind of table cannot be written."""
    if name == "parquet":
        _pyarrow()


def _write_csv(file: BinaryIO, rows: Iterable[TableRow]) -> None:
    """Write the table as CSV; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    texts = [place for place, name in enumerate(TableRow._fields) if name not in _NUMBERS]
    for row in rows:
        cells: list[Any] = ["" if cell is None else cell for cell in row]
        for place in texts:
            if cells[place].startswith(_FORMULA_STARTS):
                cells[place] = f"'{cells[place]}"
        writer.writerow(cells)
    text.detach()


def _read_csv(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        if tuple(next(reader, ())) != COLUMNS:
            raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
        for cells in reader:
            texts = (cell.removeprefix("'") or None for cell in cells)
            named = zip(TableRow._fields, texts, strict=True)
            yield TableRow(*(float(text) if text and name in _NUMBERS else text for name, text in named))  # type: ignore[arg-type]


def _write_parquet(file: BinaryIO, rows: Iterable[TableRow]) -> None:
    """Write the table as Parquet."""
    pyarrow = _pyarrow()
    from pyarrow import parquet

    waiting = iter(rows)
    with parquet.ParquetWriter(file, _schema(pyarrow), compression="zstd") as writer:
        while group := list(islice(waiting, _GROUP_ROWS)):
            writer.write_table(arrow_table(group), row_group_size=_GROUP_ROWS)


def arrow_table(rows: Sequence[TableRow]) -> Any:
    """Return rows as a pyarrow table, with the same schema whatever it holds.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pyarrow = _pyarrow()
    schema = _schema(pyarrow)
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def _schema(pyarrow: Any) -> Any:
    """Return the schema of every table."""
    kinds = [pyarrow.float64() if name in _NUMBERS else pyarrow.string() for name in COLUMNS]
    return pyarrow.schema(list(zip(COLUMNS, kinds, strict=True)))


def _read_parquet(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a Parquet file."""
    pyarrow = _pyarrow()
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as table:
            if tuple(table.schema_arrow.names) != COLUMNS:
                raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
            for batch in table.iter_batches(_GROUP_ROWS):
                yield from map(TableRow, *(column.to_pylist() for column in batch.columns))
    except pyarrow.ArrowException as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _pyarrow() -> Any:
    """Import pyarrow."""
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("a Parquet file", "parquet") from None
    return pyarrow


class _Table(NamedTuple):
    """How a kind of table is written and read."""

    write: Callable[[BinaryIO, Iterable[TableRow]], None]
    read: Callable[[Path], Iterator[TableRow]]


TABLES: dict[str, _Table] = {"parquet": _Table(_write_parquet, _read_parquet), "csv": _Table(_write_csv, _read_csv)}
