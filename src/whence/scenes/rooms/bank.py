"""A bank of spatial room impulse responses: computed or measured once, used by every scene."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import SceneError
from whence.labels import wrap


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

    Raises:
        SceneError: if the columns do not fit each other.
    """

    responses: NDArray[np.float16]
    direct_sample: NDArray[np.int32]
    room: NDArray[np.int32]
    azimuth_deg: NDArray[np.float32]
    elevation_deg: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    room_name: tuple[str, ...]
    rt60_s: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.responses.ndim != 3 or self.responses.shape[1] != 3:
            raise SceneError(f"a room bank's responses are (response, 3, tap), not {self.responses.shape}")
        columns = (self.direct_sample, self.room, self.azimuth_deg, self.elevation_deg, self.distance_m)
        if {column.shape for column in columns} != {self.responses.shape[:1]}:
            raise SceneError(f"a room bank needs one entry per response in each column: {len(self.responses)} of them")
        if self.rt60_s.shape != (len(self.room_name),):
            raise SceneError("a room bank needs one name and one reverberation time per room")

    def __len__(self) -> int:
        return len(self.room)

    def stereo(self, response_number: int, viewing_angle_deg: float) -> NDArray[np.float32]:
        """Turn one response so that the pair looks to the right by an angle, and take its two cardioids.

        Args:
            response_number: position in the bank.
            viewing_angle_deg: a source at azimuth a is heard at a + viewing_angle_deg.

        Returns:
            (2, tap) float32, left first: L = W + Y', R = W - Y'.

        Source: the stereo conversion of the DCASE 2025 Task 3 data.

        >>> silence, pulse = np.zeros((1, 3, 4), np.float16), np.zeros(1, np.int32)
        >>> silence[0, :2, 0] = 1.0  # a source at the left: W = Y
        >>> column = np.zeros(1, np.float32)
        >>> bank = RoomBank(silence, pulse, pulse, column + 90, column, column + 1, ("hall",), column + 0.5)
        >>> bank.stereo(0, 0.0)[:, 0].tolist(), bank.stereo(0, 180.0)[:, 0].tolist()
        ([2.0, 0.0], [0.0, 2.0])
        """
        w, y, x = self.responses[response_number].astype(np.float32)
        angle = np.radians(viewing_angle_deg)
        side = np.float32(np.sin(angle)) * x + np.float32(np.cos(angle)) * y
        return np.stack([w + side, w - side])


def azimuth_column(azimuth_deg: ArrayLike) -> NDArray[np.float32]:
    """Hold azimuths as a bank does: rounding to float32 must not make a full half turn of slightly less.

    Args:
        azimuth_deg: (response,) any number of turns.

    Returns:
        (response,) in [-180, 180).

    >>> azimuth_column([179.9999999, 190.0]).tolist()
    [-180.0, -170.0]
    """
    column = wrap(azimuth_deg).astype(np.float32)
    return np.where(column >= 180.0, np.float32(-180.0), column)


def merge(banks: Sequence[RoomBank]) -> RoomBank:
    """Put banks one after the other; shorter responses end in silence.

    Args:
        banks: at least one; drawn and measured ones mix freely.

    Returns:
        all responses and rooms in the order given.

    Raises:
        SceneError: if there is nothing to merge.
    """
    if not banks:
        raise SceneError("no room banks to merge; give at least one")
    tap_count = max(bank.responses.shape[2] for bank in banks)
    responses = np.zeros((sum(map(len, banks)), 3, tap_count), dtype=np.float16)
    first_room = np.cumsum([0, *(len(bank.room_name) for bank in banks)])
    first = 0
    for bank in banks:
        responses[first : first + len(bank), :, : bank.responses.shape[2]] = bank.responses
        first += len(bank)
    return RoomBank(
        responses=responses,
        direct_sample=np.concatenate([bank.direct_sample for bank in banks]),
        room=np.concatenate([bank.room + np.int32(start) for bank, start in zip(banks, first_room, strict=False)]),
        azimuth_deg=np.concatenate([bank.azimuth_deg for bank in banks]),
        elevation_deg=np.concatenate([bank.elevation_deg for bank in banks]),
        distance_m=np.concatenate([bank.distance_m for bank in banks]),
        room_name=tuple(name for bank in banks for name in bank.room_name),
        rt60_s=np.concatenate([bank.rt60_s for bank in banks]),
    )
