"""Events become JSON Lines, one whole event or one row a line."""

import json
import math
from typing import Any

from whence.labels.classes import ClassList
from whence.labels.event_text import class_name
from whence.labels.events import Events


def json_events_text(events: Events, classes: ClassList) -> str:
    """One line for each whole event, by onset; means are rounded for reading.

    Args:
        events: any.
        classes: names for the lines.

    Returns:
        objects with onset_s, offset_s, class, name, source, azimuth_deg (positive to the left), distance_m
        (null where not known) and score.

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
            azimuth_deg=round(event.azimuth_deg, 2),
            distance_m=_known(round(event.distance_m, 3)),
            score=round(event.score, 4),
        )
        for event in events
    )


def json_frames_text(events: Events, classes: ClassList) -> str:
    """One line for each row, in the order of the table and without rounding: reading gives the same table.

    Returns:
        objects with frame, class, name, source, azimuth_deg, distance_m and elevation_deg (null where not
        known) and score.

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
            azimuth_deg=azimuth_deg,
            distance_m=_known(distance_m),
            elevation_deg=_known(elevation_deg),
            score=score,
        )
        for frame, class_index, source, azimuth_deg, distance_m, elevation_deg, score in zip(*columns, strict=True)
    )


def _line(**values: Any) -> str:
    return json.dumps(values, allow_nan=False) + "\n"


def _known(value: float) -> float | None:
    """JSON has no NaN; null says that a value is not known."""
    return None if math.isnan(value) else value
