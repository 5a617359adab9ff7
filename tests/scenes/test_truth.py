"""Labels from geometry: folding, turning, paths, source numbers, order."""

import numpy as np
import pytest
from tiny_banks import dry_rooms, one_event, scene_of, sounds_of, still

from whence.labels import Events
from whence.scenes.scene import SourcePath, Waypoint
from whence.scenes.truth import events_of_scene, place_at

SOUNDS = sounds_of([np.ones(2_400)])
ROOMS = dry_rooms(
    [30.0, 100.0, -170.0, 170.0], elevation_deg=[0.0, -20.0, -40.0, 10.0], distance_m=[1.0, 2.0, 3.0, 4.0]
)
MOMENTS = np.array([0.0, 500.0, 1_000.0])


@pytest.mark.parametrize(("turn", "azimuth"), [(0.0, 30.0), (90.0, 120.0), (200.0, -130.0), (720.0, 30.0)])
def test_a_still_source_stays_where_its_response_is_turned_to(turn, azimuth):
    place = place_at(still(0, turn), ROOMS, MOMENTS)
    np.testing.assert_allclose(place.azimuth_deg, [azimuth] * 3)
    np.testing.assert_allclose((place.elevation_deg, place.distance_m), [[0.0] * 3, [1.0] * 3])


def test_between_waypoints_everything_goes_straight():
    place = place_at(SourcePath((Waypoint(0, 0, 10.0), Waypoint(1_000, 1, 0.0))), ROOMS, MOMENTS)
    np.testing.assert_allclose(place.azimuth_deg, [40.0, 70.0, 100.0], atol=1e-5)
    np.testing.assert_allclose(place.elevation_deg, [0.0, -10.0, -20.0])
    np.testing.assert_allclose(place.distance_m, [1.0, 1.5, 2.0])


def test_the_short_way_is_taken_behind_the_listener():
    place = place_at(SourcePath((Waypoint(0, 3, 0.0), Waypoint(1_000, 2, 0.0))), ROOMS, MOMENTS)
    np.testing.assert_allclose(np.abs(place.azimuth_deg), [170.0, 180.0, 170.0], atol=1e-5)


def test_before_the_first_and_after_the_last_waypoint_a_source_stands():
    path = SourcePath((Waypoint(400, 0, 0.0), Waypoint(600, 1, 0.0)))
    np.testing.assert_allclose(place_at(path, ROOMS, MOMENTS).azimuth_deg, [30.0, 65.0, 100.0], atol=1e-5)


def test_the_table_is_sorted_folded_and_numbers_sources_within_a_class():
    events = [
        one_event(SOUNDS, path=still(1), class_index=8),
        one_event(SOUNDS, path=still(0), class_index=2),
        one_event(SOUNDS, path=still(0), class_index=-2),
        one_event(SOUNDS, path=still(2), class_index=8),
    ]
    active = [np.array([0, 1]), np.array([1]), np.array([0, 1, 2]), np.array([1])]
    table = events_of_scene(scene_of(events), ROOMS, active)
    assert table.frame.tolist() == [0, 1, 1, 1]
    assert table.class_index.tolist() == [8, 2, 8, 8]
    assert table.source.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(table.azimuth_deg, [80.0, 30.0, 80.0, -10.0])
    np.testing.assert_allclose(table.elevation_deg, [-20.0, 0.0, -20.0, -40.0])
    np.testing.assert_allclose(table.distance_m, [2.0, 1.0, 2.0, 3.0])
    assert set(table.score) == {1.0}


def test_a_scene_in_which_nothing_is_heard_has_an_empty_table():
    assert events_of_scene(scene_of([]), ROOMS, []) == Events.empty()
    nothing = [np.zeros(0, dtype=np.intp)]
    assert events_of_scene(scene_of([one_event(SOUNDS)]), ROOMS, nothing) == Events.empty()
