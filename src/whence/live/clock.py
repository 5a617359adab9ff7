"""Time that passes, so that tests can let hours pass at once."""

import time
from typing import Protocol


class Clock(Protocol):
    """Whatever says how late it is and can wait."""

    def now_s(self) -> float:
        """Seconds that never jump back; where they begin means nothing."""

    def sleep(self, duration_s: float) -> None:
        """Come back after so many seconds."""


class WallClock:
    """The time of this machine, which nobody can set back."""

    def now_s(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def sleep(self, duration_s: float) -> None:
        """Wait without work."""
        time.sleep(max(duration_s, 0.0))
