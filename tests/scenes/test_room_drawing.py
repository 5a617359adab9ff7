"""Drawn rooms and the absorption of their walls."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from room_examples import brute_force_images, plain_room

from whence.errors import SceneError
from whence.scenes.rooms.drawing import absorption_for, draw_room, energy_left
from whence.scenes.rooms.room import HANDOVER_S, RoomSettings


@pytest.fixture(scope="module")
def rooms():
    return [draw_room(11, index, RoomSettings()) for index in range(60)]


def test_the_same_coordinates_give_the_same_room_in_any_order():
    chosen = RoomSettings(positions_per_room=5)
    forwards = [draw_room(1, index, chosen) for index in range(3)]
    assert [draw_room(1, index, chosen) for index in (2, 1, 0)] == forwards[::-1]
    assert draw_room(2, 0, chosen).dimensions_m != forwards[0].dimensions_m


def test_seed_and_number_are_not_mixed_up():
    chosen = RoomSettings(positions_per_room=1)
    sizes = {draw_room(seed, index, chosen).dimensions_m for seed in range(4) for index in range(4)}
    assert len(sizes) == 16


def test_drawn_rooms_keep_to_their_ranges(rooms):
    limits = RoomSettings()
    for room in rooms:
        spans = (limits.depth_m, limits.width_m, limits.height_m)
        assert all(low <= size <= high for size, (low, high) in zip(room.dimensions_m, spans, strict=True))
        assert limits.rt60_s[0] <= room.rt60_s <= limits.rt60_s[1]
        assert limits.listener_height_m[0] <= room.listener_m[2] <= limits.listener_height_m[1]
        assert len(room.positions) == limits.positions_per_room
        for position in room.positions:
            x, y, z = room.coordinates_of(position)
            assert limits.wall_gap_m - 1e-9 <= x <= room.dimensions_m[0] - limits.wall_gap_m + 1e-9
            assert limits.wall_gap_m - 1e-9 <= y <= room.dimensions_m[1] - limits.wall_gap_m + 1e-9
            assert limits.floor_gap_m - 1e-9 <= z <= room.dimensions_m[2] - limits.floor_gap_m + 1e-9
            assert limits.distance_m[0] <= position.distance_m <= limits.distance_m[1]
            assert limits.elevation_deg[0] <= position.elevation_deg <= limits.elevation_deg[4]


def test_each_part_of_the_turn_holds_one_position(rooms):
    for room in rooms:
        parts = [math.floor((position.azimuth_deg + 180) / (360 / len(room.positions))) for position in room.positions]
        assert parts == list(range(len(room.positions)))


def test_distances_and_elevations_follow_the_settings(rooms):
    distance = np.array([position.distance_m for room in rooms for position in room.positions])
    elevation = np.array([position.elevation_deg for room in rooms for position in room.positions])
    # Walls forbid some far positions, so the mean may only be a little lower.
    assert 1.8 <= distance.mean() <= 1.92
    assert 0.58 <= distance.std() <= 0.72
    assert np.percentile(elevation, [5, 50, 95]) == pytest.approx([-46, -17, 0], abs=1.5)


def test_distance_and_direction_are_not_tied_together(rooms):
    distance = np.array([position.distance_m for room in rooms for position in room.positions])
    side = np.sin(np.radians([position.azimuth_deg for room in rooms for position in room.positions]))
    assert abs(np.corrcoef(distance, side)[0, 1]) < 0.06


def test_treble_decays_faster_and_the_middle_is_what_was_asked(rooms):
    for room in rooms:
        bands = room.band_rt60_s
        assert bands[0] >= bands[3] >= bands[4] >= bands[5] >= bands[6]
        assert np.mean(bands[2:4]) == pytest.approx(room.rt60_s)
        assert 0.4 < bands[6] / room.rt60_s < 0.95


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.sampled_from(["small", "dead", "near walls"]))
@settings(max_examples=15, deadline=None)
def test_any_seed_draws_a_room_even_in_tight_settings(seed, index, kind):
    chosen = {
        "small": RoomSettings(depth_m=(2.4, 2.5), width_m=(2.4, 2.5), height_m=(2.3, 2.3), distance_m=(0.3, 9.0)),
        "dead": RoomSettings(rt60_s=(0.1, 0.1), depth_m=(20, 30), width_m=(20, 30), wall_contrast=1.0),
        "near walls": RoomSettings(listener_offset=0.3, distance_m=(0.25, 2.0), distance_mean_m=1.5),
    }[kind]
    room = draw_room(seed, index, chosen)
    assert len(room.positions) == 40
    for position in room.positions:
        assert position.distance_m > 0
        coordinates = room.coordinates_of(position)
        assert all(0 < at < side for at, side in zip(coordinates, room.dimensions_m, strict=True))
    assert all(0 <= share < 1 for wall in room.absorption for share in wall)
    assert all(0 < time_s < 60 for time_s in room.band_rt60_s)


def test_a_position_that_fits_nowhere_is_brought_nearer():
    tight = RoomSettings(
        depth_m=(3, 3), width_m=(3, 3), distance_m=(0.5, 10), distance_mean_m=8, distance_sd_m=1, positions_per_room=7
    )
    distances = [position.distance_m for position in draw_room(0, 0, tight).positions]
    assert min(distances) >= 0.5
    assert max(distances) < 2.5


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_negative_coordinates_are_refused(seed, index):
    with pytest.raises(SceneError, match=f"seed {seed}, room {index}; use numbers of 0 or more"):
        draw_room(seed, index, RoomSettings())


def losses(absorption):
    """(axis, band) as `energy_left` takes them, from (6, band) absorption."""
    return -np.log(1 - absorption).reshape(3, 2, -1).mean(axis=1)


def energy_left_by_random_directions(dimensions_m, absorption, time_s, count=40_000):
    """The same mean over directions, by random directions, with one band."""
    direction = np.random.default_rng([1, 2, 3]).standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    total = 0.0
    for axis in range(3):
        kept = np.sqrt((1 - absorption[2 * axis]) * (1 - absorption[2 * axis + 1]))
        total = total + np.abs(direction[:, axis]) * 343.0 * time_s / dimensions_m[axis] * np.log(kept)
    return float(np.exp(total).mean())


@pytest.mark.parametrize("time_s", [0.01, 0.06, 0.2])
def test_the_mean_over_directions_equals_random_directions(time_s):
    walls = np.array([0.1, 0.3, 0.05, 0.2, 0.5, 0.4])
    slow = energy_left_by_random_directions((6.0, 3.5, 2.5), walls, time_s)
    assert energy_left((6.0, 3.5, 2.5), losses(walls[:, None]), time_s)[0] == pytest.approx(slow, rel=0.02)


def test_the_formula_is_what_images_do():
    room = plain_room(0.25)
    energy, times = 0.0, (0.04, 0.06)
    images = brute_force_images(room, times[1], band=0)
    for position in images:
        for offset, amplitude in position:
            if np.linalg.norm(offset) > times[0] * 343:
                energy += amplitude**2 / (offset @ offset) / len(images)
    steps = np.linspace(*times, 41)
    mean = np.mean([energy_left(room.dimensions_m, losses(np.full((6, 1), 0.25)), t)[0] for t in steps])
    assert energy == pytest.approx(4 * np.pi * 343 / room.volume_m3 * mean * (times[1] - times[0]), rel=0.1)


@given(
    st.tuples(st.floats(2, 12), st.floats(2, 12), st.floats(2, 5)),
    st.floats(0.15, 3.0),
    st.lists(st.floats(0.3, 3.0), min_size=6, max_size=6),
)
@settings(max_examples=30, deadline=None)
def test_the_walls_found_leave_exactly_the_energy_asked_for(dimensions_m, rt60_s, weight):
    walls = absorption_for(dimensions_m, np.array([rt60_s]), np.array(weight)[:, None])
    left_db = 10 * np.log10(energy_left(dimensions_m, losses(walls), HANDOVER_S)[0])
    assert left_db == pytest.approx(-60 * HANDOVER_S / rt60_s, abs=1e-6)
    assert ((walls > 0) & (walls < 1)).all()
    log_loss = np.log1p(-walls[:, 0])
    assert log_loss / log_loss[0] == pytest.approx(np.array(weight) / weight[0])


def test_bands_do_not_touch_each_other():
    times = np.array([0.2, 0.4, 0.8])
    together = absorption_for((5, 4, 3), times, np.ones((6, 3)))
    for band, rt60_s in enumerate(times):
        assert together[:, [band]] == pytest.approx(absorption_for((5, 4, 3), np.array([rt60_s]), np.ones((6, 1))))
    assert (np.diff(together[0]) < 0).all()


def test_equal_walls_come_near_to_eyrings_formula():
    volume, surface = 60.0, 94.0
    eyring = 1 - np.exp(-24 * np.log(10) / 343 * volume / surface / 0.5)
    assert absorption_for((5, 4, 3), np.array([0.5]), np.ones((6, 1)))[0, 0] == pytest.approx(eyring, rel=0.05)
