import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from room_examples import plain_room

from whence.errors import SceneError
from whence.scenes.rooms.room import Place, Room


def test_a_room_goes_through_json_unchanged():
    room = plain_room()
    assert Room.from_dict(json.loads(json.dumps(room.as_dict()))) == room


@given(st.floats(-180, 179.99), st.floats(-90, 90), st.floats(0.1, 50))
def test_offsets_turn_back_into_the_direction_they_came_from(azimuth, elevation, distance):
    x, y, z = Place(azimuth, elevation, distance).offset_m()
    assert math.hypot(x, y, z) == pytest.approx(distance)
    assert math.degrees(math.asin(max(-1, min(1, z / distance)))) == pytest.approx(elevation, abs=1e-4)
    if abs(elevation) < 89:
        apart = math.degrees(math.atan2(y, x)) - azimuth
        assert (apart + 180) % 360 - 180 == pytest.approx(0.0, abs=1e-6)


def test_left_is_y_ahead_is_x_and_up_is_z():
    assert Place(90, 0, 2).offset_m() == pytest.approx((0, 2, 0))
    assert Place(0, 0, 2).offset_m() == pytest.approx((2, 0, 0))
    assert Place(0, 90, 2).offset_m() == pytest.approx((0, 0, 2))
    assert plain_room().position_of(Place(-90, 0, 1)) == pytest.approx((2.3, 1.1, 1.5))
    assert plain_room().volume_m3 == pytest.approx(56.0)


def test_inside_means_within_all_six_walls():
    room = plain_room()
    assert room.is_inside((0.1, 0.1, 0.1))
    assert not room.is_inside((0.1, 0.1, 0.1), gap_m=0.2)
    for axis in range(3):
        for value in (-0.01, room.dimensions_m[axis] + 0.01, math.nan):
            position = [1.0, 1.0, 1.0]
            position[axis] = value
            assert not room.is_inside(tuple(position))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"absorption": ((0.1,) * 7,) * 5}, "6 walls with 7 octave bands"),
        ({"absorption": ((0.1,) * 6,) * 6}, "6 walls with 7 octave bands"),
        ({"absorption": ((1.0,) * 7,) * 6}, "below 1"),
        ({"absorption": ((math.nan,) * 7,) * 6}, "below 1"),
        ({"rt60_s": 0.0}, "between 0 and 60 s"),
        ({"band_rt60_s": (0.4,) * 6}, "between 0 and 60 s"),
        ({"band_rt60_s": (0.4,) * 6 + (math.inf,)}, "between 0 and 60 s"),
        ({"listener_m": (2.0, 5.0, 1.0)}, "listener at .* outside"),
        ({"places": (Place(0, 0, 4.0),)}, "outside the walls"),
        ({"places": (Place(0, 0, 0.0),)}, "no distance"),
    ],
)
def test_impossible_rooms_are_refused_by_name(change, message):
    with pytest.raises(SceneError, match=f"'hand-made'.*{message}"):
        replace(plain_room(), **change)


@pytest.mark.parametrize("spoil", ["drop", "extra", "places", "number"])
def test_descriptions_that_are_not_rooms_are_refused(spoil):
    plain = plain_room().as_dict()
    if spoil == "drop":
        del plain["listener_m"]
    elif spoil == "extra":
        plain["colour"] = "green"
    elif spoil == "places":
        plain["places"] = [{"azimuth": 3}]
    else:
        plain["dimensions_m"] = 7
    with pytest.raises(SceneError, match="not a room's description"):
        Room.from_dict(plain)


def test_rooms_can_be_told_apart():
    assert plain_room() != plain_room(0.2)
    assert np.array(plain_room(0.2).absorption).shape == (6, 7)
