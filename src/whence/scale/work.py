"""What a worker does at a time: a sound, or a part of a long one; and what comes of it."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from whence.audio import Survey, may_be_long, survey
from whence.errors import AudioError, MissingExtraError
from whence.inference import STDIN, Request, Result, load, predict_one, predict_part
from whence.labels import ClassList, Events
from whence.units import FRAMES_PER_SECOND

# Short enough that the last part holds nobody up for long, long enough that finding its beginning costs little.
PART_S = 1800


@dataclass(frozen=True)
class Part:
    """A part of a long sound.

    Args:
        whole: what was found out about the whole.
        number: from 0.
        count: of parts.
    """

    whole: Survey
    number: int
    count: int


class Work(NamedTuple):
    """What a worker does at a time.

    Args:
        sound: its path or URL.
        target: of the label files to write, without ending; None to write none.
        part: None for the whole sound, which a worker may return as parts to be done.
    """

    sound: Path | str
    target: Path | None
    part: Part | None = None


@dataclass(frozen=True)
class Parts:
    """A sound that is so long that it is done in parts.

    Args:
        whole: what was found out about it.
        count: of parts.
        part_s: seconds in each but the last.
        classes: of the model.
        messages: log records, (level, sentence).
    """

    whole: Survey
    count: int
    part_s: int
    classes: ClassList
    messages: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class PartResult:
    """The outcome for a part.

    Args:
        events: of the part, frames counted from the beginning of the sound.
        failure: one sentence, or None.
        duration_s: how much was processed.
        messages: log records, (level, sentence).
    """

    events: Events | None
    failure: str | None = None
    duration_s: float = 0.0
    messages: list[tuple[int, str]] = field(default_factory=list)


Outcome: TypeAlias = Result | Parts | PartResult


def useful_workers(most: int, sounds: Sequence[Path | str]) -> int:
    """Return how many workers have something to do: one for each sound, or more where one may be long."""
    if most <= len(sounds) or any(may_be_long(sound) for sound in sounds if sound != STDIN):
        return most
    return len(sounds)


class Worker:
    """One worker with its model, in whatever process.

    Args:
        request: how.
        part_s: long sounds are done in parts of so many seconds, a multiple of 10; None for no parts.
    """

    def __init__(self, request: Request, part_s: int | None = PART_S) -> None:
        # The matrices are small: a second thread only spins, and other workers use the other cores.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        self.request = request
        self.part_s = part_s
        self.system = load(request.models or None, swap=request.swap, threads=1).with_tracks(request.tracks)

    def perform(self, work: Work) -> Outcome:
        """Do the work; the log goes into the outcome."""
        logger, collector = logging.getLogger("whence"), _Collector()
        before = logger.handlers, logger.propagate, logger.level
        logger.handlers, logger.propagate = [collector], False
        logger.setLevel(logging.INFO)
        try:
            outcome = self._outcome(work)
        finally:
            logger.handlers, logger.propagate = before[:2]
            logger.setLevel(before[2])
        return replace(outcome, messages=collector.messages)

    def _outcome(self, work: Work) -> Outcome:
        """Do a part, find the parts, or do the whole."""
        if work.part is not None:
            return self._part(work.sound, work.part, self.part_s or PART_S)
        if self.part_s is None:
            return predict_one(self.system, self.request, work.sound, work.target)
        channels, microphones = self.request.channels, self.request.microphones
        try:
            whole = survey(work.sound, 1.5 * self.part_s, channels=channels, microphones=microphones)
        except (AudioError, MissingExtraError):
            whole = None  # told in the same words when the sound is read
        if whole is None:
            return predict_one(self.system, self.request, work.sound, work.target)
        count = max(round(whole.duration_s / self.part_s), 1)
        return Parts(whole, count, self.part_s, self.system.classes)

    def _part(self, sound: Path | str, part: Part, part_s: int) -> PartResult:
        """Do a part."""
        frames = part_s * FRAMES_PER_SECOND
        first, end = part.number * frames, (part.number + 1) * frames
        is_last = part.number == part.count - 1
        try:
            events = predict_part(self.system, self.request, sound, part.whole, first, None if is_last else end)
        except AudioError as error:
            return PartResult(None, failure=str(error))
        end_s = part.whole.duration_s if is_last else (part.number + 1) * part_s
        return PartResult(events, duration_s=end_s - part.number * part_s)


class _Collector(logging.Handler):
    """Collects log records."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append((record.levelno, record.getMessage()))
