"""One sound after the other becomes files of events, by this process or by several."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.inference.system import NetworkSystem
    from whence.labels import Events

# The name of standard input among sounds.
STDIN = Path("-")
# A sound whose process was killed so often is given up: it may be the cause.
_TRIES = 3


@dataclass(frozen=True)
class Request:
    """How sounds are answered.

    Args:
        model: a place on this machine, or None for the packaged model.
        threshold: for all classes, or None.
        swap: average with the mirrored answer.
        channels: for left and right, counted from 1, or None.
        mono: detect without direction; a sound of one channel is heard from ahead.
        formats: names of label formats to write.
    """

    model: str | None = None
    threshold: float | None = None
    swap: bool = False
    channels: tuple[int, int] | None = None
    mono: bool = False
    formats: tuple[str, ...] = ("dcase",)


@dataclass(frozen=True)
class Result:
    """What became of one sound.

    Args:
        sound: its path.
        target: path of the results without ending; None where none were asked for.
        events: what was found, where no files were asked for.
        failure: one sentence, or None.
        duration_s: heard.
        told: what was noticed on the way, (level, sentence).
    """

    sound: Path
    target: Path | None
    events: Events | None = None
    failure: str | None = None
    duration_s: float = 0.0
    told: list[tuple[int, str]] = field(default_factory=list)


Heard = Callable[[float], None]


def answer(
    system: NetworkSystem, question: Request, sound: Path, target: Path | None, heard: Heard = lambda s: None
) -> Result:
    """Result for one sound; every fault of the sound becomes a sentence.

    Args:
        system: that answers.
        question: how.
        sound: a file, or `-`.
        target: where results go, without ending; None to have the events back.
        heard: told the seconds of each stretch that has been heard.
    """
    from whence.audio import read_blocks
    from whence.errors import AudioError
    from whence.inference.streaming import Stream
    from whence.labels import Events, write_events

    stream = Stream(system, threshold=question.threshold)
    source = sys.stdin.buffer if sound == STDIN else sound
    found, seconds = [], 0.0
    try:
        for block in read_blocks(source, channels=(1, 1) if question.mono else question.channels):
            found.append(stream.feed(block))
            seconds += block.shape[1] / 24_000
            heard(block.shape[1] / 24_000)
    except AudioError as error:
        return Result(sound, target, failure=str(error), duration_s=seconds)
    events = Events.concatenate([*found, stream.finish()])
    if question.mono:
        events = _without_places(events)
    if target is None:
        return Result(sound, target, events, duration_s=seconds)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The CSV file comes last: where it stands, everything stands.
    for name in sorted(question.formats, key=lambda name: name == "dcase"):
        write_events(target, events, name, system.classes)
    return Result(sound, target, duration_s=seconds)


def predict_all(
    system: NetworkSystem, question: Request, pairs: Sequence[tuple[Path, Path | None]], jobs: int, heard: Heard
) -> Iterator[Result]:
    """Result for many sounds, in the order in which they are ready.

    Args:
        system: that answers here; other processes load it again.
        question: how.
        pairs: sounds with their targets.
        jobs: processes; with 1 this one does it all.
        heard: told the seconds that have been heard.

    Yields:
        an answer for each pair; one whose process was killed three times is a failure.
    """
    if jobs == 1:
        for sound, target in pairs:
            yield answer(system, question, sound, target, heard)
        return
    waiting = [(sound, target, 1) for sound, target in pairs]
    while waiting:
        again: list[tuple[Path, Path | None, int]] = []
        with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(question,)) as pool:
            running: dict[Future[Result], tuple[Path, Path | None, int]] = {
                pool.submit(_answer_here, sound, target): (sound, target, tries) for sound, target, tries in waiting
            }
            unfinished = set(running)
            while unfinished:
                done, unfinished = wait(unfinished, return_when=FIRST_COMPLETED)
                for future in done:
                    sound, target, tries = running[future]
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        if tries < _TRIES:
                            again.append((sound, target, tries + 1))
                            continue
                        result = Result(sound, target, failure=f"{sound}: its process was killed (out of memory?)")
                    heard(result.duration_s)
                    yield result
        # Who stood behind a killed one is not to blame, but nobody knows who did it: from now on one by one.
        waiting, jobs = again, 1 if again else jobs


def _without_places(events: Events) -> Events:
    """The same events straight ahead, at no distance that anybody knows."""
    from dataclasses import replace

    import numpy as np

    return replace(events, azimuth_deg=np.zeros(events.row_count), distance_m=np.full(events.row_count, np.nan))


# What a worker process keeps between two sounds.
_KEPT: dict[str, Any] = {}


def _begin(question: Request) -> None:
    """Load the model once; Ctrl-C is for the process that asked."""
    import signal

    from whence.inference.loading import load

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _KEPT["question"] = question
    _KEPT["system"] = load(question.model, swap=question.swap, threads=1)


class _Telling(logging.Handler):
    """Keeps what is said, for the process that asked."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.levelno, record.getMessage()))


def _answer_here(sound: Path, target: Path | None) -> Result:
    """Result in a worker process."""
    from dataclasses import replace

    logger, telling = logging.getLogger("whence"), _Telling()
    logger.handlers, logger.propagate = [telling], False
    logger.setLevel(logging.INFO)
    return replace(answer(_KEPT["system"], _KEPT["question"], sound, target), told=telling.told)
