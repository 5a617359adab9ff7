"""What a device of live sound is: something that starts, gives chunks of any size, and may vanish."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from whence.errors import GaveUpError, WhenceError


class Heard(NamedTuple):
    """A chunk of sound as the device gave it."""

    signal: NDArray[np.float32]
    """(2, sample), left first, any number of samples."""
    rate_hz: int
    """Its sample rate; a device that comes back may have another."""


class LiveSource(Protocol):
    """A device of two channels."""

    name: str
    """As shown to people."""

    @property
    def lost_s(self) -> float:
        """Seconds of sound that came while nobody had room for it, since the start."""

    @property
    def ended(self) -> bool:
        """Whether nothing will ever come again: the end of a file."""

    def start(self) -> None:
        """Begin to listen, or begin again after the device was away.

        Raises:
            DeviceError: the device is not there or does not give two channels.
        """

    def read(self, timeout_s: float) -> Heard | None:
        """What has come since the last call; waits up to `timeout_s` for something to come."""

    def close(self) -> None:
        """Let the device go; more than once does no harm."""


class DeviceError(WhenceError):
    """A device cannot be listened to; the message names it and what to choose instead."""


class UnpluggedError(GaveUpError):
    """A device gave nothing for so long that it will not come back."""
