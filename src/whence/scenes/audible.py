"""Which label frames a sound occupies, from the energy of its direct sound alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.settings import check_number
from whence.units import FRAME_S

# A sound whose loud frames lie further than this below the recording's peak is mostly room noise; do not raise it more.
_FAINTEST_LEVEL_DB = -45.0


@dataclass(frozen=True)
class AudibleRule:
    """When a frame counts as active.

    A frame is loud if its energy is within `threshold_db` of the event's loudest frame and its RMS is within
    `floor_db` of the recording's peak. Pauses shorter than `pause_s` between loud frames are active too: of the 2,486
    pauses within a source in the training annotations of STARSS22, one is shorter than half a second.

    Args:
        threshold_db: how far under the loudest frame of the event a frame may be.
        floor_db: how far under the recording's peak, so that the noise of a pause is not taken for the sound.
        pause_s: shorter pauses do not end an event, seconds.
    """

    threshold_db: float = 30.0
    floor_db: float = 50.0
    pause_s: float = 0.5

    def __post_init__(self) -> None:
        check_number("audible.threshold_db", self.threshold_db, 0, 120)
        check_number("audible.floor_db", self.floor_db, 0, 120)
        check_number("audible.pause_s", self.pause_s, 0, 60)


@dataclass(frozen=True, eq=False)
class Audible:
    """What the frames of several events say.

    Args:
        active: (frame,) bool, whether the frame is labelled.
        rms: (event,) float64, RMS of the loud frames; never so low that noise would be raised in their place.
    """

    active: NDArray[np.bool_]
    rms: NDArray[np.float64]


def find_audible(
    power: NDArray[np.float64],
    first_frame: NDArray[np.int64],
    peak: NDArray[np.float64],
    rules: Sequence[AudibleRule],
) -> Audible:
    """Tell active frames from silent ones, for many events at once.

    Args:
        power: (frame,) mean square of each 100 ms of dry sound, events end to end.
        first_frame: (event + 1,) rows first_frame[i] up to first_frame[i + 1] belong to event i; none is empty.
        peak: (event,) peak amplitude of the recording each event was cut from.
        rules: (event,) what counts as active.

    Returns:
        activity of each frame and the loudness of each event.

    >>> power = np.array([0.0, 1.0, 1e-9, 1e-9, 0.5, 0.0])
    >>> find_audible(power, np.array([0, 6]), np.array([1.0]), [AudibleRule()]).active
    array([False,  True,  True,  True,  True, False])
    """
    if not len(power):
        return Audible(np.zeros(0, dtype=bool), np.zeros(0))
    event = np.repeat(np.arange(len(first_frame) - 1), np.diff(first_frame))
    loudest = np.maximum.reduceat(power, first_frame[:-1])
    under_loudest = 10 ** (-np.array([rule.threshold_db for rule in rules]) / 10)
    under_peak = 10 ** (-np.array([rule.floor_db for rule in rules]) / 10)
    pause_frames = np.array([round(rule.pause_s / FRAME_S) for rule in rules])
    threshold = np.maximum(loudest * under_loudest, peak**2 * under_peak)
    loud = (power >= threshold[event]) & (power > 0)
    loud_power = np.add.reduceat(np.where(loud, power, 0.0), first_frame[:-1])
    loud_count = np.add.reduceat(loud.astype(np.int64), first_frame[:-1])
    rms = np.sqrt(loud_power / np.maximum(loud_count, 1))
    rms = np.maximum(rms, peak * 10 ** (_FAINTEST_LEVEL_DB / 20))
    return Audible(_bridge_pauses(loud, event, pause_frames), rms)


def _bridge_pauses(
    loud: NDArray[np.bool_], event: NDArray[np.int64], pause_frames: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark the frames of pauses that are too short to end an event."""
    at = np.flatnonzero(loud)
    bridged = (np.diff(at) <= pause_frames[event[at[1:]]]) & (np.diff(event[at]) == 0)
    # +1 where a bridge begins and -1 where it ends: their running sum is positive inside.
    step = np.zeros(len(loud) + 1, dtype=np.int64)
    step[at[:-1][bridged]] += 1
    step[at[1:][bridged]] -= 1
    return loud | (np.cumsum(step[:-1]) > 0)
