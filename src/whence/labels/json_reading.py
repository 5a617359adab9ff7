"""JSON Lines become events again: a line is a whole event or a row, and a file holds one kind."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from whence.errors import LabelError
from whence.labels.classes import STARSS23, ClassList
from whence.labels.events import FRAMES_PER_S, Events
from whence.labels.label_files import read_bytes
from whence.text import shown

_LARGEST = 2**31 - 1
_LARGEST_NUMBER = 1e6
# Two days of ten sources in every frame; a file that asks for more has its seconds wrong.
_MOST_ROWS = 20_000_000
# Seconds that were rounded to the last digit still start and end on their frame.
_ROUNDING_FRAMES = 1e-6
_SHOWN = 40
_COLUMNS = ("first", "last", "class_index", "source", "azimuth_deg", "distance_m", "elevation_deg", "score")


def read_json_lines(path: str | Path, classes: ClassList = STARSS23) -> Events:
    r"""Read what `json_events_text` or `json_frames_text` wrote, or another program in their form.

    A line with `onset_s` and `offset_s` is a whole event; it becomes a row for every frame it touches, all
    at the same place. A line with `frame` is one row. Other keys are not looked at; blank lines are skipped.

    Args:
        path: a file of JSON objects, one a line.
        classes: the list that `class` points into; `name` may stand instead of it, and must agree with it.

    Raises:
        LabelError: the file cannot be read, or `file:line`, the value and what to do.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.jsonl"
    >>> _ = path.write_text('{"onset_s": 0.4, "offset_s": 0.6, "name": "music", "azimuth_deg": 38}\n')
    >>> read_json_lines(path).frame
    array([4, 5], dtype=int32)
    """
    file = str(path)
    try:
        text = read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{shown(file)}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    lines = [(f"{shown(file)}:{i}", line) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
    objects = [(place, _object(place, line)) for place, line in lines]
    if len({"frame" in values for _, values in objects}) > 1:
        raise LabelError(f"{shown(file)}: some lines are whole events and some single frames; keep them in two files")
    return _table(file, [_row(place, values, classes) for place, values in objects])


def _table(file: str, rows: list[tuple[float, ...]]) -> Events:
    """The lines, each repeated for all its frames."""
    columns = dict(zip(_COLUMNS, np.array(rows, dtype=np.float64).reshape(-1, len(_COLUMNS)).T, strict=True))
    first = columns.pop("first").astype(np.int64)
    lengths = columns.pop("last").astype(np.int64) - first + 1
    if lengths.sum() > _MOST_ROWS:
        raise LabelError(f"{shown(file)}: {lengths.sum():,} frames are too many; are onset_s and offset_s seconds?")
    rows_before = np.cumsum(lengths) - lengths
    frame = np.arange(lengths.sum()) + np.repeat(first - rows_before, lengths)
    return Events.from_columns(
        {"frame": frame, **{name: np.repeat(column, lengths) for name, column in columns.items()}}
    )


def _object(place: str, line: str) -> dict[str, Any]:
    """The JSON object of a line."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise LabelError(f"{place}: {shown(line.strip(), _SHOWN)} is not a JSON object; write one event a line")
    return values


def _row(place: str, values: dict[str, Any], classes: ClassList) -> tuple[float, ...]:
    """The values of a line in the order of _COLUMNS."""
    first, last = _frames(place, values)
    return (
        first,
        last,
        _class_index(place, values, classes),
        _whole(place, values, "source", -_LARGEST) if "source" in values else 0,
        _number(place, values, "azimuth_deg", -_LARGEST_NUMBER),
        _number(place, values, "distance_m", 0.0, unknown=math.nan),
        _number(place, values, "elevation_deg", -_LARGEST_NUMBER, unknown=math.nan),
        _number(place, values, "score", -_LARGEST_NUMBER, unknown=1.0),
    )


def _frames(place: str, values: dict[str, Any]) -> tuple[int, int]:
    """The first and the last frame of a line."""
    if "frame" in values:
        frame = _whole(place, values, "frame", 0)
        return frame, frame
    onset_s, offset_s = (_number(place, values, key, 0.0) for key in ("onset_s", "offset_s"))
    if offset_s <= onset_s:
        raise LabelError(f"{place}: the event ends at {offset_s} s, before or when it starts at {onset_s} s")
    first = math.floor(onset_s * FRAMES_PER_S + _ROUNDING_FRAMES)
    return first, max(first, math.ceil(offset_s * FRAMES_PER_S - _ROUNDING_FRAMES) - 1)


def _class_index(place: str, values: dict[str, Any], classes: ClassList) -> int:
    """The class of a line by number, by name, or by both if they agree."""
    name = values.get("name")
    if "class" not in values:
        if name not in classes.names:
            raise LabelError(f"{place}: no class {shown(name, _SHOWN)}; there are: {', '.join(classes.names)}")
        return classes.index(name)
    class_index = _whole(place, values, "class", 0)
    if class_index >= len(classes):
        raise LabelError(f"{place}: class {class_index}; this task has 0..{len(classes) - 1}")
    if name is not None and name != classes[class_index]:
        raise LabelError(
            f"{place}: class {class_index} is called {shown(name, _SHOWN)} here and {classes[class_index]} in the "
            "class list; read the file with the list it was written with"
        )
    return class_index


def _whole(place: str, values: dict[str, Any], key: str, lowest: int) -> int:
    """A whole number of at most 32 bits."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= _LARGEST:
        raise LabelError(f"{place}: {key} is {_json(value)}; it must be a whole number from {lowest}")
    return value


def _number(place: str, values: dict[str, Any], key: str, lowest: float, unknown: float | None = None) -> float:
    """A finite number; `unknown` where it is null or missing and may be."""
    value = values.get(key)
    if value is None and unknown is not None:
        return unknown
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= _LARGEST_NUMBER:
        raise LabelError(f"{place}: {key} is {_json(value)}; it must be a number{' from 0' if lowest == 0 else ''}")
    return float(value)


def _json(value: object) -> str:
    """A value as it stands in the file."""
    return "missing" if value is None else shown(json.dumps(value), _SHOWN)
