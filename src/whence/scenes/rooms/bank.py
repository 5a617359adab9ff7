"""A bank of spatial room impulse responses: computed or measured once, used by every scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RoomBank:
    """First-order responses from many positions in many rooms to one listener each, at 24 kHz.

    Height (Z) is not kept: a stereo pair looking along the horizon does not hear it. Turning the listener
    by t degrees is `Y' = sin(t) X + cos(t) Y`, so one response serves every azimuth.

    Args:
        responses: (response, 3, tap) float16: W, Y, X (ACN order without Z). The direct sound of a source at
            1 m has W = 1 (SN3D); propagation delay is removed up to `direct_sample`.
        direct_sample: (response,) int32, where the direct sound arrives.
        room: (response,) int32, position in `room_name` and `rt60_s`.
        azimuth_deg: (response,) float32 of the source at viewing angle 0, [-180, 180), positive to the left.
        elevation_deg: (response,) float32.
        distance_m: (response,) float32.
        room_name: (room,) for people.
        rt60_s: (room,) float32.
    """

    responses: NDArray[np.float16]
    direct_sample: NDArray[np.int32]
    room: NDArray[np.int32]
    azimuth_deg: NDArray[np.float32]
    elevation_deg: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    room_name: tuple[str, ...]
    rt60_s: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.room)
