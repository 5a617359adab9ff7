"""Events become JSON Lines and come back: a line is a whole event or one row, and a file holds one kind."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from whence.errors import LabelError
from whence.labels.classes import STARSS23, ClassList, class_name
from whence.labels.events import Events, freeze
from whence.labels.label_files import read_text
from whence.labels.layouts import LAST_FRAME
from whence.text import shown
from whence.units import FRAMES_PER_SECOND

_LARGEST = 2**31 - 1
_LARGEST_NUMBER = 1e6
# A day of five sources in every frame; a file that asks for more has its seconds wrong.
_MOST_ROWS = 5_000_000
# Seconds that were rounded to the last digit still start and end on their frame.
_ROUNDING_FRAMES = 1e-6
_SHOWN = 40
_COLUMNS = ("first", "last", "class_index", "source", "azimuth_deg", "distance_m", "elevation_deg", "score")


def json_events_text(events: Events, classes: ClassList, microphones: str | None = None) -> str:
    """Return a line for each whole event, by onset; means are rounded for reading.

    Returns:
        objects with onset_s, offset_s, class, name, source, azimuth_deg (positive to the left), distance_m
        (null where not known) and score; with the name of the microphones where it is given.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> line = json.loads(json_events_text(events, ClassList(("music",))))
    >>> line["onset_s"], line["name"], line["azimuth_deg"], line["distance_m"]
    (0.4, 'music', 38.0, None)
    """
    return "".join(
        _line(
            onset_s=event.onset_s,
            offset_s=event.offset_s,
            **{"class": event.class_index},
            name=class_name(event.class_index, classes),
            source=event.source,
            azimuth_deg=_known(round(event.azimuth_deg, 2)),
            distance_m=_known(round(event.distance_m, 3)),
            score=round(event.score, 4),
            **_told(microphones),
        )
        for event in events
    )


def json_frames_text(events: Events, classes: ClassList, microphones: str | None = None) -> str:
    """Return a line for each row, in the order of the table and not rounded: reading them gives the same table.

    Returns:
        objects with frame, class, name, source, azimuth_deg, distance_m and elevation_deg (null where not
        known) and score; with the name of the microphones where it is given.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> json.loads(json_frames_text(events, ClassList(("music",))))["frame"]
    4
    """
    names = {index: class_name(index, classes) for index in set(events.class_index.tolist())}
    columns = (column.tolist() for column in events.to_columns().values())
    return "".join(
        _line(
            frame=frame,
            **{"class": class_index},
            name=names[class_index],
            source=source,
            azimuth_deg=_known(azimuth_deg),
            distance_m=_known(distance_m),
            elevation_deg=_known(elevation_deg),
            score=score,
            **_told(microphones),
        )
        for frame, class_index, source, azimuth_deg, distance_m, elevation_deg, score in zip(*columns, strict=True)
    )


def _told(microphones: str | None) -> dict[str, str]:
    """What a line says about the microphones: nothing where nothing was told."""
    return {} if microphones is None else {"microphones": microphones}


def _line(**values: Any) -> str:
    return json.dumps(values, allow_nan=False) + "\n"


def _known(value: float) -> float | None:
    """JSON has no NaN; null says that a value is not known."""
    return None if math.isnan(value) else value


def read_json_lines(path: str | Path, classes: ClassList = STARSS23) -> Events:
    r"""Read what `json_events_text` or `json_frames_text` wrote, or another program in their form.

    A line with `onset_s` and `offset_s` is a whole event; it becomes a row for every frame it touches, all
    at the same position. A line with `frame` is one row. Other keys and blank lines are ignored.

    Args:
        path: a file of JSON objects, one a line.
        classes: the list that `class` points into; `name` may replace it, and must agree with it.

    Raises:
        LabelError: the file cannot be read, or file and line, the value and what to do.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.jsonl"
    >>> _ = path.write_text('{"onset_s": 0.4, "offset_s": 0.6, "name": "music", "azimuth_deg": 38}\n')
    >>> read_json_lines(path).frame
    array([4, 5], dtype=int32)
    """
    rows, kinds = [], set()
    for number, line in enumerate(read_text(str(path)).split("\n"), start=1):
        if line.strip():
            try:
                values = _object(line)
                rows.append(_row(values, classes))
            except LabelError as error:
                raise LabelError(error.what, where=path, line=number, remedy=error.remedy) from None
            kinds.add("frame" in values)
    if len(kinds) > 1:
        what = "some lines are whole events and some single frames"
        raise LabelError(what, where=path, remedy="keep them in two files")
    return _table(path, rows)


def _table(path: str | Path, rows: list[tuple[float, ...]]) -> Events:
    """The lines, each repeated for all its frames."""
    columns = dict(zip(_COLUMNS, np.array(rows, dtype=np.float64).reshape(-1, len(_COLUMNS)).T, strict=True))
    first = columns.pop("first").astype(np.int64)
    lengths = columns.pop("last").astype(np.int64) - first + 1
    if lengths.sum() > _MOST_ROWS:
        what = f"{lengths.sum():,} frames are too many"
        raise LabelError(what, where=path, remedy="are onset_s and offset_s seconds?")
    rows_before = np.cumsum(lengths) - lengths
    frame = np.arange(lengths.sum(), dtype=np.int32) + np.repeat((first - rows_before).astype(np.int32), lengths)
    whole = ("class_index", "source")
    # Read-only columns of the final type are not copied again.
    repeated = {
        name: freeze(np.repeat(column.astype(np.int32) if name in whole else column, lengths))
        for name, column in columns.items()
    }
    freeze(frame)
    return Events.from_columns({"frame": frame, **repeated})


def _object(line: str) -> dict[str, Any]:
    """The JSON object of a line."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise LabelError(f"{shown(line.strip(), _SHOWN)} is not a JSON object", remedy="write one event a line")
    return values


