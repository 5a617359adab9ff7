"""Drawn scenes: coordinates, statistics, geometry, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_banks import dry_rooms, sounds_of, tiny_rooms, tiny_sounds

from whence.corpora import INTERFERENCE
from whence.errors import SceneError
from whence.labels import STARSS23, ClassList
from whence.scenes.draw import draw_scene, generator_at
from whence.scenes.settings import SceneSettings

SOUNDS, ROOMS, SETTINGS = tiny_sounds(), tiny_rooms(rooms=4), SceneSettings()


def drawn(settings=SETTINGS, count=60, seed=1, rooms=ROOMS):
    return [draw_scene(seed, 0, index, settings, SOUNDS, rooms) for index in range(count)]


def test_the_same_coordinates_give_the_same_scene_in_any_order():
    forwards = drawn(count=8)
    backwards = [draw_scene(1, 0, index, SETTINGS, SOUNDS, ROOMS) for index in reversed(range(8))]
    assert forwards == backwards[::-1]


def test_each_coordinate_counts():
    scenes = [draw_scene(*at, SETTINGS, SOUNDS, ROOMS) for at in [(7, 0, 0), (7, 1, 0), (7, 0, 1), (8, 0, 0)]]
    views = [scene.view_deg for scene in scenes]
    assert len(set(views)) == 4
    assert [(scene.seed, scene.epoch, scene.index) for scene in scenes] == [(7, 0, 0), (7, 1, 0), (7, 0, 1), (8, 0, 0)]


@pytest.mark.parametrize("coordinates", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (2**32, 0, 0), (0, 0, 2**32)])
def test_impossible_coordinates_are_refused(coordinates):
    with pytest.raises(SceneError, match="each is a number from 0 to"):
        generator_at(*coordinates)


def test_nothing_of_the_sounds_is_read():
    class Untouchable:
        """In place of the samples."""

        def __getitem__(self, _):
            raise AssertionError("a sample was read")

        def __len__(self):
            return len(SOUNDS.samples)

    blind = replace(SOUNDS)
    object.__setattr__(blind, "samples", Untouchable())
    assert draw_scene(1, 0, 2, SETTINGS, blind, ROOMS) == drawn(count=3)[2]


def test_all_sources_share_one_room_and_one_viewing_angle():
    settings = SceneSettings.from_plain({"moving_source": {"probability": 0.0, "probability_of": {}}})
    for scene in drawn(settings):
        responses = [event.path.waypoints[0].response for event in scene.events]
        assert {int(ROOMS.room[response]) for response in responses} <= {scene.room}
        assert len(set(responses)) == len(responses) or len(responses) > 6
        turns = [event.path.waypoints[0].turn_deg for event in scene.events[:6]]
        assert set(turns) <= {scene.view_deg}


def test_each_source_may_be_turned_on_its_own():
    settings = SceneSettings(turn_each_source=True, silent_clip_probability=0)
    turns = [event.path.waypoints[0].turn_deg for scene in drawn(settings) for event in scene.events]
    assert len(set(turns)) == len(turns)


def test_sources_beyond_the_number_of_positions_are_turned():
    settings = SceneSettings.from_plain({"moving_source": {"probability": 0.0, "probability_of": {}}})
    rooms = dry_rooms([10.0])
    for scene in drawn(settings, rooms=rooms):
        turns = [event.path.waypoints[0].turn_deg for event in scene.events]
        assert len(set(turns)) == len(turns)
        assert turns[:1] in ([], [scene.view_deg])


def test_rooms_and_viewing_angles_are_even():
    scenes = drawn(SceneSettings(silent_clip_probability=1.0), count=400)
    rooms = np.bincount([scene.room for scene in scenes], minlength=4)
    assert rooms.min() > 70
    views = np.histogram([scene.view_deg for scene in scenes], bins=4, range=(0, 360))[0]
    assert views.min() > 70


def test_silent_clips_are_as_many_as_asked():
    settings = SceneSettings(silent_clip_probability=0.5, gap_s=(0.0, 0.1), interferers=(2, 2))
    scenes = drawn(settings, count=200)
    silent = [scene for scene in scenes if all(event.class_index == INTERFERENCE for event in scene.events)]
    assert 75 < len(silent) < 125
    assert all(len(scene.events) == 2 and scene.background for scene in silent)


def test_augmentation_is_as_frequent_as_asked():
    settings = SceneSettings.from_plain(
        {
            "polarity_inversion": {"probability": 0.25},
            "multiband_eq": {"probability": 0.75},
            "time_mask": {"probability": 0.5, "duration_s": [0.02, 0.05]},
            "channel_swap": {"probability": 0.2},
            "scene_mixing": {"probability": 0.3},
            "diffuse_background": {"probability": 0.6},
        }
    )
    scenes = drawn(settings, count=250)
    events = [event for scene in scenes for event in scene.events]
    shares = [
        (np.mean([event.inverted for event in events]), 0.25),
        (np.mean([bool(event.eq_db) for event in events]), 0.75),
        (np.mean([bool(event.masks) for event in events]), 0.5),
        (np.mean([scene.swapped for scene in scenes]), 0.2),
        (np.mean([scene.partner is not None for scene in scenes]), 0.3),
        (np.mean([scene.background is not None for scene in scenes]), 0.6),
    ]
    for found, wanted in shares:
        assert found == pytest.approx(wanted, abs=0.08)


def test_drawn_values_stay_in_their_ranges():
    settings = SceneSettings.from_plain({"gain": {"level_dbfs": [-41, -40]}, "diffuse_background": {"snr_db": [3, 4]}})
    for scene in drawn(settings):
        assert 3 <= scene.background.snr_db <= 4
        assert all(-41 <= event.level_dbfs <= -40 for event in scene.events)
        assert len(scene.background.waves) in (4, 8)


def test_moving_sources_are_as_frequent_as_asked_of_their_class():
    settings = SceneSettings.from_plain({"moving_source": {"probability": 0.0, "probability_of": {"bell": 1.0}}})
    events = [event for scene in drawn(settings, count=100) for event in scene.events]
    moving = {event.class_index for event in events if len(event.path.waypoints) > 1}
    still = {event.class_index for event in events if len(event.path.waypoints) == 1}
    assert moving == {STARSS23.index("bell")}
    assert STARSS23.index("bell") not in still


def test_the_literal_reading_draws_52_to_78_events():
    for scene in drawn(SceneSettings(reading="literal", interferers=(0, 0), silent_clip_probability=0), count=5):
        assert 52 <= len(scene.events) <= 78


def test_a_partner_is_a_scene_of_its_own():
    scene = drawn(SceneSettings.from_plain({"scene_mixing": {"probability": 1.0}}), count=1)[0]
    assert scene.partner.view_deg != scene.view_deg
    assert scene.partner.partner is None
    assert not scene.partner.swapped
    assert -6 <= scene.partner_level_db <= 6


@pytest.mark.parametrize(
    "data",
    [
        {"class_weights": {"bel": 1}},
        {"extra_classes": ["bel"]},
        {"event_duration_s_of": {"bel": [1, 2]}},
        {"moving_source": {"probability_of": {"bel": 1}}},
        {"sequence": {"classes": ["bel"]}},
    ],
    ids=lambda data: next(iter(data)),
)
def test_a_misspelt_class_is_refused_in_every_field(data):
    with pytest.raises(SceneError, match=r"names 'bel'; the classes are: female speech"):
        draw_scene(0, 0, 0, SceneSettings.from_plain(data), SOUNDS, ROOMS)


def test_the_defaults_suit_other_class_lists_too():
    own = replace(SOUNDS, class_index=np.zeros(len(SOUNDS), np.int32), classes=ClassList(("dog",)))
    settings = SceneSettings.from_plain({"interferers": [0, 0], "diffuse_background": {"probability": 0}})
    assert {event.class_index for event in draw_scene(0, 0, 1, settings, own, ROOMS).events} <= {0}


def test_a_weight_for_a_class_of_another_list_is_refused():
    own = replace(SOUNDS, class_index=np.zeros(len(SOUNDS), np.int32), classes=ClassList(("dog",)))
    settings = SceneSettings.from_plain({"class_weights": {"bell": 2}, "interferers": [0, 0]})
    with pytest.raises(SceneError, match="class_weights: no class 'bell'; there are: dog"):
        draw_scene(0, 0, 1, settings, own, ROOMS)


def test_banks_that_lack_what_is_asked_are_refused():
    only = sounds_of([np.ones(3_000)] * 13, list(range(13)))
    with pytest.raises(SceneError, match=r"no interference; add some, or set interferers to \(0, 0\)"):
        draw_scene(0, 0, 0, SETTINGS, only, ROOMS)
    with pytest.raises(SceneError, match=r"no background; add some, or set diffuse_background.probability to 0"):
        draw_scene(0, 0, 0, SceneSettings(interferers=(0, 0)), only, ROOMS)
    empty = replace(ROOMS, **{name: getattr(ROOMS, name)[:0] for name in COLUMNS})
    with pytest.raises(SceneError, match="bank of rooms holds no response"):
        draw_scene(0, 0, 0, SETTINGS, SOUNDS, empty)


COLUMNS = ("responses", "direct_sample", "room", "azimuth_deg", "elevation_deg", "distance_m")


def test_drawn_scenes_stay_the_same_from_release_to_release():
    # A change here changes every scene of every seed and belongs into the change log.
    scene = draw_scene(1, 0, 0, SETTINGS, SOUNDS, ROOMS)
    assert (scene.room, round(scene.view_deg, 6), scene.swapped) == (0, 341.513801, False)
    found = [(e.class_index, e.pieces[0].sound, e.start_sample, e.path.waypoints[0].response) for e in scene.events]
    assert found[:5] == [
        (11, 57, -5254, 1),
        (0, 4, 22340, 4),
        (10, 50, 58595, 0),
        (8, 41, 81708, 5),
        (6, 30, -33236, 3),
    ]
    assert len(found) == 11
    assert round(scene.background.snr_db, 6) == 20.162702
