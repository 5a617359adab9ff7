"""What a device of live sound is: something that starts, gives chunks of any size, and may be unplugged."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from whence.errors import GaveUpError, WhenceError


class Chunk(NamedTuple):
    """A piece of sound as the device gave it."""

    signal: NDArray[np.float32]
    """(2, sample), left first, any number of samples."""
    rate_hz: int
    """Its sample rate; a device that comes back may have another."""


class Device(Protocol):
    """A source of two channels."""

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
            DeviceError: the device is not there or does not give two channels.
        """

    def read(self, timeout_s: float) -> Chunk | None:
        """Return what has come since the last call; wait up to `timeout_s` for it."""

    def close(self) -> None:
        """Close the device; calling it twice is harmless."""


class DeviceError(WhenceError):
    """A device cannot be used; the message names it and what to choose instead."""


class UnpluggedError(GaveUpError):
    """A device gave no sound for so long that the program gives it up."""
