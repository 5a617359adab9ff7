"""Choosing rooms of a bank."""

import numpy as np
import pytest

from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank, merge
from whence.scenes.rooms.selection import select_rooms


def bank_of(rooms):
    """A bank whose responses say which room they belong to."""
    rows = np.array(rooms, np.int32)
    column = np.arange(len(rows), dtype=np.float32)
    count = rows.max() + 1
    return RoomBank(
        responses=np.tile(rows[:, None, None], (1, 3, 4)).astype(np.float16),
        direct_sample=np.zeros(len(rows), np.int32),
        room=rows,
        azimuth_deg=column,
        elevation_deg=column,
        distance_m=column + 1,
        room_name=tuple(f"room {number}" for number in range(count)),
        rt60_s=np.arange(count, dtype=np.float32) + 0.5,
    )


def test_rooms_keep_their_responses_and_are_numbered_anew():
    chosen = select_rooms(bank_of([0, 1, 2, 1, 0, 2]), [2, 0])
    assert chosen.room_name == ("room 2", "room 0")
    np.testing.assert_array_equal(chosen.room, [0, 0, 1, 1])
    np.testing.assert_array_equal(chosen.responses[:, 0, 0], [2, 2, 0, 0])
    np.testing.assert_array_equal(chosen.azimuth_deg, [2, 5, 0, 4])
    np.testing.assert_array_equal(chosen.rt60_s, [2.5, 0.5])


def test_what_is_shared_out_and_merged_is_the_whole():
    bank = bank_of([0, 0, 1, 1, 2])
    again = merge([select_rooms(bank, [0, 1]), select_rooms(bank, [2])])
    np.testing.assert_array_equal(again.responses, bank.responses)
    np.testing.assert_array_equal(again.room, bank.room)
    assert again.room_name == bank.room_name


@pytest.mark.parametrize("rooms", [[], [3], [-1], [1, 1]])
def test_rooms_that_cannot_be_chosen_are_said(rooms):
    with pytest.raises(SceneError, match="name each room"):
        select_rooms(bank_of([0, 1, 2]), rooms)
