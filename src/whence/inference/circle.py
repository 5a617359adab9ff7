"""All directions of an Ambisonic recording, from networks for stereo pairs that look to four sides."""

# B clip, L label frame (100 ms), N track, E element, K class, S sample, V view

import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from whence.audio import foa_to_stereo
from whence.models.outputs import Classwise, Coding, Tracks

# Where the four pairs look: a source at azimuth a appears at a + view.
VIEWS_DEG = (0.0, 90.0, 180.0, 270.0)

Array = NDArray[np.float32]


class StereoSystem(Protocol):
    """The part of `NetworkSystem` that looks to one side."""

    @property
    def coding(self) -> Coding:
        """What the values mean."""

    def values(self, audio: Array) -> Array:
        """Return the values of clips (B, 2, S)."""


class CircleNetworks:
    """A system for stereo pairs in the part of networks for Ambisonics: it predicts azimuths of the whole circle.

    A stereo pair tells left from right but not front from back: of a source at azimuth a it tells sin(a). The pair that
    is turned by 90 degrees tells cos(a), so that both together tell a. Two more pairs, which look the opposite way, see
    the same with left and right exchanged, and are averaged with these as in `swap`. Activity and distance are means
    of all four.

    Args:
        system: for pairs; its own `swap` would do the same work twice.
    """

    channel_count = 4

    def __init__(self, system: StereoSystem) -> None:
        self._system = system
        self.codings: Sequence[Coding] = (system.coding.of_circle(),)

    def predict(self, audio: Array) -> list[Array]:
        """Return values with azimuths in -180 to 180 degrees, or vectors of all directions.

        Args:
            audio: (B, 4, S) at 24 kHz, AmbiX.
        """
        views = [foa_to_stereo(audio, view_deg) for view_deg in VIEWS_DEG]
        ahead, left, behind, right = np.split(self._system.values(np.concatenate(views)), len(views))
        coding = self._system.coding
        return [
            circle_values(
                coding,
                coding.average([ahead, coding.mirror(behind)]),
                coding.average([left, coding.mirror(right)]),
            )
        ]


def circle_values(coding: Coding, lateral: Array, frontal: Array) -> Array:
    """Join the values of two pairs that look 90 degrees apart.

    Tracks are interchangeable, so those of the second pair are first put in the order that fits the first best.

    Args:
        coding: of both.
        lateral: (B, L, ..., E, K) of the pair that looks ahead, which tells left from right.
        frontal: the same of the pair that has on its left what is ahead.

    Returns:
        values of the same shape, in which directions are of the whole circle.
    """
    side, front = _vectors(coding, lateral), _vectors(coding, frontal)
    if side.ndim == 5:
        order = _fitting_order(side, front)[:, :, :, None]
        frontal, front = (np.take_along_axis(values, order, axis=2) for values in (frontal, front))
    x, y = front[..., 1, :], side[..., 1, :]
    joined: Array = (lateral + frontal) / np.float32(2)
    if isinstance(coding, Classwise | Tracks):
        joined[..., 1, :] = np.degrees(np.arctan2(y, x))
        return joined
    # A vector stays as long as its class is active in both, however well they agree about the direction.
    length = (side[..., 2, :] + front[..., 2, :]) / 2
    direction = np.arctan2(y * side[..., 2, :], x * front[..., 2, :])
    joined[..., 0, :], joined[..., 1, :] = length * np.cos(direction), length * np.sin(direction)
    return joined


def _vectors(coding: Coding, values: Array) -> Array:
    """(..., 3, K): cosine and sine of the azimuth that a pair sees, and the activity."""
    if isinstance(coding, Classwise | Tracks):
        azimuth = np.radians(values[..., 1, :])
        return np.stack([np.cos(azimuth), np.sin(azimuth), values[..., 0, :]], axis=-2)
    x, y = values[..., 0, :], values[..., 1, :]
    length = np.hypot(x, y)
    floor = np.maximum(length, np.float32(1e-9))
    return np.stack([x / floor, y / floor, length], axis=-2)


def _fitting_order(side: Array, front: Array) -> NDArray[np.intp]:
    """(B, L, N, K): which track of the second pair is the source of each track of the first.

    Each pair tells |cos(a)| and |sin(a)| of a source; they must agree, and so must the activity.
    """
    orders = np.array(list(itertools.permutations(range(side.shape[2]))))
    costs = []
    for order in orders:
        other = front[:, :, order]
        cosines, sines = (abs(side[..., one, :]) - abs(other[..., 1 - one, :]) for one in (0, 1))
        # The direction of a track that is silent means nothing.
        both = np.minimum(side[..., 2, :], other[..., 2, :])
        costs.append(((cosines**2 + sines**2) * both + (side[..., 2, :] - other[..., 2, :]) ** 2).sum(axis=2))
    fitting: NDArray[np.intp] = orders[np.argmin(costs, axis=0)].transpose(0, 1, 3, 2)
    return fitting
