"""From a device's chunks to the signal a system hears: 24 kHz, left first, and what to do when nothing comes."""

import logging
import math

import numpy as np
from numpy.typing import NDArray

from whence.audio import Resampling
from whence.live.clock import Clock
from whence.live.source import DeviceError, Heard, LiveSource, UnpluggedError
from whence.units import SAMPLE_RATE_HZ
from whence.views.terminal import GIVES_UP_S

LOG = logging.getLogger("whence.live")

# A device that gave nothing for a second is away: even Bluetooth sends tens of chunks in that time.
_AWAY_S = 1.0


class Intake:
    """What comes in, as (2, sample) float32 at 24 kHz.

    Args:
        source: started already.
        clock: what seconds are.
        swapped: whether left and right are exchanged from the start.
    """

    def __init__(self, source: LiveSource, clock: Clock, *, swapped: bool = False) -> None:
        self.swapped = swapped
        self._source, self._clock = source, clock
        self._resampling: Resampling | None = None
        self._rate_hz = 0
        self._missing_since_s: float | None = None
        self._tried_s = clock.now_s()
        self._away_before_s = 0.0
        self._announced = False

    @property
    def name(self) -> str:
        """Of the device."""
        return self._source.name

    @property
    def rate_hz(self) -> int:
        """Of the device; 0 before anything came."""
        return self._rate_hz

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._source.ended

    @property
    def away_s(self) -> float:
        """For how long the device has been away; 0 while it gives sound."""
        # Counted from the first look that found nothing: while a slow system works, nobody looks, and sound waits.
        if self._missing_since_s is None or self.ended:
            return 0.0
        missing_s = self._clock.now_s() - self._missing_since_s
        return missing_s if missing_s >= _AWAY_S else 0.0

    @property
    def lost_s(self) -> float:
        """Seconds of sound that were never heard: too late, or while the device was away."""
        return self._source.lost_s + self._away_before_s + self.away_s

    def take(self, timeout_s: float = 0.05) -> NDArray[np.float32]:
        """What has come since the last call, which may be nothing.

        Args:
            timeout_s: how long to wait for something.

        Returns:
            (2, sample), contiguous.

        Raises:
            UnpluggedError: the device gave nothing for 10 s.
        """
        looked_s = self._clock.now_s()
        heard = self._source.read(timeout_s)
        if heard is None or not heard.signal.shape[1]:
            self._missing_since_s = looked_s if self._missing_since_s is None else self._missing_since_s
            self._miss()
            return self._rest() if self._source.ended else np.zeros((2, 0), np.float32)
        if self._announced:
            LOG.warning("%s is back after %.0f s", self.name, self.away_s)
            self._away_before_s += self.away_s
            self._announced = False
        self._missing_since_s = None
        return self._converted(heard)

    def _converted(self, heard: Heard) -> NDArray[np.float32]:
        """A chunk at 24 kHz, its sides exchanged where asked for; what is no number is silence."""
        signal = heard.signal
        # One sum tells whether any sample is no number, in a tenth of the time of looking at each.
        if not math.isfinite(float(signal.sum())):
            signal = np.where(np.isfinite(signal), signal, np.float32(0))
        before = np.zeros((2, 0), np.float32)
        if heard.rate_hz != self._rate_hz:
            before = self._rest()
            if self._rate_hz:
                LOG.warning("%s now gives %d samples a second instead of %d", self.name, heard.rate_hz, self._rate_hz)
            self._rate_hz = heard.rate_hz
            self._resampling = Resampling(2, heard.rate_hz, SAMPLE_RATE_HZ)
        assert self._resampling is not None
        ready = self._resampling.push(signal[::-1] if self.swapped else signal)
        return np.concatenate([before, ready], axis=1) if before.shape[1] else ready

    def _rest(self) -> NDArray[np.float32]:
        """What the conversion still holds; afterwards it begins anew."""
        rest = np.zeros((2, 0), np.float32) if self._resampling is None else self._resampling.finish()
        self._resampling = None
        return rest

    def _miss(self) -> None:
        """Nothing came: say so, look for the device once a second, and give up in the end."""
        away_s = self.away_s
        if not away_s:
            return
        if away_s >= GIVES_UP_S:
            raise UnpluggedError(
                f"{self.name} gave no sound for {GIVES_UP_S:.0f} s; was it unplugged? What was recorded is kept"
            )
        if not self._announced:
            LOG.warning("%s gives no sound; waiting %.0f s for it", self.name, GIVES_UP_S)
            self._announced = True
        if self._clock.now_s() - self._tried_s >= _AWAY_S:
            self._tried_s = self._clock.now_s()
            try:
                self._source.start()
            except DeviceError:
                return
