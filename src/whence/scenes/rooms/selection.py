"""Some rooms of a bank as a bank of their own: what training and validation share out."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank


def select_rooms(bank: RoomBank, rooms: ArrayLike) -> RoomBank:
    """Keep some rooms with all their responses.

    Args:
        bank: stays as it is.
        rooms: (room,) positions of the rooms to keep, in the order wanted, each once.

    Returns:
        a bank of these rooms, numbered from 0; their responses stand room by room.

    Raises:
        SceneError: if there is no room with such a number, one stands twice, or none is named.

    >>> column = np.zeros(2, np.float32)
    >>> bank = RoomBank(
    ...     np.zeros((2, 3, 4), np.float16), np.zeros(2, np.int32), np.array([0, 1], np.int32),
    ...     column, column, column + 1, ("hall", "attic"), column + 0.5)
    >>> select_rooms(bank, [1]).room_name
    ('attic',)
    """
    chosen = np.asarray(rooms, dtype=np.int64)
    if (
        not chosen.size
        or len(np.unique(chosen)) != chosen.size
        or not np.isin(chosen, range(len(bank.room_name))).all()
    ):
        raise SceneError(f"rooms {chosen.tolist()}: name each room of 0..{len(bank.room_name) - 1} at most once")
    rows = np.concatenate([np.flatnonzero(bank.room == room) for room in chosen])
    new_number = np.full(len(bank.room_name), -1, dtype=np.int32)
    new_number[chosen] = np.arange(chosen.size)
    columns = ("responses", "direct_sample", "azimuth_deg", "elevation_deg", "distance_m")
    return replace(
        bank,
        **{name: getattr(bank, name)[rows] for name in columns},
        room=new_number[bank.room[rows]],
        room_name=tuple(bank.room_name[room] for room in chosen),
        rt60_s=bank.rt60_s[chosen],
    )
