"""A device's chunks as one corrected signal at 24 kHz; absences of the device are waited out and counted."""

import contextlib
import logging
import math

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones, Resampling, corrected, exchanged, front_pair
from whence.live.device import Chunk, Device, DeviceError, UnpluggedError
from whence.live.session import Clock
from whence.units import SAMPLE_RATE_HZ

LOG = logging.getLogger("whence.live")

# A device that gave nothing for a second is away: even Bluetooth sends tens of chunks in that time.
_AWAY_S = 1.0
_GIVES_UP_S = 10.0
_LEVEL_FALL_DB_PER_S = 20.0


def levels_db(signal: NDArray[np.float32]) -> tuple[float, float]:
    """Mean level of left and right in dB under full scale; minus infinity for silence.

    >>> levels_db(np.array([[0.1, -0.1], [0.0, 0.0]], np.float32))
    (-20.0, -inf)
    """
    powers = (float(np.dot(channel, channel)) / max(channel.size, 1) for channel in signal)
    left, right = (round(10 * math.log10(power), 4) if power > 0 else -math.inf for power in powers)
    return left, right


class DeviceInput:
    """The sound of a device as (2, sample) float32 at 24 kHz, left first, or (4, sample) in AmbiX.

    Args:
        device: already started.
        clock: measures how long the device has been away.
        swapped: whether left and right are exchanged from the start.
        microphones: what the device is; None where that is not known. Its gains and layout are corrected.
    """

    def __init__(
        self, device: Device, clock: Clock, *, swapped: bool = False, microphones: Microphones | None = None
    ) -> None:
        self.swapped = swapped
        self.microphones = microphones
        self.channel_count = 4 if microphones is not None and microphones.is_full_circle else 2
        self.rate_hz = 0
        """Sample rate of the device; 0 before anything came."""
        self.levels_db = (-math.inf, -math.inf)
        """Of left and right (in AmbiX, of the pair ahead): rises at once, falls by 20 dB a second to be readable."""
        self._device, self._clock = device, clock
        self._resampling: Resampling | None = None
        self._missing_since_s: float | None = None
        self._tried_s = clock.monotonic()
        self._away_before_s = 0.0
        self._announced = False

    @property
    def name(self) -> str:
        """Name of the device."""
        return self._device.name

    @property
    def ended(self) -> bool:
        """Whether no more sound will come."""
        return self._device.ended

    @property
    def away_s(self) -> float:
        """For how long the device has been away; 0 while it gives sound."""
        # Counted from the first read that found nothing: while a slow system works, sound waits in the device.
        if self._missing_since_s is None or self.ended:
            return 0.0
        missing_s = self._clock.monotonic() - self._missing_since_s
        return missing_s if missing_s >= _AWAY_S else 0.0

    @property
    def wait_left_s(self) -> float | None:
        """Seconds until a device that is away is given up; None while it gives sound."""
        return max(_GIVES_UP_S - self.away_s, 0.0) if self.away_s else None

    @property
    def lost_s(self) -> float:
        """Seconds of sound that were lost: read too late, or while the device was away."""
        return self._device.lost_s + self._away_before_s + self.away_s

    def read(self, timeout_s: float = 0.05) -> NDArray[np.float32]:
        """Return what has come since the last call, which may be nothing.

        Args:
            timeout_s: how long to wait for sound.

        Returns:
            (2 or 4, sample), contiguous.

        Raises:
            UnpluggedError: the device gave nothing for 10 s.
        """
        begun_s = self._clock.monotonic()
        chunk = self._device.read(timeout_s)
        if chunk is None or not chunk.signal.shape[1]:
            self._missing_since_s = begun_s if self._missing_since_s is None else self._missing_since_s
            self._wait()
            signal = self._rest() if self._device.ended else self._nothing()
        else:
            if self._announced:
                LOG.warning("%s is back after %.0f s", self.name, self.away_s)
                self._away_before_s += self.away_s
                self._announced = False
            self._missing_since_s = None
            signal = self._converted(chunk)
        if signal.shape[1]:
            fallen_db = _LEVEL_FALL_DB_PER_S * signal.shape[1] / SAMPLE_RATE_HZ
            now_db = levels_db(front_pair(signal))
            left, right = (max(n, o - fallen_db) for n, o in zip(now_db, self.levels_db, strict=True))
            self.levels_db = (left, right)
        return signal

    def _converted(self, chunk: Chunk) -> NDArray[np.float32]:
        """A chunk at 24 kHz, its sides exchanged where asked for; NaN and infinity become 0."""
        signal = corrected(chunk.signal, self.microphones)
        # One sum finds them in a tenth of the time of a look at each sample.
        if not math.isfinite(float(signal.sum())):
            signal = np.where(np.isfinite(signal), signal, np.float32(0))
        before = self._nothing()
        if chunk.rate_hz != self.rate_hz:
            before = self._rest()
            if self.rate_hz:
                LOG.warning("%s now gives %d samples a second instead of %d", self.name, chunk.rate_hz, self.rate_hz)
            self.rate_hz = chunk.rate_hz
            self._resampling = Resampling(self.channel_count, chunk.rate_hz, SAMPLE_RATE_HZ)
        assert self._resampling is not None
        ready = self._resampling.push(exchanged(signal) if self.swapped else signal)
        return np.concatenate([before, ready], axis=1) if before.shape[1] else ready

    def _rest(self) -> NDArray[np.float32]:
        """What the resampler still holds; afterwards it begins anew."""
        rest = self._nothing() if self._resampling is None else self._resampling.finish()
        self._resampling = None
        return rest

    def _nothing(self) -> NDArray[np.float32]:
        """No samples."""
        return np.zeros((self.channel_count, 0), np.float32)

    def _wait(self) -> None:
        """No sound came: say so once, look for the device once a second, and give up after 10 s."""
        away_s = self.away_s
        if not away_s:
            return
        if away_s >= _GIVES_UP_S:
            raise UnpluggedError(
                f"{self.name} gave no sound for {_GIVES_UP_S:.0f} s; was it unplugged? What was recorded is kept"
            )
        if not self._announced:
            LOG.warning("%s gives no sound; waiting %.0f s for it", self.name, _GIVES_UP_S)
            self._announced = True
        if self._clock.monotonic() - self._tried_s >= _AWAY_S:
            self._tried_s = self._clock.monotonic()
            with contextlib.suppress(DeviceError):
                self._device.start()
