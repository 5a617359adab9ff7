import math

import pytest

from whence.errors import SceneError
from whence.scenes.rooms.settings import RoomSettings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth_m": (5.0, 4.0)}, r"depth_m is \(5.0, 4.0\); two numbers from 1.5 to 30.0, the lower one first"),
        ({"width_m": (4.0,)}, "width_m .*two numbers"),
        ({"width_m": 4.0}, "width_m .*two numbers"),
        ({"height_m": (2.4, math.nan)}, "height_m"),
        ({"rt60_s": (0.0, 0.5)}, "rt60_s .* from 0.1 to 5"),
        ({"rt60_s": ("0.2", "0.5")}, "rt60_s"),
        ({"elevation_deg": (-60, -46, -17, 0)}, "five numbers"),
        ({"elevation_deg": (-60, -46, 10, 0, 20)}, "five numbers .*lower one first"),
        ({"places_per_room": 0}, "places_per_room is 0; a whole number from 1"),
        ({"places_per_room": 2.5}, "a whole number"),
        ({"places_per_room": True}, "a whole number"),
        ({"tap_count": 100}, "tap_count is 100"),
        ({"wall_contrast": (0.1, 0.2)}, "wall_contrast .*a number"),
        ({"distance_mean_m": 5.5}, "put it inside distance_m"),
        ({"distance_m": (1.5, 5.0)}, "does not fit: the listener may stand 0.90 m from a wall"),
        ({"listener_height_m": (0.4, 1.0)}, "between floor and ceiling"),
        ({"listener_height_m": (1.3, 2.2)}, "between floor and ceiling"),
    ],
)
def test_impossible_ranges_are_refused_by_name(change, message):
    with pytest.raises(SceneError, match=message):
        RoomSettings(**change)


def test_a_single_value_is_a_range_of_no_width():
    assert RoomSettings(rt60_s=(0.5, 0.5)).rt60_s == (0.5, 0.5)


def test_whole_numbers_are_numbers():
    assert RoomSettings(depth_m=(4, 6), wall_contrast=0).depth_m == (4, 6)
