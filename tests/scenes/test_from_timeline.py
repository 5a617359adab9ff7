"""Scenes that follow a label table."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_banks import dry_rooms, sounds_of, tiny_rooms, tiny_sounds

from whence.errors import SceneError
from whence.labels import Events, fold_to_front, wrap
from whence.scenes.from_timeline import scene_from_timeline
from whence.scenes.render import render_batch
from whence.scenes.settings import SceneSettings

NOISE = np.random.default_rng(0).normal(size=(13, 30_000)).astype(np.float32)
STEADY = sounds_of(list(NOISE), list(range(13)))
PLAIN = SceneSettings.from_plain(
    {
        "duration_s": 3.0,
        "interferers": [0, 0],
        "diffuse_background": {"probability": 0},
        "time_mask": {"probability": 0},
        "channel_swap": {"probability": 0},
    }
)


def timeline(frames, azimuth, class_index=0, source=0, distance=np.nan):
    """A table with one source."""
    count = len(frames)
    columns = {"class_index": [class_index] * count, "source": [source] * count, "distance_m": np.full(count, distance)}
    return Events.from_columns({"frame": frames, "azimuth_deg": np.broadcast_to(azimuth, count), **columns})


def follow(table, rooms=None, sounds=STEADY, index=0, view_deg=0.0, settings=PLAIN):
    rooms = rooms or tiny_rooms(positions=12)
    scene = scene_from_timeline(table, 1, 0, index, settings, sounds, rooms, view_deg)
    return scene, render_batch([scene], sounds, rooms).events[0]


@pytest.mark.parametrize("index", range(5))
def test_the_clip_has_the_classes_times_and_azimuths_of_the_timeline(index):
    table = Events.concatenate(
        [
            timeline(range(4, 17), 75.0, 3),
            timeline(range(20, 30), -40.0, 3),
            timeline(range(0, 11), 10.0, 9),
            timeline(range(6, 9), -80.0, 9, source=1),
        ]
    )
    _, found = follow(table, index=index)
    wanted = table.sorted()
    assert found.frame.tolist() == wanted.frame.tolist()
    assert found.class_index.tolist() == wanted.class_index.tolist()
    np.testing.assert_allclose(np.sort(found.azimuth_deg), np.sort(wanted.azimuth_deg), atol=1e-4)


@pytest.mark.parametrize(("wanted", "nearest"), [(0.5, 0.8), (2.2, 2.0), (9.0, 3.5)])
def test_among_positions_in_one_direction_the_nearest_distance_is_taken(wanted, nearest):
    rooms = dry_rooms([20.0] * 3, distance_m=[0.8, 2.0, 3.5])
    _, found = follow(timeline(range(5, 12), 33.0, distance=wanted), rooms)
    np.testing.assert_allclose(found.distance_m, nearest, rtol=1e-6)
    np.testing.assert_allclose(found.azimuth_deg, 33.0, atol=1e-4)


def test_unknown_distances_become_those_of_the_room():
    distances = {round(float(follow(timeline([3, 4], 5.0), index=index)[1].distance_m[0]), 3) for index in range(12)}
    assert len(distances) > 3


def test_the_view_turns_the_timeline():
    _, found = follow(timeline(range(5, 12), 33.0), view_deg=100.0)
    np.testing.assert_allclose(found.azimuth_deg, fold_to_front(133.0), atol=1e-4)
    views = {scene_from_timeline(timeline([3], 5.0), 1, 0, i, PLAIN, STEADY, tiny_rooms()).view_deg for i in range(5)}
    assert len(views) == 5


def test_a_source_that_turns_is_followed():
    azimuth = np.linspace(-60, 60, 20)
    scene, found = follow(timeline(range(5, 25), azimuth))
    assert 7 <= len(scene.events[0].path.waypoints) <= 10
    assert np.abs(found.azimuth_deg - azimuth).max() < 1e-3


def test_a_source_that_hardly_turns_is_static():
    scene, found = follow(timeline(range(5, 25), np.linspace(0, 14, 20)))
    assert len(scene.events[0].path.waypoints) == 1
    np.testing.assert_allclose(found.azimuth_deg, 0.0, atol=1e-4)


def test_a_source_behind_takes_the_short_way_round():
    azimuth = wrap(np.linspace(160, 200, 10))
    _, found = follow(timeline(range(10), azimuth), view_deg=0.0)
    np.testing.assert_allclose(found.azimuth_deg, fold_to_front(azimuth), atol=1e-3)


def test_what_runs_at_the_start_began_before():
    scene, _ = follow(timeline(range(0, 10), 5.0))
    assert scene.events[0].start_sample == -9_600
    assert scene.events[0].end_sample == 24_000


def test_frames_beyond_the_clip_are_left_out():
    scene, found = follow(timeline(range(25, 60), 5.0))
    assert found.frame.tolist() == list(range(25, 30))
    assert scene.sample_count == 72_000


def test_long_events_are_filled_from_several_recordings():
    scene, found = follow(timeline(range(30), 5.0))
    assert len(scene.events[0].pieces) >= 3
    assert found.frame.tolist() == list(range(30))


def test_an_empty_timeline_is_a_scene_without_events():
    scene, found = follow(Events.empty())
    assert scene.events == ()
    assert not found


def test_interferers_and_background_come_on_top():
    sounds = tiny_sounds()
    settings = replace(SceneSettings(duration_s=3.0), interferers=(2, 2))
    scene, found = follow(timeline(range(5, 9), 5.0), sounds=sounds, settings=settings)
    assert [event.class_index for event in scene.events] == [0, -2, -2]
    assert scene.background is not None
    assert set(found.class_index) == {0}


def test_the_same_coordinates_give_the_same_scene():
    table = timeline(range(5, 12), 33.0)
    assert follow(table, index=3)[0] == follow(table, index=3)[0]
    assert follow(table, index=3)[0] != follow(table, index=4)[0]


def test_a_class_without_sounds_is_refused_by_name():
    with pytest.raises(
        SceneError, match="timeline has class 'bell' but the bank holds no sound of it; add some, or take"
    ):
        follow(timeline([3], 0.0, 11), sounds=sounds_of([NOISE[0]]))
    with pytest.raises(SceneError, match="timeline has class number 13"):
        follow(timeline([3], 0.0, 13))


def test_a_source_with_two_rows_in_a_frame_is_one_run():
    table = Events.from_columns({"frame": [3, 3, 4], "class_index": [0, 0, 0], "azimuth_deg": [5.0, 6.0, 5.0]})
    scene, _ = follow(table)
    assert len(scene.events) == 1
