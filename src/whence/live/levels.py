"""How loud left and right are, falling slowly enough to be read."""

import math

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

_FALL_DB_PER_S = 20.0


def levels_db(signal: NDArray[np.float32]) -> tuple[float, float]:
    """Mean level of left and right, dB under full scale; minus infinity for silence.

    >>> levels_db(np.array([[0.1, -0.1], [0.0, 0.0]], np.float32))
    (-20.0, -inf)
    """
    powers = (float(np.dot(channel, channel)) / max(channel.size, 1) for channel in signal)
    left, right = (round(10 * math.log10(power), 4) if power > 0 else -math.inf for power in powers)
    return left, right


class Levels:
    """Follows a signal: up at once, down at 20 dB a second."""

    def __init__(self) -> None:
        self.now_db = (-math.inf, -math.inf)

    def hear(self, signal: NDArray[np.float32]) -> None:
        """Take the next (2, sample) chunk at 24 kHz."""
        if signal.shape[1]:
            fallen_db = _FALL_DB_PER_S * signal.shape[1] / SAMPLE_RATE_HZ
            new = levels_db(signal)
            left, right = (max(level, old - fallen_db) for level, old in zip(new, self.now_db, strict=True))
            self.now_db = (left, right)
