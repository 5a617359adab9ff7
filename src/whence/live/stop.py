"""Being asked to end: by a key or a signal, noted first and obeyed when everything is put away."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any, Self

from whence.errors import DONE, INTERRUPTED, TERMINATED

# A terminal window that is closed asks to end as a system that shuts down does.
_SIGNALS = {"SIGINT": INTERRUPTED, "SIGTERM": TERMINATED, "SIGHUP": TERMINATED}


class Stop:
    """Notes the first wish to end inside a `with` block; the second Ctrl-C ends at once.

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
        """End when you can, as one who has finished."""
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
