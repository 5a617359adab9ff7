"""Scenes that do not fit their banks are refused with the place and the bounds."""

from dataclasses import replace

import pytest
from tiny_banks import one_event, scene_of, still, tiny_rooms, tiny_sounds

from whence.errors import SceneError
from whence.scenes.fitting import check_scene
from whence.scenes.scene import Background, Piece, Wave

SOUNDS, ROOMS = tiny_sounds(per_class=1), tiny_rooms()
GOOD = one_event(SOUNDS)


def test_a_fitting_scene_passes():
    waves = (Wave((Piece(13, 0, 100, 0),), 0.5),)
    scene = scene_of([GOOD], background=Background(waves, 10, -60))
    check_scene(replace(scene, partner=scene), SOUNDS, ROOMS)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (replace(GOOD, class_index=13), r"events\.0\.class_index is 13; there are 13 classes"),
        (replace(GOOD, pieces=()), r"events\.0\.pieces is empty"),
        (replace(GOOD, eq_db=(1.0,)), r"events\.0\.eq_db has 1 bands; it must have 7 or none"),
        (replace(GOOD, path=still(12)), r"events\.0\.path uses response 12 of 12; give the bank of rooms"),
        (replace(GOOD, path=still(-1)), r"events\.0\.path uses response -1 of 12"),
        (replace(GOOD, pieces=(Piece(15, 0, 1, 0),)), r"events\.0 uses sound 15 of 15; give the bank of sounds"),
        (
            replace(GOOD, pieces=(Piece(0, 5, 10**9, 0),)),
            r"events\.0 reads samples 5 to 1000000005 of sound 0, which has",
        ),
        (replace(GOOD, pieces=(Piece(0, -1, 10, 0),)), r"events\.0 reads samples -1 to 9 of sound 0"),
        (replace(GOOD, pieces=(Piece(0, 10, -5, 0),)), r"events\.0 reads samples 10 to 5 of sound 0"),
    ],
)
def test_what_points_outside_is_named(event, message):
    with pytest.raises(SceneError, match=rf"scene seed0_epoch0_index0: {message}"):
        check_scene(scene_of([event]), SOUNDS, ROOMS)


def test_backgrounds_and_partners_are_looked_at_too():
    bad = scene_of([], background=Background((Wave((Piece(99, 0, 1, 0),), 0.5),), 10, -60))
    with pytest.raises(SceneError, match="background uses sound 99 of 15"):
        check_scene(replace(scene_of([]), partner=bad), SOUNDS, ROOMS)
