"""Where events go while they are detected: JSON Lines, ROS 2 messages, ODAS, or plain lines for people."""

import json
import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TextIO

from whence.errors import WhenceError
from whence.labels import ClassList, Events, class_name, json_frames_text, unit_vectors
from whence.live.odas import SCHEME, Identities, OdasSink, by_frame, odas_address
from whence.text import shown
from whence.views.terminal import ActiveSources, source_text

ROS_HEADER = {
    "frame": "ROS REP 103: x ahead, y left, z up, origin between the microphones",
    "angles": "radians, counter-clockwise (to the left) positive",
    "distances": "metres, null where not known",
    "timeStamp": "label frames of 100 ms since the start",
    "activity": "0 to 1, how sure",
}


class Output(Protocol):
    """A destination for events that became final."""

    def send(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Send the rows of the label frames from `first_frame` up to `end_frame`.

        Raises:
            BrokenPipeError: the reader has closed the pipe.
        """

    def close(self) -> None:
        """End the output; a stream stays open, since the caller owns it."""
        return


class TextOutput(Output):
    """Lines on a stream that the caller owns, each written at once."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        self._stream, self._classes = stream, classes

    @abstractmethod
    def text(self, events: Events, first_frame: int, end_frame: int) -> str:
        """Return the lines of these label frames."""

    def send(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Write the lines of these label frames."""
        self._write(self.text(events, first_frame, end_frame))

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()


class JsonLines(TextOutput):
    """A line for each frame and source, which `whence convert-labels --from json` reads.

    Args:
        stream: standard output.
        classes: their names.
        microphones: name of what was told; None where nothing was.
    """

    def __init__(self, stream: TextIO, classes: ClassList, microphones: str | None = None) -> None:
        super().__init__(stream, classes)
        self._microphones = microphones

    def text(self, events: Events, first_frame: int, end_frame: int) -> str:
        """Return a line for each row."""
        return json_frames_text(events, self._classes, self._microphones)


class Ros2Json(TextOutput):
    """A header line with the conventions, then a line for each label frame: ODAS fields and angles in radians."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        super().__init__(stream, classes)
        self._identities = Identities()
        self._write(json.dumps({"header": ROS_HEADER}) + "\n")

    def text(self, events: Events, first_frame: int, end_frame: int) -> str:
        """Return a line for each frame, silent ones too: a robot has to know that it is quiet."""
        frames = by_frame(events, first_frame, end_frame)
        return "".join(json.dumps({"timeStamp": frame, "src": self._sources(rows)}) + "\n" for frame, rows in frames)

    def _sources(self, rows: Events) -> list[dict[str, object]]:
        """The sources of one frame."""
        columns = (rows.class_index, rows.score, rows.azimuth_deg, rows.distance_m)
        vectors = unit_vectors(rows.azimuth_deg, rows.elevation_deg).tolist()
        return [
            {
                "id": number,
                "tag": class_name(class_index, self._classes),
                **{"x": x, "y": y, "z": z},
                "activity": round(score, 3),
                "azimuth_rad": round(math.radians(azimuth_deg), 4),
                "distance_m": None if math.isnan(distance_m) else round(distance_m, 3),
            }
            for number, (x, y, z), class_index, score, azimuth_deg, distance_m in zip(
                self._identities.of(rows), vectors, *(column.tolist() for column in columns), strict=True
            )
        ]


class PlainLines(TextOutput):
    """A line for each sound that begins, where there is no terminal to draw on."""

    def __init__(self, stream: TextIO, classes: ClassList) -> None:
        super().__init__(stream, classes)
        self._sources = ActiveSources()

    def text(self, events: Events, first_frame: int, end_frame: int) -> str:
        """Return a line for each source that began."""
        begun = self._sources.update(events, end_frame)
        return "".join(f"{one.since_frame / 10:8.1f} s  {source_text(one, self._classes)}\n" for one in begun)


# What `--to` can send to standard output.
_ON_STDOUT: dict[str, Callable[[TextIO, ClassList], Output]] = {"jsonl": JsonLines, "ros2-json": Ros2Json}


def check_destinations(destinations: Sequence[str]) -> None:
    """Check the values of `--to` before anything is opened.

    Raises:
        WhenceError: one is unknown, or two would share standard output.
    """
    for name in destinations:
        if name.startswith(SCHEME):
            odas_address(name)
        elif name not in _ON_STDOUT:
            raise WhenceError(f"--to knows {', '.join(_ON_STDOUT)} and {SCHEME}host:port, not {shown(name)}")
    if len(on_stdout(destinations)) > 1:
        raise WhenceError(f"--to {' and --to '.join(on_stdout(destinations))} cannot share standard output; choose one")


def on_stdout(destinations: Sequence[str]) -> list[str]:
    """Return the destinations that write to standard output."""
    return [name for name in destinations if name in _ON_STDOUT]


def open_destinations(
    destinations: Sequence[str], stdout: TextIO, classes: ClassList, microphones: str | None = None
) -> list[Output]:
    """Return the outputs in order; network connections are made in the background.

    Args:
        destinations: checked values of `--to`.
        stdout: standard output.
        classes: their names.
        microphones: name of what was told, for JSON; None where nothing was.
    """
    make: dict[str, Callable[[TextIO, ClassList], Output]] = {
        **_ON_STDOUT,
        "jsonl": partial(JsonLines, microphones=microphones),
    }
    return [
        make[name](stdout, classes) if name in make else OdasSink(*odas_address(name), classes) for name in destinations
    ]
