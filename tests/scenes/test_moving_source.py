"""Paths and their weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from tiny_banks import dry_rooms

from whence.labels import wrap
from whence.scenes.scene import SourcePath, Waypoint
from whence.scenes.transforms.moving_source import (
    MovingSourceSettings,
    draw_moving_path,
    nearest_response,
    path_through,
    support,
    waypoint_weights,
)

ROOMS = dry_rooms(np.arange(-180, 180, 15.0), distance_m=np.tile([1.0, 3.0], 12))
ALL = np.arange(24)
MOMENTS = st.lists(st.integers(-500, 1_500), min_size=2, max_size=6, unique=True).map(sorted)


def path_at(moments):
    return SourcePath(tuple(Waypoint(moment, 0, 0.0) for moment in moments))


@given(MOMENTS)
def test_weights_are_a_partition_of_one(moments):
    path = path_at(moments)
    weights = torch.stack([waypoint_weights(path, number, -100, 1_000) for number in range(len(moments))])
    np.testing.assert_allclose(weights.sum(0).numpy(), 1.0, atol=1e-6)
    assert (weights >= 0).all()
    # At most two responses sound at any moment.
    assert ((weights > 1e-6).sum(0) <= 2).all()


@given(MOMENTS)
def test_the_support_holds_all_weight(moments):
    path = path_at(moments)
    for number in range(len(moments)):
        weights = waypoint_weights(path, number, -100, 1_000).numpy()
        low, high = support(path, number, -100, 900)
        outside = np.ones(1_000, dtype=bool)
        outside[max(low + 100, 0) : max(high + 100, 0)] = False
        assert not weights[outside].any()


def test_weights_by_hand():
    path = path_at([0, 4, 8])
    assert waypoint_weights(path, 1, -1, 11).tolist() == [0, 0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0]
    assert waypoint_weights(path, 0, -1, 6).tolist() == [1, 1, 0.75, 0.5, 0.25, 0]


def by_loop(azimuth, distance):
    """The nearest of all responses, one at a time."""
    costs = []
    for number in range(24):
        angle = abs(float(wrap(float(ROOMS.azimuth_deg[number]) - azimuth)))
        metres = 0.0 if np.isnan(distance) else abs(float(ROOMS.distance_m[number]) - distance)
        costs.append(angle + 40 * metres)
    return int(np.argmin(costs))


@given(st.floats(-360, 360), st.floats(0, 6) | st.just(np.nan))
def test_the_nearest_response_weighs_angle_and_metres(azimuth, distance):
    assert nearest_response(ROOMS, ALL, np.array([azimuth]), np.array([distance]))[0] == by_loop(azimuth, distance)


@pytest.mark.parametrize("seed", range(20))
def test_a_drawn_path_has_the_drawn_speed_and_small_steps(seed):
    settings = MovingSourceSettings(speed_deg_per_s=(10.0, 30.0), step_deg=8.0)
    rng = np.random.default_rng(seed)
    path = draw_moving_path(rng, settings, ROOMS, ALL, Waypoint(-2_400, 5, 77.0), 69_600)
    azimuth = np.unwrap([float(ROOMS.azimuth_deg[w.response]) + w.turn_deg for w in path.waypoints], period=360)
    steps = np.diff(azimuth)
    assert wrap(azimuth[0] - (ROOMS.azimuth_deg[5] + 77.0)) == pytest.approx(0, abs=1e-4)
    assert (path.waypoints[0].sample, path.waypoints[-1].sample) == (-2_400, 69_600)
    assert 30 <= abs(azimuth[-1] - azimuth[0]) <= 90
    assert np.abs(steps).max() <= 8 + 1e-4
    assert np.ptp(steps) < 1e-3
    # It stays on its circle: the positions alternate between 1 m and 3 m.
    assert {float(ROOMS.distance_m[w.response]) for w in path.waypoints} == {float(ROOMS.distance_m[5])}


def test_both_directions_occur():
    ends = []
    for seed in range(20):
        path = draw_moving_path(
            np.random.default_rng(seed), MovingSourceSettings(), ROOMS, ALL, Waypoint(0, 5, 0.0), 24_000
        )
        azimuth = [float(ROOMS.azimuth_deg[w.response]) + w.turn_deg for w in path.waypoints]
        ends.append(np.sign(wrap(azimuth[-1] - azimuth[0])))
    assert set(ends) == {-1.0, 1.0}


def test_waypoints_that_fall_on_one_sample_are_one():
    path = path_through(ROOMS, ALL, np.zeros(4), np.full(4, np.nan), np.array([0.0, 0.2, 0.4, 7.0]), 0.0)
    assert [waypoint.sample for waypoint in path.waypoints] == [0, 7]
