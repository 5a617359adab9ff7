import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from room_examples import brute_force_images, plain_room

from whence.scenes.rooms.absorption import HANDOVER_S, absorption_for, energy_left


def energy_left_by_rolling_dice(dimensions_m, absorption, time_s, count=40_000):
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
    slow = energy_left_by_rolling_dice((6.0, 3.5, 2.5), walls, time_s)
    assert energy_left((6.0, 3.5, 2.5), walls[:, None], time_s)[0] == pytest.approx(slow, rel=0.02)


def test_the_formula_is_what_images_do():
    room = plain_room(0.25)
    energy, times = 0.0, (0.04, 0.06)
    images = brute_force_images(room, times[1], band=0)
    for place in images:
        for offset, amplitude in place:
            if np.linalg.norm(offset) > times[0] * 343:
                energy += amplitude**2 / (offset @ offset) / len(images)
    steps = np.linspace(*times, 41)
    mean = np.mean([energy_left(room.dimensions_m, np.full((6, 1), 0.25), t)[0] for t in steps])
    assert energy == pytest.approx(4 * np.pi * 343 / room.volume_m3 * mean * (times[1] - times[0]), rel=0.1)


@given(
    st.tuples(st.floats(2, 12), st.floats(2, 12), st.floats(2, 5)),
    st.floats(0.15, 3.0),
    st.lists(st.floats(0.3, 3.0), min_size=6, max_size=6),
)
@settings(max_examples=30, deadline=None)
def test_the_walls_found_leave_exactly_the_energy_asked_for(dimensions_m, rt60_s, weight):
    walls = absorption_for(dimensions_m, np.array([rt60_s]), np.array(weight)[:, None])
    left_db = 10 * np.log10(energy_left(dimensions_m, walls, HANDOVER_S)[0])
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
