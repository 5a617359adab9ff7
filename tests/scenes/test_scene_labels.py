"""Labels of scenes: which frames are active (by hand, against a loop, edges), and where sources are in them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tiny_banks import dry_rooms, one_event, scene_of, sounds_of, still

from whence.errors import SceneError
from whence.labels import Events
from whence.scenes.scene import AudibleRule, SourcePath, Waypoint
from whence.scenes.scene_labels import events_of_scene, find_audible, trajectory_of


def active_frames(power, peak=1.0, **rule):
    """Active frames of a single event."""
    power = np.asarray(power, dtype=float)
    active, _ = find_audible(power, np.array([0, len(power)]), np.array([peak]), [AudibleRule(**rule)])
    return np.flatnonzero(active).tolist()


def test_frames_within_30_db_of_the_loudest_are_active():
    assert active_frames([1.0, 1.01e-3, 0.99e-3, 0, 0, 0, 0, 0, 1.0], pause_s=0) == [0, 1, 8]


def test_pauses_shorter_than_half_a_second_are_bridged():
    four, five = [1, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1]
    assert active_frames(four) == [0, 1, 2, 3, 4, 5]
    assert active_frames(five) == [0, 6]


def test_silence_before_and_after_is_not_bridged():
    assert active_frames([0, 0, 1, 0, 0]) == [2]


def test_the_noise_of_a_pause_is_not_taken_for_the_sound():
    assert active_frames([1e-6, 1e-6, 1e-6], peak=1.0) == []
    assert active_frames([1e-6, 1e-6, 1e-6], peak=0.01) == [0, 1, 2]


def test_nothing_is_raised_above_what_the_recording_allows():
    _, quiet = find_audible(np.array([1e-9]), np.array([0, 1]), np.array([1.0]), [AudibleRule()])
    assert quiet[0] == pytest.approx(10 ** (-45 / 20))
    _, loud = find_audible(np.array([0.25, 0.25e-4]), np.array([0, 2]), np.array([1.0]), [AudibleRule()])
    assert loud[0] == pytest.approx(0.5)


def test_silence_is_never_active():
    assert active_frames([0, 0, 0], peak=0.0, threshold_db=120, floor_db=120) == []


def test_no_events_no_frames():
    assert [len(part) for part in find_audible(np.zeros(0), np.array([0]), np.zeros(0), [])] == [0, 0]


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1e-9, 1e-4, 1e-3, 0.01, 1.0]), min_size=1, max_size=30), min_size=1, max_size=5
    ),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    st.sampled_from([0.1, 1.0]),
)
def test_many_events_at_once_equal_a_loop_over_each(events, pause_s, peak):
    rule = AudibleRule(pause_s=pause_s)
    first = np.cumsum([0, *map(len, events)])
    found_active, found_rms = find_audible(
        np.concatenate(events), first, np.full(len(events), peak), [rule] * len(events)
    )
    for number, power in enumerate(events):
        active, rms = by_loop(power, peak, rule)
        assert found_active[first[number] : first[number + 1]].tolist() == active
        assert found_rms[number] == pytest.approx(rms)


def by_loop(power, peak, rule):
    """The rule, word by word."""
    least = max(max(power) / 10 ** (rule.threshold_db / 10), peak**2 / 10 ** (rule.floor_db / 10))
    loud = [value >= least and value > 0 for value in power]
    active = list(loud)
    for start in range(len(power)):
        for end in range(start + 2, len(power)):
            pause = end - start - 1
            if loud[start] and loud[end] and not any(loud[start + 1 : end]) and pause < round(rule.pause_s * 10):
                active[start:end] = [True] * (end - start)
    chosen = [value for value, is_loud in zip(power, loud, strict=True) if is_loud]
    rms = np.sqrt(np.mean(chosen)) if chosen else 0.0
    return active, max(rms, peak * 10 ** (-45 / 20))


@pytest.mark.parametrize("field", ["threshold_db", "floor_db", "pause_s"])
def test_impossible_rules_are_refused(field):
    with pytest.raises(SceneError, match=rf"audible\.{field} is -1"):
        AudibleRule(**{field: -1})


SOUNDS = sounds_of([np.ones(2_400)])
ROOMS = dry_rooms(
    [30.0, 100.0, -170.0, 170.0], elevation_deg=[0.0, -20.0, -40.0, 10.0], distance_m=[1.0, 2.0, 3.0, 4.0]
)
MOMENTS = np.array([0.0, 500.0, 1_000.0])


@pytest.mark.parametrize(("turn", "azimuth"), [(0.0, 30.0), (90.0, 120.0), (200.0, -130.0), (720.0, 30.0)])
def test_a_static_source_stays_where_its_response_is_turned_to(turn, azimuth):
    found = trajectory_of(still(0, turn), ROOMS, MOMENTS)
    np.testing.assert_allclose(found, [[azimuth] * 3, [0.0] * 3, [1.0] * 3])


def test_between_waypoints_everything_goes_straight():
    found = trajectory_of(SourcePath((Waypoint(0, 0, 10.0), Waypoint(1_000, 1, 0.0))), ROOMS, MOMENTS)
    np.testing.assert_allclose(found, [[40.0, 70.0, 100.0], [0.0, -10.0, -20.0], [1.0, 1.5, 2.0]], atol=1e-5)


def test_the_short_way_is_taken_behind_the_listener():
    found = trajectory_of(SourcePath((Waypoint(0, 3, 0.0), Waypoint(1_000, 2, 0.0))), ROOMS, MOMENTS)
    np.testing.assert_allclose(np.abs(found[0]), [170.0, 180.0, 170.0], atol=1e-5)


def test_before_the_first_and_after_the_last_waypoint_a_source_is_static():
    path = SourcePath((Waypoint(400, 0, 0.0), Waypoint(600, 1, 0.0)))
    np.testing.assert_allclose(trajectory_of(path, ROOMS, MOMENTS)[0], [30.0, 65.0, 100.0], atol=1e-5)


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


def test_a_scene_without_an_audible_event_has_an_empty_table():
    assert events_of_scene(scene_of([]), ROOMS, []) == Events.empty()
    nothing = [np.zeros(0, dtype=np.intp)]
    assert events_of_scene(scene_of([one_event(SOUNDS)]), ROOMS, nothing) == Events.empty()
