"""Source positions, and what settings of rooms are refused."""

import math

import pytest
from hypothesis import given, strategies as st
from room_examples import plain_room

from whence.errors import SceneError
from whence.scenes.rooms.room import RoomSettings, SourcePosition


@given(st.floats(-180, 179.99), st.floats(-90, 90), st.floats(0.1, 50))
def test_offsets_turn_back_into_the_direction_they_came_from(azimuth, elevation, distance):
    x, y, z = SourcePosition(azimuth, elevation, distance).offset_m()
    assert math.hypot(x, y, z) == pytest.approx(distance)
    assert math.degrees(math.asin(max(-1, min(1, z / distance)))) == pytest.approx(elevation, abs=1e-4)
    if abs(elevation) < 89:
        apart = math.degrees(math.atan2(y, x)) - azimuth
        assert (apart + 180) % 360 - 180 == pytest.approx(0.0, abs=1e-6)


def test_left_is_y_ahead_is_x_and_up_is_z():
    assert SourcePosition(90, 0, 2).offset_m() == pytest.approx((0, 2, 0))
    assert SourcePosition(0, 0, 2).offset_m() == pytest.approx((2, 0, 0))
    assert SourcePosition(0, 90, 2).offset_m() == pytest.approx((0, 0, 2))
    assert plain_room().coordinates_of(SourcePosition(-90, 0, 1)) == pytest.approx((2.3, 1.1, 1.5))
    assert plain_room().volume_m3 == pytest.approx(56.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth_m": (5.0, 4.0)}, r"rooms: depth_m is \(5.0, 4.0\); the first must not be above the second"),
        ({"width_m": (1.0, 4.0)}, r"width_m is \(1.0, 4.0\); both must lie between 1.5 and 30.0"),
        ({"width_m": (4.0,)}, r"width_m is \(4.0,\); it must be 2 numbers, rising"),
        ({"width_m": 4.0}, "width_m is 4.0; it must be 2 numbers, rising"),
        ({"elevation_deg": (-60, -46, -17, 0)}, "it must be 5 numbers, rising"),
        ({"height_m": (2.4, math.nan)}, "height_m"),
        ({"elevation_deg": (-60, -46, 10, 0, 20)}, r"elevation_deg is \(10, 0\)"),
        ({"positions_per_room": 0}, "positions_per_room is 0; it must lie between 1 and 1000"),
        ({"tap_count": 100}, "tap_count is 100"),
        ({"wall_contrast": math.nan}, "wall_contrast is nan"),
        ({"distance_mean_m": 5.5}, "put it inside distance_m"),
        ({"distance_m": (1.5, 5.0)}, "does not fit: the listener may be 0.90 m from a wall"),
        ({"listener_height_m": (0.4, 1.0)}, "between floor and ceiling"),
        ({"listener_height_m": (1.3, 2.2)}, "between floor and ceiling"),
    ],
)
def test_impossible_ranges_are_refused_by_name(change, message):
    with pytest.raises(SceneError, match=message):
        RoomSettings(**change)


def test_a_single_value_is_a_range_of_no_width():
    assert RoomSettings(rt60_s=(0.5, 0.5)).rt60_s == (0.5, 0.5)
