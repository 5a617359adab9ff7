"""Label files of whole numbers and commas become tables; a layout says what the columns mean.

The fast parser reads all files at once. Only where it finds something odd, which is rare, the files are halved until
the odd one is alone, and the exact parser accepts it or explains which line is wrong, why, and what to do.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.labels.classes import ClassList
from whence.labels.clips import ClipEvents
from whence.labels.events import Events, freeze
from whence.labels.label_files import LabelFile
from whence.labels.layouts import DCASE_2025, EARLIER_LAYOUTS, Column, Layout
from whence.text import counted, shown

_BOM = b"\xef\xbb\xbf"


def clips_from_files(files: Sequence[LabelFile], layout: Layout, classes: ClassList) -> ClipEvents:
    """Parse label files of one layout into one table, keeping the order of files and rows.

    Raises:
        LabelError: with file and line, the value and what to do.
    """
    layout = layout.with_class_count(len(classes))
    numbers, rows = _parse(files, layout) if files else (np.empty((len(layout.columns), 0), np.int32), [])
    first_row = np.append(0, np.cumsum(rows, dtype=np.int64))
    return ClipEvents(tuple(file.name for file in files), freeze(first_row), _events(numbers, layout))


def _parse(files: Sequence[LabelFile], layout: Layout) -> tuple[NDArray[np.int32], list[int]]:
    """The numbers of all files, (column, row), and each file's number of rows."""
    bodies = [_body(file.content, layout.header_line) for file in files]
    regular = [body for body in bodies if body is not None]
    if len(regular) == len(files):
        numbers = parse_fast(b"".join(regular), layout.signed)
        if numbers is not None and layout.allows(numbers):
            return numbers, [body.count(b"\n") for body in regular]
    if len(files) == 1:
        exact = parse_exactly(files[0], layout)
        return exact, [exact.shape[1]]
    middle = len(files) // 2
    left, right = _parse(files[:middle], layout), _parse(files[middle:], layout)
    return np.concatenate([left[0], right[0]], axis=1), left[1] + right[1]


def _body(content: bytes, header_line: bytes) -> bytes | None:
    """The rows of a file, each ended by a newline, or None if the header is not exactly as it should be."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    content = content.removeprefix(_BOM)
    if header_line:
        end = len(header_line)
        if not content.startswith(header_line) or content[end : end + 1] not in (b"\n", b""):
            return None
        content = content[end + 1 :]
    if content.endswith(b"\n") and not content.endswith(b"\n\n"):
        return content
    content = content.rstrip(b"\n")
    return content and content + b"\n"


def _events(numbers: NDArray[np.int32], layout: Layout) -> Events:
    """The columns under their names and in their units."""
    column = dict(zip(layout.names, freeze(numbers), strict=True))
    measured = {"azimuth_deg": column["azimuth"].astype(np.float64)}
    if "elevation" in column:
        measured["elevation_deg"] = column["elevation"].astype(np.float64)
    if "distance" in column:
        # Files hold centimetres; division gives the double nearest to the metres.
        measured["distance_m"] = column["distance"] / 100.0
    whole = {"frame": column["frame"], "class_index": column["class"], "source": column["source"]}
    return Events.from_columns({**whole, **{name: freeze(values) for name, values in measured.items()}})


# The fast parser. Nine digits always fit into 32 bits; possessive repeats (`+` at the end) never back up.

_FIELD, _SIGNED_FIELD = rb"[0-9]{1,9}+", rb"-?+[0-9]{1,9}+"


def parse_fast(text: bytes, signed: Sequence[bool]) -> NDArray[np.int32] | None:
    r"""Read comma-separated rows of whole numbers, or find that the text is not exactly that.

    Nothing is interpreted that leaves room for doubt: a plus sign, a space, a decimal point, an empty line or a missing
    value gives None.

    Args:
        text: rows of `len(signed)` numbers in ASCII digits, split by commas, each row ended by a newline.
        signed: for each column, whether a minus sign may precede the digits.

    Returns:
        (column, row) int32, read-only, or None if anything is out of the ordinary.

    >>> parse_fast(b"0,8,-30\n1,8,-31\n", signed=[False, False, True])
    array([[  0,   1],
           [  8,   8],
           [-30, -31]], dtype=int32)
    >>> parse_fast(b"0,8,30.0\n", signed=[False, False, True]) is None
    True
    """
    row = b",".join(_SIGNED_FIELD if may_be_negative else _FIELD for may_be_negative in signed)
    if not re.fullmatch(rb"(?:%b\n)*+" % row, text):
        return None
    numbers = np.fromstring(text.replace(b"\n", b","), np.int32, sep=",") if text else np.zeros(0, np.int32)
    return freeze(np.ascontiguousarray(numbers.reshape(-1, len(signed)).T))


# The exact parser.

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
        LabelError: with file and line, the value and what to do.
    """
    lines = _lines(file)
    if layout.has_header:
        _check_header(file, lines, layout)
    elif lines:
        _check_no_header(file, lines[0], layout)
    first = 1 if layout.has_header else 0
    rows = [_row(file, number, line, layout) for number, line in enumerate(lines[first:], start=first + 1)]
    return np.array(rows, dtype=np.int32).reshape(-1, len(layout.columns)).T


