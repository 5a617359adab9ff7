"""What surrounds a live session: its clock, the signals that end it, and its messages while a page is shown."""

from __future__ import annotations

import logging
import signal
from collections import deque
from types import FrameType
from typing import Any, Protocol, Self

from whence.errors import DONE, INTERRUPTED, TERMINATED

# Closing a terminal window ends the program as a shutdown of the system does.
_SIGNALS = {"SIGINT": INTERRUPTED, "SIGTERM": TERMINATED, "SIGHUP": TERMINATED}
_REPEATED_MESSAGES = 12


class Clock(Protocol):
    """What sessions need of the `time` module, which is the usual clock; tests let hours pass at once."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes back."""

    def sleep(self, duration_s: float, /) -> None:
        """Return after so many seconds."""


class Stop:
    """Record the first request to end inside a `with` block; a second Ctrl-C interrupts at once.

    >>> stop = Stop()
    >>> stop.ask()
    >>> stop.asked, stop.code
    (True, 0)
    """

    def __init__(self) -> None:
        self.asked = False
        self.code = DONE
        self._before: dict[int, Any] = {}

    def ask(self) -> None:
        """Ask to end normally, with exit code 0."""
        self.asked = True

    def __enter__(self) -> Self:
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *ended: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        self.code = _SIGNALS[signal.Signals(number).name]


class PageMessages(logging.Handler):
    """Replace the log's handlers inside a `with` block, and repeat the last messages to them afterwards.

    Args:
        active: whether a page is shown; otherwise messages go where they always go.
    """

    def __init__(self, active: bool) -> None:
        super().__init__()
        self.last = ""
        self._active = active
        self._log = logging.getLogger("whence")
        self._records: deque[logging.LogRecord] = deque(maxlen=_REPEATED_MESSAGES)
        self._before: list[logging.Handler] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message; any thread may call it."""
        text = record.getMessage()
        self.last = f"warning: {text}" if record.levelno >= logging.WARNING else text
        self._records.append(record)

    def __enter__(self) -> Self:
        if self._active:
            self._before, self._log.handlers = self._log.handlers, [self]
        return self

    def __exit__(self, *ended: object) -> None:
        if self._active:
            self._log.handlers = self._before
            for record in self._records:
                self._log.handle(record)
