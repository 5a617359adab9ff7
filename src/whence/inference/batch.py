"""Many sounds become files of events, in one process or several; an interrupted batch goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from whence.inference.system import NetworkSystem
    from whence.labels import Events

# The name of standard input among sounds.
STDIN = Path("-")
# The record of a folder of results; hidden, so that readers of label folders skip it.
RECORD = ".whence.jsonl"
# A sound whose process was killed this often fails: it may be the cause.
_TRIES = 3

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Request:
    """The options for processing sounds.

    Args:
        models: paths on this machine, of which several are averaged; none for the packaged model.
        threshold: for all classes, or None for those of the model.
        swap: average with the mirrored prediction for the mirrored sound.
        tracks: at most so many sources of a class in a frame, or None for those of the model.
        channels: for left and right, counted from 1, or None.
        mono: detect without direction, from the first channel alone.
        formats: names of label formats to write.
    """

    models: tuple[str, ...] = ()
    threshold: float | None = None
    swap: bool = False
    tracks: int | None = None
    channels: tuple[int, int] | None = None
    mono: bool = False
    formats: tuple[str, ...] = ("dcase",)


@dataclass(frozen=True)
class Result:
    """The outcome for one sound.

    Args:
        sound: its path.
        target: path of the written files without ending; None where events are returned instead.
        events: where no files were asked for.
        failure: one sentence, or None.
        duration_s: how much was processed.
        messages: log records of a worker process, (level, sentence).
    """

    sound: Path
    target: Path | None
    events: Events | None = None
    failure: str | None = None
    duration_s: float = 0.0
    messages: list[tuple[int, str]] = field(default_factory=list)


def predict_one(
    system: NetworkSystem,
    request: Request,
    sound: Path,
    target: Path | None,
    progress: Progress = lambda seconds: None,
) -> Result:
    """Process one sound; whatever is wrong with it becomes the failure of the result.

    Args:
        system: the loaded model.
        request: how.
        sound: a file, or `-`.
        target: path of the files to write, without ending; None to return the events.
        progress: called with the seconds of each processed block.
    """
    from whence.audio import read_blocks
    from whence.errors import AudioError
    from whence.inference.streaming import Stream, feed_blocks
    from whence.labels import Events, write_events

    stream = Stream(system, threshold=request.threshold)
    source = sys.stdin.buffer if sound == STDIN else sound
    found, duration_s = [], 0.0
    try:
        blocks = read_blocks(source, channels=(1, 1) if request.mono else request.channels)
        for block, rows in feed_blocks(stream, blocks):
            found.append(rows)
            seconds = block.shape[1] / SAMPLE_RATE_HZ
            duration_s += seconds
            progress(seconds)
    except AudioError as error:
        return Result(sound, target, failure=str(error), duration_s=duration_s)
    events = Events.concatenate(found)
    if request.mono:
        events = _without_positions(events)
    if target is None:
        return Result(sound, target, events, duration_s=duration_s)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The CSV file is written last: if it is there, so are the others.
    for name in sorted(request.formats, key=lambda name: name == "dcase"):
        write_events(target, events, name, system.classes)
    return Result(sound, target, duration_s=duration_s)


def predict_all(
    system: NetworkSystem,
    request: Request,
    pairs: Sequence[tuple[Path, Path | None]],
    jobs: int = 1,
    progress: Progress = lambda seconds: None,
) -> Iterator[Result]:
    """Process many sounds.

    Args:
        system: the loaded model; worker processes load it again.
        request: how.
        pairs: sounds with their targets, as `predict_one` takes them.
        jobs: worker processes; 1 for none.
        progress: called with the seconds processed since the last call.

    Yields:
        a result for each pair, as soon as it is there; a sound whose process was killed three times has failed.
    """
    if jobs == 1:
        for sound, target in pairs:
            yield predict_one(system, request, sound, target, progress)
        return
    waiting = [(sound, target, 1) for sound, target in pairs]
    while waiting:
        again: list[tuple[Path, Path | None, int]] = []
        with ProcessPoolExecutor(jobs, initializer=_start_worker, initargs=(request,)) as pool:
            running: dict[Future[Result], tuple[Path, Path | None, int]] = {
                pool.submit(_predict_in_worker, sound, target): (sound, target, tries)
                for sound, target, tries in waiting
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
                    progress(result.duration_s)
                    yield result
        # Files queued behind a crashed one are retried, one by one, since a broken pool does not name the one.
        waiting, jobs = again, 1 if again else jobs


def _without_positions(events: Events) -> Events:
    """Return the same events straight ahead, at an unknown distance."""
    import numpy as np

    return replace(events, azimuth_deg=np.zeros(events.row_count), distance_m=np.full(events.row_count, np.nan))


# What a worker process loads once.
_WORKER: dict[str, Any] = {}


class _Collector(logging.Handler):
    """Collects log records, for the process that started the worker."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append((record.levelno, record.getMessage()))


