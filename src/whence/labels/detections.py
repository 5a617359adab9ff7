"""Detections: what was found in a recording, event by event, for people and notebooks."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from whence.errors import MissingExtraError
from whence.files import written_whole
from whence.labels.classes import ClassList, class_name
from whence.labels.events import Event, Events
from whence.labels.json_lines import json_events_text
from whence.text import safe_cell

_COLUMNS = ("onset_s", "offset_s", "class", "azimuth_deg", "distance_m", "score")


@dataclass(frozen=True)
class Detection:
    """One sound that was found.

    Args:
        name: of its class.
        onset_s: start, seconds from the start of the recording.
        offset_s: end, seconds.
        azimuth_deg: mean direction; 0 ahead, positive to the left; NaN where not known, as in mono.
        distance_m: mean distance; NaN where not known.
        score: mean confidence from 0 to 1.
        class_index: position in the class list.
        source: tells simultaneous sources of one class apart.

    >>> print(Detection("water tap", 0.4, 2.6, 46.2, 1.83, 0.912, 10, 0))
    0.4-2.6 s  water tap  46° left  1.8 m  (0.91)
    """

    name: str
    onset_s: float
    offset_s: float
    azimuth_deg: float
    distance_m: float
    score: float
    class_index: int
    source: int

    def __str__(self) -> str:
        return "  ".join((*self._cells()[:-1], f"({self.score:.2f})"))

    def _cells(self) -> tuple[str, str, str, str, str]:
        """When, what, where, how far, how sure."""
        if math.isnan(self.azimuth_deg):
            where = "-"
        else:
            whole = round(self.azimuth_deg)
            where = {0: "ahead", 180: "behind"}.get(abs(whole), f"{abs(whole)}° {'left' if whole > 0 else 'right'}")
        distance = "-" if math.isnan(self.distance_m) else f"{self.distance_m:.1f} m"
        return f"{self.onset_s:.1f}-{self.offset_s:.1f} s", self.name, where, distance, f"{self.score:.2f}"


class Detections(Sequence[Detection]):
    """The detections of one recording, by onset: a sequence, a table in notebooks, a file.

    Args:
        frames: the same in frames of 100 ms, as metrics and label files use them.
        classes: names of the classes.
        microphones: name of what it was recorded with, as it was told; None where it was not.

    Raises:
        LabelError: a class that is not in the list.

    >>> frames = Events.from_columns({"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [46, 46]})
    >>> found = Detections(frames, ClassList(("water tap",)))
    >>> len(found), found[0].name, found[0].offset_s
    (1, 'water tap', 0.6)
    >>> found
    1 detection
    0.4-0.6 s  water tap  46° left  -  (1.00)
    """

    def __init__(self, frames: Events, classes: ClassList, microphones: str | None = None) -> None:
        self.frames = frames
        self.classes = classes
        self.microphones = microphones
        self._detections = [_detection(event, classes) for event in frames]

    def __len__(self) -> int:
        return len(self._detections)

    @overload
    def __getitem__(self, place: int) -> Detection: ...
    @overload
    def __getitem__(self, place: slice) -> list[Detection]: ...
    def __getitem__(self, place: int | slice) -> Detection | list[Detection]:
        return self._detections[place]

    def __iter__(self) -> Iterator[Detection]:
        return iter(self._detections)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detections):
            return NotImplemented
        return self.frames == other.frames and self.classes == other.classes

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        count = len(self)
        return "\n".join([f"{count} detection{'' if count == 1 else 's'}", *map(str, self)])

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in detection._cells()) for detection in self)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        heads = "".join(f"<th>{head}</th>" for head in ("time", "class", "where", "distance", "score"))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"

    def to_dataframe(self) -> Any:
        """Return a pandas data frame with a row for each detection.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtraError("a data frame", "dataframe") from None
        names = [field.name for field in dataclasses.fields(Detection)]
        return pandas.DataFrame([dataclasses.astuple(detection) for detection in self], columns=names)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the detections as CSV (onset_s, offset_s, class, azimuth_deg, distance_m, score), and write it.

        Args:
            path: a file to write, whole or not at all; None only returns the text.

        Raises:
            OSError: when the disk refuses.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for one in self:
            azimuth, distance = ("" if math.isnan(value) else value for value in (one.azimuth_deg, one.distance_m))
            writer.writerow((one.onset_s, one.offset_s, safe_cell(one.name), azimuth, distance, one.score))
        return _written(path, text.getvalue())

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the detections as JSON Lines, as `whence detect --to json` prints them, and write them.

        Args:
            path: as for `to_csv`.

        Raises:
            OSError: when the disk refuses.
        """
        return _written(path, json_events_text(self.frames, self.classes, self.microphones))


def _detection(event: Event, classes: ClassList) -> Detection:
    """An event with its name, rounded as in JSON Lines."""
    return Detection(
        name=class_name(event.class_index, classes),
        onset_s=round(event.onset_s, 1),
        offset_s=round(event.offset_s, 1),
        # Adding 0 turns -0.0 into 0.0.
        azimuth_deg=round(event.azimuth_deg, 2) + 0.0,
        distance_m=round(event.distance_m, 3),
        score=round(event.score, 4),
        class_index=event.class_index,
        source=event.source,
    )


def _written(path: str | Path | None, text: str) -> str:
    """The text, which is also in the file then."""
    if path is not None:
        with written_whole(Path(path)) as file:
            file.write(text.encode("utf-8"))
    return text
