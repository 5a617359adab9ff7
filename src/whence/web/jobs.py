"""The queue: files are processed one at a time in the order they came, at most one of each page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from whence.audio import Channels, Microphones
from whence.errors import WhenceError
from whence.web.limits import RefusedError, sentence_of
from whence.web.results import Result

_log = logging.getLogger("whence.web")

State = Literal["waiting", "working", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """One file to process.

    Args:
        path: of the upload; removed when the job ends, however it ends.
        name: the visitor's name for it.
        promised_s: seconds by its header, NaN where it does not say.
        microphones: what it was recorded with; None where that is not known.
        channels: which of its channels are heard; None for those that there are.
    """

    path: Path
    name: str
    promised_s: float
    microphones: Microphones | None = None
    channels: Channels | None = None
    state: State = "waiting"
    processed_s: float = 0.0
    sentence: str = ""
    result: Result | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being processed."""
        return self.state in ("waiting", "working")

    def cancel(self) -> None:
        """End it; work stops after the present block."""
        if self.is_open:
            self.end("cancelled")

    def end(self, state: State, sentence: str = "") -> None:
        """Record how it ended, and delete its file."""
        self.state, self.sentence = state, sentence
        self.path.unlink(missing_ok=True)
        self.ended.set()


Process = Callable[[Job], Generator[float, None, Result]]


class Jobs:
    """The queue of one server.

    Args:
        process: the steps of a job, which run in the executor one at a time and return the result.
        executor: whose threads do the work; live streams take turns there with the steps.
        most: files that may be uploaded, wait or be processed at once.
    """

    def __init__(self, process: Process, executor: Executor, most: int) -> None:
        self._process = process
        self._executor = executor
        self._most = most
        self._uploading = 0
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._news = asyncio.Event()

    @property
    def length(self) -> int:
        """Files that are uploaded, wait or are processed."""
        waiting = sum(job.is_open for job in self._waiting)
        return self._uploading + waiting + (self._current is not None and self._current.is_open)

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Count an upload before it begins, so that no visitor sends a large file to a full queue.

        Raises:
            RefusedError: 429, when the queue is full.
        """
        if self.length >= self._most:
            raise RefusedError(429, f"{self.length} sounds are waiting, which is the limit; try again soon", 10)
        self._uploading += 1
        try:
            yield
        finally:
            self._uploading -= 1

    def add(self, job: Job) -> None:
        """Queue a job."""
        # Jobs that were cancelled while they waited would pile up behind a long one.
        self._waiting = deque(other for other in self._waiting if other.is_open)
        self._waiting.append(job)
        self._news.set()

    def ahead(self, job: Job) -> int:
        """Return how many jobs are before it."""
        if job.state != "waiting":
            return 0
        before = 1 if self._current is not None and self._current.is_open else 0
        for other in self._waiting:
            if other is job:
                break
            before += other.is_open
        return before

    async def run(self) -> None:
        """Process the queue until cancelled."""
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            self._current = self._waiting.popleft()
            try:
                await self._do(self._current)
            finally:
                self._current.cancel()
                self._current = None

    async def _do(self, job: Job) -> None:
        """Step through one job."""
        if not job.is_open:
            return
        job.state = "working"
        steps = self._process(job)
        try:
            while job.is_open:
                step = await asyncio.get_running_loop().run_in_executor(self._executor, _next_of, steps)
                if isinstance(step, Result):
                    if job.is_open:
                        job.result = step
                        job.end("done")
                    return
                job.processed_s = step
            # The file is closed in the thread that reads it.
            await asyncio.get_running_loop().run_in_executor(self._executor, steps.close)
        except Exception as error:  # an error in the program must not stop the queue
            if not isinstance(error, WhenceError):
                _log.exception("a sound could not be processed")
            job.end("failed", sentence_of(error))


def _next_of(steps: Generator[float, None, Result]) -> Any:
    """The next value or, at the end, what was returned: StopIteration cannot pass through a future."""
    try:
        return next(steps)
    except StopIteration as stop:
        return stop.value
