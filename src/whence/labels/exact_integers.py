"""The careful parser: it accepts a label file line by line, or says which line is wrong, why, and what to do."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.labels.label_files import LabelFile
from whence.labels.layouts import DCASE_2025, EARLIER_LAYOUTS, Column, Layout
from whence.text import counted, shown

# int() would take "+1", "1_000" and digits of other scripts, too.
_WHOLE = re.compile(r"-?[0-9]+")
# Up to this distance a number with a fraction is more likely metres than rounded badly.
_METRES_UP_TO = 30.0
_SHOWN = 40


def parse_exactly(file: LabelFile, layout: Layout) -> NDArray[np.int32]:
    """Parse one label file, one value after the other.

    A byte order mark, CRLF line ends, blank lines at the end, a missing last line end and spaces around
    values are accepted. Nothing else is.

    Args:
        file: with any bytes as content.
        layout: what its columns are.

    Returns:
        (column, row) int32.

    Raises:
        LabelError: `file:line`, the value and what to do.
    """
    lines = _lines(file)
    if layout.has_header:
        _check_header(file.place, lines, layout)
    elif lines:
        _check_no_header(file.place, lines[0], layout)
    first = 1 if layout.has_header else 0
    rows = [_row(f"{shown(file.place)}:{i + 1}", lines[i], layout) for i in range(first, len(lines))]
    return np.array(rows, dtype=np.int32).reshape(-1, len(layout.columns)).T


def _lines(file: LabelFile) -> list[str]:
    """The lines without their ends and without the blank ones at the end."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if file.content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise LabelError(f"{shown(file.place)}: this is UTF-16 text; save it as UTF-8") from None
        line = file.content[: error.start].count(b"\n") + 1
        byte = file.content[error.start]
        raise LabelError(f"{shown(file.place)}:{line}: byte {byte:#04x} is not UTF-8 text; save it as UTF-8") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _fields(line: str) -> list[str]:
    """The values between the commas."""
    return [field.strip(" \t") for field in line.split(",")]


def _is_numbers(fields: Sequence[str]) -> bool:
    """Whether a line looks like data and not like a header."""
    return all(_number(field) is not None for field in fields)


def _check_header(place: str, lines: Sequence[str], layout: Layout) -> None:
    """Raise unless the first line names the columns in order; the sentence says what the line looks like instead."""
    expected = ",".join(layout.names)
    if not lines:
        raise LabelError(f"{shown(place)}: empty file; a clip without events holds the header line {expected}")
    fields = _fields(lines[0])
    if fields == list(layout.names):
        return
    if _is_numbers(fields):
        found = "no header line, numbers at once"
        remedy = f"put the line {expected} on top, or, for a file with elevations (DCASE 2020 to 2024), name its layout"
    elif ";" in lines[0]:
        found, remedy = "values are split by semicolons", f"use commas; the first line must be {expected}"
    elif sorted(fields) == sorted(layout.names):
        found, remedy = "the columns stand in another order", f"the first line must be {expected}"
    else:
        found, remedy = f"the header is {shown(lines[0], _SHOWN)}", f"the first line must be {expected}"
    raise LabelError(f"{shown(place)}:1: {found}; {remedy}")


def _check_no_header(place: str, line: str, layout: Layout) -> None:
    """Raise if the first line is a header after all."""
    fields = _fields(line)
    if fields == list(DCASE_2025.names):
        remedy = "this is the header of a DCASE 2025 file; read it as such, without naming a layout"
    elif fields[0] and all(field and _number(field) is None for field in fields):
        remedy = f"files of the layout {layout.name} have no header; remove the line, or name another layout"
    else:
        return
    raise LabelError(f"{shown(place)}:1: {shown(line, _SHOWN)}: {remedy}")


def _row(place: str, line: str, layout: Layout) -> list[int]:
    """The numbers of one line."""
    fields = _fields(line)
    if len(fields) != len(layout.columns):
        raise LabelError(f"{place}: {_wrong_count(line, fields, layout)}")
    return [_value(place, field, column) for field, column in zip(fields, layout.columns, strict=True)]


def _wrong_count(line: str, fields: Sequence[str], layout: Layout) -> str:
    """What is to be said about a line with too few or too many values."""
    expected = ",".join(layout.names)
    if not line.strip():
        return "a blank line between rows; only the end of a file may be blank"
    if ";" in line:
        return f"values are split by semicolons; use commas: {expected}"
    sentence = f"{counted(len(fields), 'value')} instead of {len(layout.columns)}; a row is {expected}"
    others = [name for name, other in EARLIER_LAYOUTS.items() if len(other.columns) == len(fields)]
    if layout.has_header or not others:
        return sentence
    return f"{sentence}; layouts with {len(fields)}: {', '.join(others)}"


def _value(place: str, field: str, column: Column) -> int:
    """One number, within its column's limits."""
    if not _WHOLE.fullmatch(field):
        raise LabelError(f"{place}: {column.name} {_not_whole(field, column)}")
    digits = field.lstrip("-0")
    # Digits are counted first, because int() of a text with thousands of them takes long.
    value = int(field) if len(digits) <= 10 else 10**10
    if not column.lowest <= value <= column.highest:
        raise LabelError(f"{place}: {_out_of_range(field, column)}")
    return value


def _number(field: str) -> float | None:
    """A finite number that somebody may have meant, or None."""
    try:
        number = float(field)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None


def _not_whole(field: str, column: Column) -> str:
    """What is wrong with a value that is not a whole number, and the likely remedy."""
    unit = f" of {column.unit}" if column.unit else ""
    number = _number(field)
    if number is None and column.name == "class":
        remedy = f"write the class index, 0..{column.highest}"
    elif _WHOLE.fullmatch(field.strip("\"'")):
        remedy = "remove the quotes"
    elif number is None:
        remedy = "fill in the number" if not field or field.lower() in ("nan", "na", "null", "none") else "correct it"
    elif column.name == "distance" and abs(number) <= _METRES_UP_TO and number:
        remedy = "did you write metres?"
    else:
        remedy = f"write {round(number)}"
    return f"{shown(field, _SHOWN)} is not a whole number{unit}; {remedy}"


def _out_of_range(field: str, column: Column) -> str:
    """What is wrong with a number outside its column's limits."""
    value = shown(field, _SHOWN)
    if column.name == "class":
        return f"class {value}; this task has 0..{column.highest}"
    if column.name == "elevation":
        return f"elevation {value} is outside -90..90; is this column the distance?"
    if column.name == "azimuth" and column.highest == 180:
        return f"azimuth {value} is outside -180..180; write angles from -180 to 180, positive to the left"
    if column.name in ("frame", "distance") and field.startswith("-"):
        rule = "frames count from 0" if column.name == "frame" else "write the centimetres from the listener"
        return f"{column.name} {value} is negative; {rule}"
    return f"{column.name} {value} is too large; it must fit into 32 bits"
