"""What a device of live sound is: it starts, fills a queue with chunks of any size, and may be unplugged."""

import threading
from collections import deque
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from whence.errors import GaveUpError, WhenceError


class Chunk(NamedTuple):
    """A piece of sound as the device gave it."""

    signal: NDArray[np.float32]
    """(channel, sample), of two channels left first, any number of samples."""
    rate_hz: int
    """Its sample rate; a device that comes back may have another."""


class Device(Protocol):
    """A source of two channels, or of the four of Ambisonics."""

    name: str
    """As shown to people."""

    @property
    def lost_s(self) -> float:
        """Seconds of sound since the start that were dropped because the reader was late."""

    @property
    def ended(self) -> bool:
        """Whether no more sound will come: the end of a file."""

    def start(self) -> None:
        """Begin to record, or begin again after the device was away.

        Raises:
            DeviceError: the device is not there or does not give these channels.
        """

    def read(self, timeout_s: float) -> Chunk | None:
        """Return what has come since the last call; wait up to `timeout_s` for it."""

    def close(self) -> None:
        """Close the device; calling it twice is harmless."""


class SoundQueue:
    """Chunks between a device, which never waits, and a reader, which may be late.

    When the queue is full, new sound is dropped and counted, so that what waits is one stretch without a gap.

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
        self._pieces: deque[Chunk] = deque()
        self._arrived = threading.Condition()

    def put(self, signal: NDArray[np.float32], rate_hz: int) -> None:
        """Add a (channel, sample) chunk that nothing writes into any more; never waits for the reader."""
        duration_s = signal.shape[1] / rate_hz
        with self._arrived:
            # Half a sample of tolerance: sums of seconds are not exact.
            if self._waiting_s + duration_s > self._longest_s + 0.5 / rate_hz:
                self.lost_s += duration_s
                return
            self._pieces.append(Chunk(signal, rate_hz))
            self._waiting_s += duration_s
            self._arrived.notify()

    def lose(self, duration_s: float) -> None:
        """Count sound that never reached the queue."""
        with self._arrived:
            self.lost_s += duration_s

    def take(self, timeout_s: float) -> Chunk | None:
        """Return everything of one rate, joined; wait up to `timeout_s` for the first piece."""
        with self._arrived:
            if not self._pieces:
                self._arrived.wait(timeout_s)
            if not self._pieces:
                return None
            rate_hz = self._pieces[0].rate_hz
            taken = []
            while self._pieces and self._pieces[0].rate_hz == rate_hz:
                taken.append(self._pieces.popleft().signal)
            # Summed anew rather than subtracted: over hours, rounding errors would add up.
            self._waiting_s = sum(piece.signal.shape[1] / piece.rate_hz for piece in self._pieces)
        return Chunk(np.concatenate(taken, axis=1), rate_hz)


class DeviceError(WhenceError):
    """A device cannot be used; the message names it and what to choose instead."""


class UnpluggedError(GaveUpError):
    """A device gave no sound for so long that the program gives it up."""
