"""A clap or a snap of the fingers in a recording: on which side it is louder, and on which it is earlier."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.audio.time_differences import LAGS, phase_correlation
from whence.units import SAMPLE_RATE_HZ

_STEP = SAMPLE_RATE_HZ // 200  # 5 ms
_OVER_ROOM_DB = 15.0
_LEAST_DB = -60.0
# Later sound is reflected by walls and does not tell the side.
_DIRECT_STEPS = 4
_BEFORE_PEAK_STEPS = 6
_ONSET_UNDER_PEAK_DB = 10.0
_SIDE_DB = 1.5
_SIDE_SAMPLES = 1.5
# Under this no time difference stands out, as where one side hears nothing of the clap.
_CLEAR = 0.3


@dataclass(frozen=True)
class Clap:
    """The direct sound of a clap in two channels.

    Args:
        level_db: how much louder it is on the left.
        earlier_s: how much earlier it is on the left; 0 where no time difference stands out.
    """

    level_db: float
    earlier_s: float

    @property
    def side(self) -> str | None:
        """`left` or `right`, by time where it differs, else by level; None where neither does.

        >>> Clap(0.0, -0.0004).side, Clap(4.0, 0.0).side, Clap(0.5, 0.0).side
        ('right', 'left', None)
        """
        if abs(self.earlier_s) * SAMPLE_RATE_HZ >= _SIDE_SAMPLES:
            return "left" if self.earlier_s > 0 else "right"
        if abs(self.level_db) >= _SIDE_DB:
            return "left" if self.level_db > 0 else "right"
        return None

    @property
    def difference(self) -> str:
        """What tells the side, in words.

        >>> Clap(-6.2, 0.0).difference, Clap(1.0, 0.0005).difference
        ('6 dB louder', '0.50 ms earlier')
        """
        if abs(self.earlier_s) * SAMPLE_RATE_HZ >= _SIDE_SAMPLES:
            return f"{1000 * abs(self.earlier_s):.2f} ms earlier"
        return f"{abs(self.level_db):.0f} dB louder"


def find_clap(signal: NDArray[np.float32]) -> Clap | None:
    """Return the clap of a recording: the loudest 5 ms, if they are 15 dB above the room.

    Its first 20 ms are compared, before the first reflections arrive.

    Args:
        signal: (2, sample) at 24 kHz, a few seconds.

    Returns:
        None if there is no clap, or its end is missing.

    >>> room = np.random.default_rng([1, 0, 0]).normal(0, 1e-3, (2, 24_000)).astype(np.float32)
    >>> room[:, 12_000:12_240] += np.array([[0.4], [0.2]], np.float32)
    >>> round(find_clap(room).level_db)
    6
    """
    steps = signal.shape[1] // _STEP
    if steps <= _BEFORE_PEAK_STEPS:
        return None
    power = np.mean(np.square(signal[:, : steps * _STEP].reshape(2, steps, _STEP), dtype=np.float64), axis=2)
    loudness = power.sum(axis=0)
    peak = int(np.argmax(loudness))
    peak_db, room_db = (10 * math.log10(max(value, 1e-20)) for value in (loudness[peak], float(np.median(loudness))))
    if peak_db < max(_LEAST_DB, room_db + _OVER_ROOM_DB):
        return None
    before = loudness[max(peak - _BEFORE_PEAK_STEPS, 0) : peak + 1]
    loud = before >= loudness[peak] * 10 ** (-_ONSET_UNDER_PEAK_DB / 10)
    onset = peak + 1 - len(before) + int(np.argmax(loud))
    if onset + _DIRECT_STEPS > steps:
        return None
    left, right = power[:, onset : onset + _DIRECT_STEPS].sum(axis=1).tolist()
    level_db = 10 * math.log10(max(left, 1e-20) / max(right, 1e-20))
    piece = signal[:, max(onset - 1, 0) * _STEP : (onset + _DIRECT_STEPS) * _STEP]
    return Clap(level_db, _peak_lag(phase_correlation(piece)[0]) / SAMPLE_RATE_HZ)


def _peak_lag(correlation: NDArray[np.floating]) -> float:
    """The lag of the highest value, between samples by the parabola through its neighbours; 0 where none is high."""
    peak = int(np.argmax(correlation))
    if correlation[peak] < _CLEAR:
        return 0.0
    if not 0 < peak < len(correlation) - 1:
        return float(LAGS[peak])
    before, at, after = correlation[peak - 1 : peak + 2].tolist()
    return float(LAGS[peak] + 0.5 * (before - after) / min(before - 2 * at + after, -1e-12))
