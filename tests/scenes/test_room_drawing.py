import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from whence.errors import SceneError
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import Room
from whence.scenes.rooms.settings import RoomSettings


@pytest.fixture(scope="module")
def rooms():
    return [draw_room(11, index, RoomSettings()) for index in range(60)]


def test_the_same_coordinates_give_the_same_room_in_any_order():
    chosen = RoomSettings(places_per_room=5)
    forwards = [draw_room(1, index, chosen) for index in range(3)]
    assert [draw_room(1, index, chosen) for index in (2, 1, 0)] == forwards[::-1]
    assert draw_room(2, 0, chosen).dimensions_m != forwards[0].dimensions_m


def test_seed_and_number_are_not_mixed_up():
    chosen = RoomSettings(places_per_room=1)
    sizes = {draw_room(seed, index, chosen).dimensions_m for seed in range(4) for index in range(4)}
    assert len(sizes) == 16


def test_drawn_rooms_keep_to_their_ranges(rooms):
    limits = RoomSettings()
    for room in rooms:
        spans = (limits.depth_m, limits.width_m, limits.height_m)
        assert all(low <= size <= high for size, (low, high) in zip(room.dimensions_m, spans, strict=True))
        assert limits.rt60_s[0] <= room.rt60_s <= limits.rt60_s[1]
        assert limits.listener_height_m[0] <= room.listener_m[2] <= limits.listener_height_m[1]
        assert len(room.places) == limits.places_per_room
        for place in room.places:
            x, y, z = room.position_of(place)
            assert limits.wall_gap_m - 1e-9 <= x <= room.dimensions_m[0] - limits.wall_gap_m + 1e-9
            assert limits.wall_gap_m - 1e-9 <= y <= room.dimensions_m[1] - limits.wall_gap_m + 1e-9
            assert limits.floor_gap_m - 1e-9 <= z <= room.dimensions_m[2] - limits.floor_gap_m + 1e-9
            assert limits.distance_m[0] <= place.distance_m <= limits.distance_m[1]
            assert limits.elevation_deg[0] <= place.elevation_deg <= limits.elevation_deg[4]


def test_each_part_of_the_turn_holds_one_place(rooms):
    for room in rooms:
        parts = [math.floor((place.azimuth_deg + 180) / (360 / len(room.places))) for place in room.places]
        assert parts == list(range(len(room.places)))


def test_distances_and_elevations_follow_the_settings(rooms):
    distance = np.array([place.distance_m for room in rooms for place in room.places])
    elevation = np.array([place.elevation_deg for room in rooms for place in room.places])
    # Walls forbid some far places, so the mean may only be a little lower.
    assert 1.8 <= distance.mean() <= 1.92
    assert 0.58 <= distance.std() <= 0.72
    assert np.percentile(elevation, [5, 50, 95]) == pytest.approx([-46, -17, 0], abs=1.5)


def test_distance_and_direction_are_not_tied_together(rooms):
    distance = np.array([place.distance_m for room in rooms for place in room.places])
    side = np.sin(np.radians([place.azimuth_deg for room in rooms for place in room.places]))
    assert abs(np.corrcoef(distance, side)[0, 1]) < 0.06


def test_treble_decays_faster_and_the_middle_is_what_was_asked(rooms):
    for room in rooms:
        bands = room.band_rt60_s
        assert bands[0] >= bands[3] >= bands[4] >= bands[5] >= bands[6]
        assert np.mean(bands[2:4]) == pytest.approx(room.rt60_s)
        assert 0.4 < bands[6] / room.rt60_s < 0.95


def test_a_drawn_room_survives_json(rooms):
    assert Room.from_dict(json.loads(json.dumps(rooms[0].as_dict()))) == rooms[0]


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.sampled_from(["small", "dead", "near walls"]))
@settings(max_examples=15, deadline=None)
def test_any_seed_draws_a_room_even_in_tight_settings(seed, index, kind):
    chosen = {
        "small": RoomSettings(depth_m=(2.4, 2.5), width_m=(2.4, 2.5), height_m=(2.3, 2.3), distance_m=(0.3, 9.0)),
        "dead": RoomSettings(rt60_s=(0.1, 0.1), depth_m=(20, 30), width_m=(20, 30), wall_contrast=1.0),
        "near walls": RoomSettings(listener_offset=0.3, distance_m=(0.25, 2.0), distance_mean_m=1.5),
    }[kind]
    # Room itself refuses places in the walls and absorption of 1.
    assert len(draw_room(seed, index, chosen).places) == 40


def test_a_place_that_fits_nowhere_is_brought_nearer():
    tight = RoomSettings(
        depth_m=(3, 3), width_m=(3, 3), distance_m=(0.5, 10), distance_mean_m=8, distance_sd_m=1, places_per_room=7
    )
    distances = [place.distance_m for place in draw_room(0, 0, tight).places]
    assert min(distances) >= 0.5
    assert max(distances) < 2.5


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_negative_coordinates_are_refused(seed, index):
    with pytest.raises(SceneError, match=f"seed {seed}, room {index}; use numbers of 0 or more"):
        draw_room(seed, index, RoomSettings())