def _start_worker(request: Request) -> None:
    """Load the model; Ctrl-C is left to the process that started the worker."""
    import signal

    from whence.inference.detecting import load

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _WORKER["request"] = request
    _WORKER["system"] = load(request.models or None, swap=request.swap, threads=1).with_tracks(request.tracks)


def _predict_in_worker(sound: Path, target: Path | None) -> Result:
    """Process one sound in a worker process."""
    logger, collector = logging.getLogger("whence"), _Collector()
    logger.handlers, logger.propagate = [collector], False
    logger.setLevel(logging.INFO)
    result = predict_one(_WORKER["system"], _WORKER["request"], sound, target)
    return replace(result, messages=collector.messages)


class ResumeRecord:
    """The finished sounds of a folder of results: a line for each, with the state of the sound and the request.

    Args:
        folder: of results.
        request: how sounds are processed now; results of another request or model are not finished.
    """

    def __init__(self, folder: Path, request: Request) -> None:
        self.folder = folder
        self._asked = _digest(request)
        self._lines = _read_lines(folder / RECORD)

    def has(self, sound: Path, target: Path) -> bool:
        """Return whether the results of a sound exist and are current; `target` is relative to the folder."""
        line = self._line(sound)
        is_there = (self.folder / f"{target}.csv").is_file()
        return line is not None and line == self._lines.get(str(target)) and is_there

    def add(self, sound: Path, target: Path) -> None:
        """Record that a sound is finished; `target` is relative to the folder."""
        line = self._line(sound)
        if line is None:
            return
        self._lines[str(target)] = line
        with (self.folder / RECORD).open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps({"result": str(target), **line}) + "\n")

    def _line(self, sound: Path) -> dict[str, Any] | None:
        """What must be unchanged for a result to be current; None for standard input, which is never the same."""
        try:
            status = sound.stat()
        except OSError:
            return None
        state = {"bytes": status.st_size, "changed_ns": status.st_mtime_ns}
        return {"asked": self._asked, "sound": str(sound.resolve()), **state}


def _read_lines(path: Path) -> dict[str, dict[str, Any]]:
    """Read a record by result; the last line of each counts, and damaged lines, as a kill leaves one, are skipped."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return {}
    found = {}
    for line in text.splitlines():
        try:
            data = json.loads(line)
            found[data.pop("result")] = data
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
    return found


def _digest(request: Request) -> str:
    """Return one word for the bytes of the models and everything else that changes its results."""
    from whence.inference.detecting import PACKAGED

    asked: tuple[object, ...] = (request.threshold, request.swap, request.channels, request.mono, request.formats)
    # Without it, results of before the setting stay finished.
    asked += () if request.tracks is None else (request.tracks,)
    digest = hashlib.sha256(repr(asked).encode())
    for model in [Path(name) for name in request.models] or [PACKAGED]:
        parts = [model / "system.json", *sorted(model.glob("*/weights.safetensors"))] if model.is_dir() else [model]
        for part in parts:
            with part.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