def _row(values: dict[str, Any], classes: ClassList) -> tuple[float, ...]:
    """The values of a line in the order of _COLUMNS."""
    first, last = _frames(values)
    return (
        first,
        last,
        _class_index(values, classes),
        _whole(values, "source", -_LARGEST) if "source" in values else 0,
        math.nan if values.get("azimuth_deg", 0) is None else _number(values, "azimuth_deg", -_LARGEST_NUMBER),
        _number(values, "distance_m", 0.0, unknown=math.nan),
        _number(values, "elevation_deg", -_LARGEST_NUMBER, unknown=math.nan),
        _number(values, "score", -_LARGEST_NUMBER, unknown=1.0),
    )


def _frames(values: dict[str, Any]) -> tuple[int, int]:
    """The first and the last frame of a line."""
    if "frame" in values:
        frame = _whole(values, "frame", 0)
        _check_frame(frame)
        return frame, frame
    onset_s, offset_s = (_number(values, key, 0.0) for key in ("onset_s", "offset_s"))
    if offset_s <= onset_s:
        raise LabelError(f"the event ends at {offset_s} s, before or when it starts at {onset_s} s")
    first = math.floor(onset_s * FRAMES_PER_SECOND + _ROUNDING_FRAMES)
    last = max(first, math.ceil(offset_s * FRAMES_PER_SECOND - _ROUNDING_FRAMES) - 1)
    _check_frame(last)
    return first, last


def _check_frame(frame: int) -> None:
    """Refuse what is beyond a week."""
    if frame > LAST_FRAME:
        remedy = "are these seconds and frames of 100 ms, not samples?"
        raise LabelError(f"{frame / FRAMES_PER_SECOND:,.1f} s is beyond a week", remedy=remedy)


def _class_index(values: dict[str, Any], classes: ClassList) -> int:
    """The class of a line by number, by name, or by both if they agree."""
    name = values.get("name")
    if "class" not in values:
        if name not in classes.names:
            raise LabelError(f"no class {shown(name, _SHOWN)}", remedy=f"there are: {', '.join(classes.names)}")
        return classes.index(name)
    class_index = _whole(values, "class", 0)
    if class_index >= len(classes):
        raise LabelError(f"class {class_index}", remedy=f"this task has 0..{len(classes) - 1}")
    if name is not None and name != classes[class_index]:
        names = f"{shown(name, _SHOWN)} here and {classes[class_index]} in the class list"
        remedy = "read the file with the list it was written with"
        raise LabelError(f"class {class_index} is called {names}", remedy=remedy)
    return class_index


def _whole(values: dict[str, Any], key: str, lowest: int) -> int:
    """A whole number of at most 32 bits."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= _LARGEST:
        raise LabelError(f"{key} is {_json(value)}", remedy=f"it must be a whole number from {lowest}")
    return value


def _number(values: dict[str, Any], key: str, lowest: float, unknown: float | None = None) -> float:
    """A finite number; `unknown` where it is null or missing and may be."""
    value = values.get(key)
    if value is None and unknown is not None:
        return unknown
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= _LARGEST_NUMBER:
        remedy = f"it must be a number{' from 0' if lowest == 0 else ''}"
        raise LabelError(f"{key} is {_json(value)}", remedy=remedy)
    return float(value)


def _json(value: object) -> str:
    """A value as the file writes it."""
    return "missing" if value is None else shown(json.dumps(value), _SHOWN)
