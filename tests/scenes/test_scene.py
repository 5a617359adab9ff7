"""Scenes as plain data."""

import json
from dataclasses import replace

import pytest
from tiny_banks import one_event, scene_of, tiny_rooms, tiny_sounds

from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.scene import AudibleRule, Piece, Scene, SourcePath, Waypoint
from whence.scenes.settings import SceneSettings

SOUNDS = tiny_sounds()


@pytest.mark.parametrize("index", range(10))
def test_a_drawn_scene_comes_back_from_json_exactly(index):
    settings = SceneSettings.from_plain({"scene_mixing": {"probability": 0.5}, "moving_source": {"probability": 0.5}})
    scene = draw_scene(1, 2, index, settings, SOUNDS, tiny_rooms())
    assert Scene.from_json(scene.to_json()) == scene
    assert "\n" not in scene.to_json()


def test_the_fields_of_a_scene_are_those_written_down():
    scene = scene_of([one_event(SOUNDS)], audible=AudibleRule(pause_s=0.3))
    plain = json.loads(scene.to_json())
    assert list(plain) == [
        *("seed", "epoch", "index", "sample_count", "room", "view_deg", "events", "background", "swapped", "audible"),
        *("partner", "partner_level_db", "microphones", "recording"),
    ]
    assert plain["events"][0]["path"] == {"waypoints": [{"sample": 0, "response": 0, "turn_deg": 0.0}]}
    assert plain["audible"]["pause_s"] == 0.3
    assert plain["partner"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a scene file must be JSON"),
        ("[]", r"scene is \[\]; it must be a group of named fields"),
        ("{}", r"scene\.seed is missing"),
        ("[" * 100_000, "a scene file must be JSON"),
    ],
)
def test_what_is_no_scene_is_refused(text, message):
    with pytest.raises(SceneError, match=message):
        Scene.from_json(text)


def test_a_misspelt_field_is_named():
    plain = json.loads(scene_of([one_event(SOUNDS)]).to_json())
    plain["events"][0]["level_db"] = plain["events"][0].pop("level_dbfs")
    with pytest.raises(SceneError, match=r"scene\.events\.0\.level_db is not a field; did you mean level_dbfs"):
        Scene.from_json(json.dumps(plain))


@pytest.mark.parametrize("moments", [(), (5, 5), (5, 4)])
def test_waypoints_stand_at_rising_moments(moments):
    with pytest.raises(SceneError, match="there must be one or more, at rising moments"):
        SourcePath(tuple(Waypoint(moment, 0, 0.0) for moment in moments))


@pytest.mark.parametrize("count", [0, 2_401, -2_400])
def test_a_clip_is_whole_label_frames(count):
    with pytest.raises(SceneError, match=f"sample_count is {count}; it must be a multiple of 2400"):
        replace(scene_of([]), sample_count=count)


def test_an_event_lasts_from_its_first_piece_to_its_last():
    event = replace(one_event(SOUNDS), pieces=(Piece(0, 0, 10, 50), Piece(0, 0, 100, 20), Piece(0, 0, 5, 110)))
    assert (event.start_sample, event.end_sample) == (20, 120)


def test_a_scene_is_named_by_its_coordinates():
    scene = scene_of([], seed=3, epoch=1, index=9)
    assert (scene.name, scene.frame_count) == ("seed3_epoch1_index9", 20)
