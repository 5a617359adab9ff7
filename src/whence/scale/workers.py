"""Processes of this machine that process one sound at a time each; one that is killed takes only its sound with it."""

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from whence.inference import NetworkSystem, Request, Result, load, predict_one

# So long a worker may take to end when it is asked to.
_PATIENCE_S = 5.0


class Work(NamedTuple):
    """What a worker does at a time.

    Args:
        sound: its path or URL.
        target: of the label files to write, without ending; None to write none.
    """

    sound: Path | str
    target: Path | None


class Crew(Protocol):
    """Those who do the work, on whatever machines."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(self, *_: object) -> None:
        """Stop at once, whatever is being done."""

    @property
    def has_room(self) -> bool:
        """Whether more work can be begun now."""

    def begin(self, work: Work) -> None:
        """Begin work."""

    def wait(self) -> list[tuple[Work, Result | None]]:
        """Wait until some work has ended, and return it; None stands for the result of one who was killed."""


class Alone:
    """This process itself.

    Args:
        system: the loaded model.
        request: how.
        progress: called with the seconds of each processed block.
    """

    def __init__(
        self, system: NetworkSystem, request: Request, progress: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._system, self._request, self._progress = system, request, progress
        self._work: Work | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._work = None

    @property
    def has_room(self) -> bool:
        """Whether nothing is begun."""
        return self._work is None

    def begin(self, work: Work) -> None:
        """Take work, which `wait` does."""
        self._work = work

    def wait(self) -> list[tuple[Work, Result | None]]:
        """Do the work."""
        assert self._work is not None
        work, self._work = self._work, None
        return [(work, predict_one(self._system, self._request, *work, progress=self._progress))]


class Processes:
    """Worker processes, each with its own copy of the model and one thread.

    Args:
        request: how.
        count: how many.
    """

    def __init__(self, request: Request, count: int) -> None:
        self._request = request
        # A fork would copy the locks of threads that run in this process, and might never get them.
        self._context = multiprocessing.get_context("spawn")
        self._count = count
        self._processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        self._idle: list[Connection] = []
        self._busy: dict[Connection, Work] = {}

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in self._processes.items():
            connection.close()
            process.terminate()
        for process in self._processes.values():
            process.join(_PATIENCE_S)
            if process.exitcode is None:
                process.kill()
                process.join()

    @property
    def has_room(self) -> bool:
        """Whether a process has nothing to do."""
        return bool(self._idle)

    def begin(self, work: Work) -> None:
        """Give work to a process."""
        connection = self._idle.pop()
        self._busy[connection] = work
        with contextlib.suppress(OSError):  # it was killed; `wait` finds that out
            connection.send(work)

    def wait(self) -> list[tuple[Work, Result | None]]:
        """Wait until a process has finished or was killed; another takes the place of one that was killed."""
        done: list[tuple[Work, Result | None]] = []
        for connection in wait(list(self._busy)):
            assert isinstance(connection, Connection)
            work = self._busy.pop(connection)
            try:
                outcome = connection.recv()
            except (EOFError, OSError):
                process = self._processes.pop(connection)
                connection.close()
                process.join()
                self._start()
                done.append((work, None))
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            self._idle.append(connection)
            done.append((work, outcome))
        return done

    def _start(self) -> None:
        """Start a process."""
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._request), daemon=True)
        process.start()
        # With the only other end in the process, its death is the end of the pipe.
        there.close()
        self._processes[here] = process
        self._idle.append(here)


def _serve(connection: Connection, request: Request) -> None:
    """Do the work that comes, until the process that started this one is gone."""
    # Ctrl-C is left to that process. An exit, unlike a kill, removes files that are half written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    worker = Worker(request)
    with contextlib.suppress(EOFError, OSError):
        while True:
            work = connection.recv()
            try:
                outcome: Result | BaseException = worker.perform(work)
            except Exception as error:
                outcome = error
            connection.send(outcome)


class Worker:
    """One worker with its model, in whatever process.

    Args:
        request: how.
    """

    def __init__(self, request: Request) -> None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        self.request = request
        self.system = load(request.models or None, swap=request.swap, threads=1).with_tracks(request.tracks)

    def perform(self, work: Work) -> Result:
        """Do the work; the log goes into the result."""
        logger, collector = logging.getLogger("whence"), _Collector()
        before = logger.handlers, logger.propagate, logger.level
        logger.handlers, logger.propagate = [collector], False
        logger.setLevel(logging.INFO)
        try:
            result = predict_one(self.system, self.request, *work)
        finally:
            logger.handlers, logger.propagate, _ = before
            logger.setLevel(before[2])
        return replace(result, messages=collector.messages)


class _Collector(logging.Handler):
    """Collects log records."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append((record.levelno, record.getMessage()))
