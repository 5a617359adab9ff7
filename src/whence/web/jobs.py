"""The queue: files are heard one at a time in the order they came, and each page has one place in it at most."""

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

from whence.errors import WhenceError
from whence.web.findings import Findings
from whence.web.refusals import RefusedError

_log = logging.getLogger("whence.web")

State = Literal["waiting", "working", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """One file to hear.

    Args:
        path: of the upload; removed when the job ends, however it ends.
        name: what the visitor calls it.
        promised_s: seconds by its header, NaN where not said.
        keep: takes the findings.
    """

    path: Path
    name: str
    promised_s: float
    keep: Callable[[Findings], None]
    state: State = "waiting"
    heard_s: float = 0.0
    sentence: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_open(self) -> bool:
        """Whether it waits or is in work."""
        return self.state in ("waiting", "working")

    def cancel(self) -> None:
        """Ask it to end; work stops after the block it is at."""
        if self.is_open:
            self.end("cancelled")

    def end(self, state: State, sentence: str = "") -> None:
        """It is over."""
        self.state, self.sentence = state, sentence
        self.path.unlink(missing_ok=True)
        self.ended.set()


Hear = Callable[[Job], Generator[float, None, Findings]]


class Jobs:
    """The queue and what works it off.

    Args:
        hear: the steps of a job; runs in the executor, one step at a time.
        executor: whose threads do the work. Live streams take their turns there too, between the steps.
        places: files that may be sent, wait or be in work at once.
    """

    def __init__(self, hear: Hear, executor: Executor, places: int) -> None:
        self._hear = hear
        self._executor = executor
        self._places = places
        self._sending = 0
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._news = asyncio.Event()

    @property
    def length(self) -> int:
        """Places taken."""
        waiting = sum(job.is_open for job in self._waiting)
        return self._sending + waiting + (self._current is not None and self._current.is_open)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while a file is being sent; a queue is not full only after 50 MB have come.

        Raises:
            RefusedError: 429, when all are taken.
        """
        if self.length >= self._places:
            raise RefusedError(429, f"{self.length} sounds are waiting, which is as many as may; try again soon", 10)
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1

    def add(self, job: Job) -> None:
        """Queue a job."""
        # What was cancelled while it waited would pile up behind a long sound.
        self._waiting = deque(other for other in self._waiting if other.is_open)
        self._waiting.append(job)
        self._news.set()

    def ahead(self, job: Job) -> int:
        """How many are heard before it."""
        if job.state != "waiting":
            return 0
        before = 1 if self._current is not None and self._current.is_open else 0
        for other in self._waiting:
            if other is job:
                break
            before += other.is_open
        return before

    async def run(self) -> None:
        """Work the queue off until cancelled."""
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
        steps = self._hear(job)
        try:
            while job.is_open:
                step = await asyncio.get_running_loop().run_in_executor(self._executor, _next_of, steps)
                if isinstance(step, Findings):
                    if job.is_open:
                        job.keep(step)
                        job.end("done")
                    return
                job.heard_s = step
            # The file is let go of in the thread that reads it.
            await asyncio.get_running_loop().run_in_executor(self._executor, steps.close)
        except WhenceError as error:
            job.end("failed", str(error))
        except Exception as error:  # a fault of ours must not stop the queue for everybody
            _log.exception("a sound could not be heard")
            job.end("failed", f"this sound cannot be heard: {type(error).__name__}; the server's screen says more")


def _next_of(steps: Generator[float, None, Findings]) -> Any:
    """The next value or, at the end, what was returned: StopIteration cannot pass through a future."""
    try:
        return next(steps)
    except StopIteration as stop:
        return stop.value
