"""Processes of this machine that process one sound at a time each; one that is killed takes only its sound with it."""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Protocol, Self

from whence.errors import are_said_as_flags, said_as_flags
from whence.inference import NetworkSystem, Request, predict_one
from whence.scale.work import PART_S, Outcome, Work, Worker

# So long a worker may take to end when it is asked to.
_PATIENCE_S = 5.0


class Crew(Protocol):
    """Those who do the work, on whatever machines."""

    shows_progress: bool
    """Whether it tells by itself how much was processed."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(self, *_: object) -> None:
        """Stop at once, whatever is being done."""

    @property
    def has_room(self) -> bool:
        """Whether more work can be begun now."""

    def begin(self, work: Work) -> None:
        """Begin work."""

    def wait(self) -> list[tuple[Work, Outcome | None]]:
        """Wait until something has happened, and return work that has ended, maybe none; None is of one killed."""


class Alone:
    """This process itself, with all its cores for one sound after the other.

    Args:
        system: the loaded model.
        request: how.
        progress: called with the seconds of each processed block.
    """

    shows_progress = True

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

    def wait(self) -> list[tuple[Work, Outcome | None]]:
        """Do the work."""
        assert self._work is not None
        work, self._work = self._work, None
        return [(work, predict_one(self._system, self._request, work.sound, work.target, self._progress))]


class Processes:
    """Worker processes, each with its own copy of the model and one thread.

    Args:
        request: how.
        count: how many.
        part_s: long sounds are done in parts of so many seconds.
    """

    shows_progress = False

    def __init__(self, request: Request, count: int, part_s: int = PART_S) -> None:
        self._how = request, part_s
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

    def wait(self) -> list[tuple[Work, Outcome | None]]:
        """Wait until a process has finished or was killed; another takes the place of one that was killed."""
        done: list[tuple[Work, Outcome | None]] = []
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
        process = self._context.Process(target=_serve, args=(there, *self._how, are_said_as_flags()), daemon=True)
        process.start()
        # With the only other end in the process, its death is the end of the pipe.
        there.close()
        self._processes[here] = process
        self._idle.append(here)


def _serve(connection: Connection, request: Request, part_s: int, as_flags: bool) -> None:
    """Do the work that comes, until the process that started this one is gone."""
    # Ctrl-C is left to that process. An exit, unlike a kill, removes files that are half written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    worker = Worker(request, part_s)
    with contextlib.suppress(EOFError, OSError), said_as_flags(as_flags):
        while True:
            work = connection.recv()
            try:
                outcome: Outcome | BaseException = worker.perform(work)
            except Exception as error:
                outcome = error
            connection.send(outcome)
