"""How loud the first Ambisonic channel is beside the others, which shows a wrong layout whatever sounds."""

import math

import numpy as np
from numpy.typing import NDArray

from whence.audio.microphones import Microphones
from whence.units import SAMPLE_RATE_HZ

# Below, wind and handling reach W alone; above, real microphones leave the theory.
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 4_000.0
# Recordings of the right layout stay within 2.3 dB; FuMa taken for AmbiX is 3 dB off, N3D 4.8 dB.
_TOLERATED_DB = 2.5


class ChannelLevels:
    """The energies of W and of the other three channels of a recording that is read block by block.

    A plane wave has as much energy in W as in Y, Z and X together (SN3D), and so has diffuse sound, in which each of
    the three has a third. So all sound has, in the right layout.

    Args:
        sample_rate_hz: of the blocks.

    >>> levels = ChannelLevels()
    >>> wave = np.random.default_rng(1).standard_normal(24_000).astype(np.float32)
    >>> levels.add(np.array([[1.0], [0.6], [0.0], [0.8]], np.float32) * wave)
    >>> abs(levels.others_db()) < 0.001
    True
    """

    def __init__(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        self._rate = sample_rate_hz
        self._energy = np.zeros(4)

    def add(self, signal: NDArray[np.float32]) -> None:
        """Add the next samples, (4, sample), corrected to AmbiX."""
        spectrum = np.fft.rfft(signal, axis=1)
        frequency_hz = np.fft.rfftfreq(max(signal.shape[1], 1), 1 / self._rate)
        counted = (frequency_hz >= _LOWEST_HZ) & (frequency_hz <= _HIGHEST_HZ)
        # By Parseval's theorem; the number of samples makes blocks of any length comparable.
        self._energy += (np.abs(spectrum[:, counted]) ** 2).sum(axis=1) / max(signal.shape[1], 1)

    def others_db(self) -> float:
        """Return how much louder the other three are together than W; 0 where it cannot be told."""
        w, others = float(self._energy[0]), float(self._energy[1:].sum())
        return 10 * math.log10(others / w) if w > 0 and others > 0 else 0.0

    def sentence(self, microphones: Microphones) -> str | None:
        """Return a warning where the layout that was told does not fit; None where it does."""
        others_db = self.others_db()
        if abs(others_db) <= _TOLERATED_DB or microphones.ambisonics is None:
            return None
        how = f"{abs(others_db):.1f} dB too {'weak' if others_db > 0 else 'strong'}"
        others = " or ".join(name for name in ("foa", "foa:fuma", "foa:n3d") if name != microphones.name)
        return (
            f"the first channel is {how} for {microphones.name}, so directions may be wrong; is it {others}, or else "
            f"describe it with w_db {microphones.ambisonics.w_db - others_db:.1f}?"
        )
