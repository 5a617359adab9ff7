"""Shoebox rooms as a bank keeps them: what is needed to mirror any source in the walls, for any pair of microphones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.room import BANDS_HZ, WALLS, Room


@dataclass(frozen=True, eq=False)
class Images:
    """The image sources of one source position, without the direct sound.

    Args:
        offset_m: (image, 3) from the listener.
        amplitude: (image, band) left after all walls, without the loss by distance.
    """

    offset_m: NDArray[np.float64]
    amplitude: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shoeboxes:
    """The walls of some rooms; rows of NaN where they are not known, as those of measured rooms are.

    Args:
        dimensions_m: (room, 3) depth, width, height.
        listener_m: (room, 3) of the microphones.
        absorption: (room, wall, band) energy shares, as in `Room`.

    Raises:
        SceneError: if the columns do not fit each other.
    """

    dimensions_m: NDArray[np.float64]
    listener_m: NDArray[np.float64]
    absorption: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.dimensions_m)
        wanted = (count, 3), (count, 3), (count, len(WALLS), len(BANDS_HZ))
        if (self.dimensions_m.shape, self.listener_m.shape, self.absorption.shape) != wanted:
            raise SceneError(f"the walls of {count} rooms need dimensions, a listener and absorption for each")

    def __len__(self) -> int:
        return len(self.dimensions_m)

    @classmethod
    def of(cls, rooms: Sequence[Room]) -> Self:
        """Take the walls of drawn rooms."""
        return cls(
            np.array([room.dimensions_m for room in rooms], dtype=np.float64),
            np.array([room.listener_m for room in rooms], dtype=np.float64),
            np.array([room.absorption for room in rooms], dtype=np.float64),
        )

    @classmethod
    def unknown(cls, count: int) -> Self:
        """Return rooms without known walls."""
        absorption = np.full((count, len(WALLS), len(BANDS_HZ)), np.nan)
        return cls(np.full((count, 3), np.nan), np.full((count, 3), np.nan), absorption)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Concatenate rooms."""
        return cls(
            np.concatenate([part.dimensions_m for part in parts]),
            np.concatenate([part.listener_m for part in parts]),
            np.concatenate([part.absorption for part in parts]),
        )

    def select(self, rooms: NDArray[np.int64]) -> "Shoeboxes":
        """Return some of the rooms."""
        return Shoeboxes(self.dimensions_m[rooms], self.listener_m[rooms], self.absorption[rooms])

    def is_known(self, room: int) -> bool:
        """Whether the walls of a room are known."""
        return bool(np.isfinite(self.dimensions_m[room]).all())

    def images(self, room: int, offset_m: NDArray[np.float64], reach_m: float) -> Images:
        """Mirror a source in the six walls of a room, complete up to `reach_m` from the listener.

        Args:
            room: index of a room with known walls.
            offset_m: (3,) of the source from the listener.
            reach_m: images further away are left out.

        Source: Allen and Berkley, "Image method for efficiently simulating small-room acoustics", 1979.
        """
        offsets, amplitudes = [], []
        for axis in range(3):
            side, listener = float(self.dimensions_m[room, axis]), float(self.listener_m[room, axis])
            offset, near, far = _mirrored(side, listener, listener + float(offset_m[axis]), reach_m)
            decay = np.log1p(-self.absorption[room, 2 * axis : 2 * axis + 2]) / 2
            offsets.append(offset)
            amplitudes.append(np.exp(near[:, None] * decay[0] + far[:, None] * decay[1]))
        x, y, z = offsets
        squared = (x**2)[:, None, None] + (y**2)[:, None] + z**2
        # The direct sound is the first image of each axis.
        squared[0, 0, 0] = np.inf
        kept = np.nonzero(squared <= reach_m**2)
        offset = np.stack([values[index] for values, index in zip(offsets, kept, strict=True)], axis=1)
        amplitude = amplitudes[0][kept[0]] * amplitudes[1][kept[1]] * amplitudes[2][kept[2]]
        return Images(offset, amplitude)


def _mirrored(
    side_m: float, listener_m: float, source_m: float, reach_m: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Images along one axis: offset from the listener, reflections at the wall at 0 and at the wall at `side_m`."""
    most = math.ceil((reach_m + side_m) / (2 * side_m))
    # 0 first: the source itself.
    periods = np.array([0, *(n for n in range(-most, most + 1) if n)])
    same, mirror = 2 * side_m * periods + source_m, 2 * side_m * periods - source_m
    offset = np.concatenate([same, mirror]) - listener_m
    near = np.concatenate([np.abs(periods), np.abs(periods - 1)])
    far = np.concatenate([np.abs(periods), np.abs(periods)])
    kept = np.abs(offset) <= reach_m
    kept[0] = True
    return offset[kept], near[kept], far[kept]
