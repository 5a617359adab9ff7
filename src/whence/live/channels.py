"""Are these two channels a pair of ears, and is left left? What can be told from a few seconds of sound."""

import math

import numpy as np
from numpy.typing import NDArray

from whence.audio import check
from whence.live.levels import levels_db
from whence.units import SAMPLE_RATE_HZ

_STEP = SAMPLE_RATE_HZ // 200  # 5 ms
_SNAP_OVER_ROOM_DB = 15.0
_SNAP_LEAST_DB = -60.0
# Later than this, walls have answered and say nothing about the side.
_DIRECT_STEPS = 4
_BEFORE_PEAK_STEPS = 6
_ONSET_UNDER_PEAK_DB = 10.0
_SIDE_DB = 1.5
_UNEQUAL_DB, _UNPLUGGED_DB = 6.0, 30.0


def faults(signal: NDArray[np.float32]) -> list[str]:
    """What is wrong with a pair of channels, a sentence each; nothing for a good pair.

    Args:
        signal: (2, sample) at 24 kHz, some seconds of whatever there is to hear.

    >>> faults(np.zeros((2, 24_000), np.float32))
    ['both channels are silent: is the microphone muted, or switched off?']
    """
    report = check(signal)
    if report.silent:
        return ["both channels are silent: is the microphone muted, or switched off?"]
    found = report.warnings()
    left_db, right_db = levels_db(signal)
    difference_db = left_db - right_db
    if report.dead_channel is None and abs(difference_db) >= _UNEQUAL_DB:
        quiet, loud = ("right", "left") if difference_db > 0 else ("left", "right")
        help_ = (
            "is it plugged in?"
            if abs(difference_db) >= _UNPLUGGED_DB
            else f"set both to the same gain, or directions lean to the {loud}"
        )
        found.append(f"{quiet} is {abs(difference_db):.0f} dB quieter than {loud}: {help_}")
    return found


def one_sided(signal: NDArray[np.float32]) -> bool:
    """Whether no side can be told at all: the channels are the same, or one of them is silent."""
    report = check(signal)
    return report.silent or report.dead_channel is not None or report.identical_s > 0.9 * report.sounding_s


def snap_db(signal: NDArray[np.float32]) -> float | None:
    """How much louder a snap of the fingers was on the left than on the right.

    The snap is the loudest 5 ms, if they stand 15 dB over the room; its first 20 ms are compared, before the walls
    answer.

    Args:
        signal: (2, sample) at 24 kHz, a few seconds.

    Returns:
        dB, positive for left; None if nothing snapped yet, or not all of it has come.

    >>> room = np.random.default_rng([1, 0, 0]).normal(0, 1e-3, (2, 24_000)).astype(np.float32)
    >>> room[:, 12_000:12_240] += np.array([[0.4], [0.2]], np.float32)
    >>> round(snap_db(room))
    6
    """
    steps = signal.shape[1] // _STEP
    if steps <= _BEFORE_PEAK_STEPS:
        return None
    power = np.mean(np.square(signal[:, : steps * _STEP].reshape(2, steps, _STEP), dtype=np.float64), axis=2)
    loudness = power.sum(axis=0)
    peak = int(np.argmax(loudness))
    peak_db, room_db = (10 * math.log10(max(value, 1e-20)) for value in (loudness[peak], float(np.median(loudness))))
    if peak_db < max(_SNAP_LEAST_DB, room_db + _SNAP_OVER_ROOM_DB):
        return None
    before = loudness[max(peak - _BEFORE_PEAK_STEPS, 0) : peak + 1]
    loud = before >= loudness[peak] * 10 ** (-_ONSET_UNDER_PEAK_DB / 10)
    onset = peak + 1 - len(before) + int(np.argmax(loud))
    if onset + _DIRECT_STEPS > steps:
        return None
    left, right = power[:, onset : onset + _DIRECT_STEPS].sum(axis=1).tolist()
    return 10 * math.log10(max(left, 1e-20) / max(right, 1e-20))


def side_of(difference_db: float) -> str | None:
    """`left` or `right`, or None where the difference is too small to tell.

    >>> side_of(4.0), side_of(-4.0), side_of(0.5)
    ('left', 'right', None)
    """
    if abs(difference_db) < _SIDE_DB:
        return None
    return "left" if difference_db > 0 else "right"