def _lines(file: LabelFile) -> list[str]:
    """The lines without their ends and without the blank ones at the end."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if file.content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise LabelError("this is UTF-16 text", where=file.path, remedy="save it as UTF-8") from None
        what = f"byte {file.content[error.start]:#04x} is not UTF-8 text"
        line = file.content[: error.start].count(b"\n") + 1
        raise LabelError(what, where=file.path, line=line, remedy="save it as UTF-8") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _fields(line: str) -> list[str]:
    """The values between the commas."""
    return [field.strip(" \t") for field in line.split(",")]


def _check_header(file: LabelFile, lines: Sequence[str], layout: Layout) -> None:
    """Raise unless the first line names the columns in order; the error tells what it looks like instead."""
    expected = ",".join(layout.names)
    if not lines:
        remedy = f"a clip without events holds the header line {expected}"
        raise LabelError("empty file", where=file.path, remedy=remedy)
    fields = _fields(lines[0])
    if fields == list(layout.names):
        return
    remedy = f"the first line must be {expected}"
    if all(_number(field) is not None for field in fields):
        what = "no header line, numbers at once"
        remedy = f"put the line {expected} on top, or, for a file with elevations (DCASE 2020 to 2024), name its layout"
    elif ";" in lines[0]:
        what, remedy = "values are split by semicolons", f"use commas; {remedy}"
    elif sorted(fields) == sorted(layout.names):
        what = "the columns are in another order"
    else:
        what = f"the header is {shown(lines[0], _SHOWN)}"
    raise LabelError(what, where=file.path, line=1, remedy=remedy)


def _check_no_header(file: LabelFile, line: str, layout: Layout) -> None:
    """Raise if the first line is a header after all."""
    fields = _fields(line)
    if fields == list(DCASE_2025.names):
        what, remedy = "this is the header of a DCASE 2025 file", "read it as such, without naming a layout"
    elif fields[0] and all(field and _number(field) is None for field in fields):
        what, remedy = f"files of the layout {layout.name} have no header", "remove the line, or name another layout"
    else:
        return
    raise LabelError(f"{shown(line, _SHOWN)}: {what}", where=file.path, line=1, remedy=remedy)


def _row(file: LabelFile, number: int, line: str, layout: Layout) -> list[int]:
    """The numbers of one line."""
    fields = _fields(line)
    if len(fields) != len(layout.columns):
        what, remedy = _wrong_count(line, fields, layout)
        raise LabelError(what, where=file.path, line=number, remedy=remedy)
    values = []
    for field, column in zip(fields, layout.columns, strict=True):
        if not _WHOLE.fullmatch(field):
            what, remedy = _not_whole(field, column)
            raise LabelError(f"{column.name} {what}", where=file.path, line=number, remedy=remedy)
        # Digits are counted first, because int() of a text with thousands of them takes long.
        value = int(field) if len(field.lstrip("-0")) <= 10 else 10**10
        if not column.lowest <= value <= column.highest:
            what, remedy = _out_of_range(field, column)
            raise LabelError(f"{column.name} {what}", where=file.path, line=number, remedy=remedy)
        values.append(value)
    return values


def _wrong_count(line: str, fields: Sequence[str], layout: Layout) -> tuple[str, str]:
    """What is wrong with a line of too few or too many values, and the remedy."""
    expected = ",".join(layout.names)
    if not line.strip():
        return "a blank line between rows", "only the end of a file may be blank"
    if ";" in line:
        return "values are split by semicolons", f"use commas: {expected}"
    what, remedy = f"{counted(len(fields), 'value')} instead of {len(layout.columns)}", f"a row is {expected}"
    others = [name for name, other in EARLIER_LAYOUTS.items() if len(other.columns) == len(fields)]
    if layout.has_header or not others:
        return what, remedy
    return what, f"{remedy}; layouts with {len(fields)}: {', '.join(others)}"


def _number(field: str) -> float | None:
    """The finite number that a field seems to be, or None."""
    try:
        number = float(field)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None


def _not_whole(field: str, column: Column) -> tuple[str, str]:
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
    return f"{shown(field, _SHOWN)} is not a whole number{unit}", remedy


def _out_of_range(field: str, column: Column) -> tuple[str, str]:
    """What is wrong with a number outside its column's limits, and the remedy."""
    value = shown(field, _SHOWN)
    if column.name == "class":
        return value, f"this task has 0..{column.highest}"
    if column.name == "elevation":
        return f"{value} is outside -90..90", "is this column the distance?"
    if column.name == "azimuth" and column.highest == 180:
        return f"{value} is outside -180..180", "write angles from -180 to 180, positive to the left"
    if column.name == "frame" and field.startswith("-"):
        return f"{value} is negative", "frames count from 0"
    if column.name == "distance" and field.startswith("-"):
        return f"{value} is negative", "write the centimetres from the listener"
    if column.name == "frame":
        return f"{value} is beyond a week", "are these frames of 100 ms, not samples?"
    return f"{value} is too large", "it must fit into 32 bits"
