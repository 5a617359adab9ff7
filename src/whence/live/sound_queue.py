"""The queue between a device's callback, which must never wait, and a program, which may be late."""

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from whence.live.source import Heard


class SoundQueue:
    """Chunks in the order they came, up to a length; what comes when it is full is left out and counted.

    The newest sound is left out, not the oldest: what waits is then one stretch without a hole.

    Args:
        longest_s: seconds of sound that may wait.

    >>> queue = SoundQueue(longest_s=1.0)
    >>> for _ in range(3):
    ...     queue.put(np.zeros((2, 4_000), np.float32), 8_000)
    >>> queue.take(timeout_s=0.0).signal.shape, queue.lost_s
    ((2, 8000), 0.5)
    """

    def __init__(self, longest_s: float = 5.0) -> None:
        self.lost_s = 0.0
        self._longest_s = longest_s
        self._waiting_s = 0.0
        self._pieces: deque[Heard] = deque()
        self._arrived = threading.Condition()

    def put(self, signal: NDArray[np.float32], rate_hz: int) -> None:
        """Add a (2, sample) chunk that nobody writes into any more; never waits for the reader."""
        duration_s = signal.shape[1] / rate_hz
        with self._arrived:
            # Half a sample of tolerance: sums of seconds are not exact.
            if self._waiting_s + duration_s > self._longest_s + 0.5 / rate_hz:
                self.lost_s += duration_s
                return
            self._pieces.append(Heard(signal, rate_hz))
            self._waiting_s += duration_s
            self._arrived.notify()

    def lose(self, duration_s: float) -> None:
        """Count sound that never reached the queue."""
        with self._arrived:
            self.lost_s += duration_s

    def take(self, timeout_s: float) -> Heard | None:
        """Everything of one rate that waits, joined; waits up to `timeout_s` for the first piece."""
        with self._arrived:
            if not self._pieces:
                self._arrived.wait(timeout_s)
            if not self._pieces:
                return None
            rate_hz = self._pieces[0].rate_hz
            taken = []
            while self._pieces and self._pieces[0].rate_hz == rate_hz:
                taken.append(self._pieces.popleft().signal)
            # Counted anew rather than subtracted: over hours, differences would add up.
            self._waiting_s = sum(piece.signal.shape[1] / piece.rate_hz for piece in self._pieces)
        return Heard(np.concatenate(taken, axis=1), rate_hz)
