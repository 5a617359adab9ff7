"""Events become two Sonic Visualiser layers: regions of whole events and a curve of azimuths."""

import csv
import io
from collections.abc import Iterable, Sequence

from whence.labels.classes import ClassList
from whence.labels.event_text import CONVENTION, class_name, event_text
from whence.labels.events import FRAMES_PER_S, Events
from whence.text import safe_cell


def regions_text(events: Events, classes: ClassList) -> str:
    """A region for each event: start, azimuth, duration, text.

    Args:
        events: any.
        classes: names for the texts.

    Returns:
        CSV in seconds and degrees, for a region layer; the height of a region is its azimuth.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 38]})
    >>> print(regions_text(events, ClassList(("music",))).splitlines()[1])
    0.4,38.0,0.2,music 38L
    """
    rows = (
        (
            f"{event.onset_s:.1f}",
            f"{event.azimuth_deg:.1f}",
            f"{event.offset_s - event.onset_s:.1f}",
            safe_cell(event_text(event, classes)),
        )
        for event in events
    )
    return _csv("start s, azimuth, duration s, label", rows)


def azimuth_text(events: Events, classes: ClassList) -> str:
    """A point for each row, at the start of its frame: time, azimuth, class.

    Returns:
        CSV in seconds and degrees, for a time value layer; "points" is the plot type that fits several sources.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 39]})
    >>> azimuth_text(events, ClassList(("music",))).splitlines()[1:]
    ['0.4,38.0,music', '0.5,39.0,music']
    """
    ordered = events.sorted()
    names = {index: safe_cell(class_name(index, classes)) for index in set(ordered.class_index.tolist())}
    rows = (
        (f"{frame / FRAMES_PER_S:.1f}", f"{azimuth_deg:.1f}", names[class_index])
        for frame, azimuth_deg, class_index in zip(
            ordered.frame.tolist(), ordered.azimuth_deg.tolist(), ordered.class_index.tolist(), strict=True
        )
    )
    return _csv("time s, azimuth, label", rows)


def _csv(columns: str, rows: Iterable[Sequence[str]]) -> str:
    """The rows under a comment line, which Sonic Visualiser skips."""
    text = io.StringIO()
    text.write(f"# {columns}; {CONVENTION}\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
