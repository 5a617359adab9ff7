"""Where events go while they are found: JSON Lines, plain lines for people, ODAS and ROS 2 messages."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Protocol, TextIO

import numpy as np

from whence.labels import ClassList, Events, class_name, json_frames_text, unit_vectors
from whence.views.terminal import Present, sounding_text

ROS_HEADER = {
    "frame": "ROS REP 103: x ahead, y left, z up, origin between the microphones",
    "angles": "radians, counter-clockwise (to the left) positive",
    "distances": "metres, null where not known",
    "timeStamp": "label frames of 100 ms since the start",
    "activity": "0 to 1, how sure",
}


class Output(Protocol):
    """Somebody who is told what became final."""

    def tell(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Take the rows of the label frames from `first_frame` up to `end_frame`.

        Raises:
            BrokenPipeError: nobody listens any more.
        """

    def close(self) -> None:
        """Nothing more will come."""


class Identities:
    """Numbers from 1 that sources keep as long as the program runs.

    >>> identities = Identities()
    >>> rows = Events.from_columns({"frame": [0, 0, 1], "class_index": [8, 2, 8], "azimuth_deg": [0, 0, 0]})
    >>> identities.of(rows), identities.of(rows[1:])
    ([1, 2, 1], [2, 1])
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], int] = {}

    def of(self, events: Events) -> list[int]:
        """(row,) the number of each row's source."""
        pairs = zip(events.class_index.tolist(), events.source.tolist(), strict=True)
        return [self._numbers.setdefault(pair, len(self._numbers) + 1) for pair in pairs]


def hops(events: Events, first_frame: int, end_frame: int) -> Iterator[tuple[int, Events]]:
    """Each label frame and its rows, frames without any included."""
    ordered = events.sorted()
    edges = np.searchsorted(ordered.frame, np.arange(first_frame, end_frame + 1)).tolist()
    for frame, first, end in zip(range(first_frame, end_frame), edges[:-1], edges[1:], strict=True):
        yield frame, ordered[first:end]


class JsonLines:
    """A line for each frame and source, which `whence convert-labels --from json` reads."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        self._stream, self._classes = stream, classes

    def tell(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Write the rows at once."""
        if events:
            self._stream.write(json_frames_text(events, self._classes))
            self._stream.flush()

    def close(self) -> None:
        """The stream belongs to somebody else."""


class Ros2Json:
    """A line for each label frame with the fields of ODAS and angles in radians, after one that says so."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        self._stream, self._classes = stream, classes
        self._identities = Identities()
        self._write([{"header": ROS_HEADER}])

    def tell(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Write a line for each frame, silent ones too: a robot has to know that it is quiet."""
        self._write(
            [{"timeStamp": frame, "src": self._sources(rows)} for frame, rows in hops(events, first_frame, end_frame)]
        )

    def close(self) -> None:
        """The stream belongs to somebody else."""

    def _sources(self, rows: Events) -> list[dict[str, object]]:
        """The sources of one frame."""
        vectors = unit_vectors(rows.azimuth_deg, rows.elevation_deg).tolist()
        columns = (
            self._identities.of(rows),
            rows.class_index.tolist(),
            vectors,
            rows.score.tolist(),
            rows.azimuth_deg.tolist(),
            rows.distance_m.tolist(),
        )
        return [
            {
                "id": number,
                "tag": class_name(class_index, self._classes),
                **{"x": x, "y": y, "z": z},
                "activity": round(score, 3),
                "azimuth_rad": round(math.radians(azimuth_deg), 4),
                "distance_m": None if math.isnan(distance_m) else round(distance_m, 3),
            }
            for number, class_index, (x, y, z), score, azimuth_deg, distance_m in zip(*columns, strict=True)
        ]

    def _write(self, lines: Sequence[dict[str, object]]) -> None:
        if lines:
            self._stream.write("".join(json.dumps(line) + "\n" for line in lines))
            self._stream.flush()


class PlainLines:
    """A line for each sound that begins, where there is no terminal to draw on."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        self._stream, self._classes = stream, classes
        self._present = Present()

    def tell(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Write what began."""
        begun = self._present.follow(events, end_frame)
        if begun:
            lines = (f"{one.since_frame / 10:8.1f} s  {sounding_text(one, self._classes)}\n" for one in begun)
            self._stream.write("".join(lines))
            self._stream.flush()

    def close(self) -> None:
        """The stream belongs to somebody else."""
