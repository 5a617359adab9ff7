"""The events of a sound file, written as label files or returned as rows of a table; failures are results too."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.text import shown
from whence.units import FRAMES_PER_SECOND, SAMPLE_RATE_HZ

_log = logging.getLogger("whence.inference")

if TYPE_CHECKING:
    from whence.audio import Channels, Microphones, Survey
    from whence.inference.system import NetworkSystem
    from whence.labels import ClassList, Events

# The name of standard input among sounds.
STDIN = Path("-")

_AROUND_FRAMES = 100
_NO_END = 1 << 31
# Of the path of a result in a message; some are too long to be written.
_SHOWN = 120

Progress = Callable[[float], None]
EventRow = tuple[float, float, str, float | None, float | None, float]
"""onset_s, offset_s, class name, azimuth_deg, distance_m and score; None where not known."""


@dataclass(frozen=True)
class Request:
    """The options for processing sounds.

    Args:
        models: paths on this machine, of which several are averaged; none for the packaged model.
        threshold: for all classes, or None for those of the model.
        swap: average with the mirrored prediction for the mirrored sound.
        tracks: at most so many sources of a class in a frame, or None for those of the model.
        channels: for left and right, or all as one to detect without direction; None for the two that there are.
        formats: names of label formats to write for each sound.
        table: return rows for a table of all sounds.
        microphones: what the sounds were recorded with; None where that is not known.
    """

    models: tuple[str, ...] = ()
    threshold: float | None = None
    swap: bool = False
    tracks: int | None = None
    channels: Channels | None = None
    formats: tuple[str, ...] = ("dcase",)
    table: bool = False
    microphones: Microphones | None = None

    @property
    def mono(self) -> bool:
        """Whether to detect without direction and distance."""
        return self.channels is not None and self.channels.is_mono


@dataclass(frozen=True)
class Result:
    """The outcome for one sound.

    Args:
        sound: its path or URL.
        target: path of the written files without ending; None where no files were asked for.
        events: where neither files nor rows were asked for.
        rows: for a table, where they were asked for.
        failure: one sentence, or None.
        duration_s: how much was processed.
        state: what changes when the sound does, as it was before it was read; None for standard input.
        messages: log records of a worker process, (level, sentence).
    """

    sound: Path | str
    target: Path | None
    events: Events | None = None
    rows: list[EventRow] | None = None
    failure: str | None = None
    duration_s: float = 0.0
    state: str | None = None
    messages: list[tuple[int, str]] = field(default_factory=list)


def predict_one(
    system: NetworkSystem,
    request: Request,
    sound: Path | str,
    target: Path | None,
    progress: Progress = lambda seconds: None,
) -> Result:
    """Process one sound; whatever is wrong with it becomes the failure of the result.

    Args:
        system: the loaded model.
        request: how.
        sound: a file, `-`, or a URL.
        target: path of the files to write, without ending; None to write none.
        progress: called with the seconds of each processed block.
    """
    from whence.audio import Watched, corrected_microphones, read_blocks, source_state
    from whence.errors import AudioError, MissingExtraError
    from whence.inference.streaming import Stream, feed_blocks
    from whence.inference.trained_pairs import found_sentence
    from whence.labels import Events

    stream = Stream(system, threshold=request.threshold, microphones=corrected_microphones(request.microphones))
    source = sys.stdin.buffer if sound == STDIN else sound
    state = None if sound == STDIN else source_state(sound)
    found, duration_s = [], 0.0
    try:
        blocks = read_blocks(source, channels=request.channels, microphones=request.microphones)
        watched = Watched(blocks, watching=request.microphones is None)
        for block, rows in feed_blocks(stream, watched):
            found.append(rows)
            seconds = block.shape[1] / SAMPLE_RATE_HZ
            duration_s += seconds
            progress(seconds)
    except (AudioError, MissingExtraError) as error:
        where = "" if isinstance(error, AudioError) else f"{shown(sound)}: "
        return Result(sound, target, failure=f"{where}{error}", duration_s=duration_s)
    if sentence := found_sentence(system.microphones, watched.finding()):
        _log.warning("%s: %s", shown(sound), sentence)
    result = finished(request, system.classes, sound, target, Events.concatenate(found))
    return replace(result, duration_s=duration_s, state=state)


def predict_part(
    system: NetworkSystem, request: Request, sound: Path | str, whole: Survey, first_frame: int, end_frame: int | None
) -> Events:
    """Return the events of a part of a long recording: the rows that the whole recording has there.

    Args:
        system: the loaded model.
        request: how.
        sound: a file or a URL.
        whole: what `whence.audio.survey` found.
        first_frame: of the part, a multiple of 100; frames count from the start of the recording.
        end_frame: likewise; None for the end of the recording.

    Raises:
        AudioError: the recording cannot be read, or has changed.
    """
    from whence.audio import corrected_microphones, read_part
    from whence.inference.streaming import Stream, feed_blocks
    from whence.labels import Events

    stream = Stream(system, threshold=request.threshold, microphones=corrected_microphones(request.microphones))
    # A frame is taken from the window whose centre is nearest, so ten seconds around are more than any needs.
    begin = max(first_frame - _AROUND_FRAMES, 0)
    end_s = None if end_frame is None else (end_frame + _AROUND_FRAMES) // FRAMES_PER_SECOND
    told: dict[str, Any] = {"channels": request.channels, "microphones": request.microphones}
    blocks = read_part(sound, whole, begin // FRAMES_PER_SECOND, end_s, **told)
    rows = Events.concatenate([events for _, events in feed_blocks(stream, blocks)]).shifted(begin)
    return rows.between(first_frame, _NO_END if end_frame is None else end_frame)


def finished(request: Request, classes: ClassList, sound: Path | str, target: Path | None, events: Events) -> Result:
    """Write the events of a sound as the request asks, and return the result; files that cannot be written fail it.

    Raises:
        OSError: the disk is full.
    """
    from whence.errors import LabelError
    from whence.files import is_disk_full
    from whence.labels import write_events

    if request.mono:
        events = events.without_positions()
    told = request.microphones.name if request.microphones else None
    if target is not None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # The CSV file is written last: if it is there, so are the others.
            for name in sorted(request.formats, key=lambda name: name == "dcase"):
                write_events(target, events, name, classes, told)
        except (OSError, LabelError) as error:
            if isinstance(error, OSError) and is_disk_full(error):
                raise
            reason = error.strerror or error if isinstance(error, OSError) else error
            where = shown(str(target), longest=_SHOWN)
            return Result(sound, target, failure=f"{shown(sound)}: its result {where} cannot be written ({reason})")
    rows = _table_rows(events, classes, request) if request.table else None
    returned = events if target is None and rows is None else None
    return Result(sound, target, returned, rows)


def _table_rows(events: Events, classes: ClassList, request: Request) -> list[EventRow]:
    """Return the events, by onset, with the numbers of other formats."""
    from whence.labels import Detections

    return [
        (
            one.onset_s,
            one.offset_s,
            one.name,
            None if math.isnan(one.azimuth_deg) else one.azimuth_deg,
            None if math.isnan(one.distance_m) else one.distance_m,
            one.score,
        )
        for one in Detections(events, classes)
    ]
