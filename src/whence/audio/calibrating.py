"""A pair of microphones measured with three claps: at the left, ahead and at the right."""

import math

import numpy as np
from numpy.typing import NDArray

from whence.audio.claps import Clap, find_clap
from whence.audio.microphones import Capsule, Microphones
from whence.audio.reading import check
from whence.errors import AudioError
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

# Claps of one person are aimed no better than this.
_ONE_POINT_M = 0.015
_OMNI_DB = 2.0


def calibrated(
    left: NDArray[np.float32], ahead: NDArray[np.float32], right: NDArray[np.float32], name: str = "measured"
) -> Microphones:
    """Return the pair that three recordings of one clap each describe.

    The spacing is what the time differences reach; capsules that differ in level are taken for cardioids, turned so
    that a sound at the side differs as much as it does; else they are omnis. A difference ahead is one of gain.

    Args:
        left: (2, sample) at 24 kHz, a clap at azimuth 90.
        ahead: the same, at azimuth 0.
        right: the same, at azimuth -90.
        name: of the result.

    Raises:
        AudioError: no clap stands out, the channels are the same, or the three do not go together.
    """
    places = {"left": left, "ahead": ahead, "right": right}
    claps = {place: _clap(signal, place) for place, signal in places.items()}
    gain_db = -claps["ahead"].level_db
    at_left, at_right = (Clap(claps[place].level_db + gain_db, claps[place].earlier_s) for place in ("left", "right"))
    for place, clap in (("left", at_left), ("right", at_right)):
        if clap.side is None:
            what = f"the clap at the {place} is as early and as loud on both sides"
            raise AudioError(what, remedy="clap at the side of the microphones, at arm's length")
    if at_left.side == at_right.side:
        what = f"the claps at the left and at the right are both on the {at_left.side}"
        raise AudioError(what, remedy="clap at both sides, or name the recordings in the order left, ahead, right")
    swapped = at_left.side == "right"
    sign = -1.0 if swapped else 1.0
    earlier_s = sign * (at_left.earlier_s - at_right.earlier_s) / 2
    if abs(claps["ahead"].earlier_s) > max(earlier_s / 2, 2 / SAMPLE_RATE_HZ):
        raise AudioError("the clap ahead is at one side", remedy="clap in front, as far from both microphones")
    difference_db = sign * (at_left.level_db - at_right.level_db) / 2
    spacing_m = round(max(earlier_s, 0.0) * SPEED_OF_SOUND_M_S, 3)
    spacing_m = spacing_m if spacing_m >= _ONE_POINT_M else 0.0
    pattern, facing_deg = _capsules(difference_db)
    return Microphones(
        name,
        Capsule(spacing_m / 2, pattern, facing_deg),
        Capsule(-spacing_m / 2, pattern, -facing_deg),
        gain_db=round(gain_db, 1),
        swapped=swapped,
    )


def _clap(signal: NDArray[np.float32], place: str) -> Clap:
    """The clap of one recording."""
    if check(signal).one_sided:
        raise AudioError(
            f"the recording of the clap at {place} has the same sound in both channels, or none in one",
            remedy="record in stereo",
        )
    clap = find_clap(signal)
    if clap is None:
        raise AudioError(
            f"no clap stands out in the recording of the clap at {place}",
            remedy="clap once, 15 dB louder than the room",
        )
    return clap


def _capsules(difference_db: float) -> tuple[float, float]:
    """The pattern and the direction of the left capsule by how much louder a sound at the left is there."""
    if difference_db < _OMNI_DB:
        return 1.0, 0.0
    # Of cardioids that face f to either side, one at 90 degrees has gains of (1 + sin f) / 2 and (1 - sin f) / 2.
    ratio = 10 ** (difference_db / 20)
    return 0.5, round(math.degrees(math.asin((ratio - 1) / (ratio + 1))))
