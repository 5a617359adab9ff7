"""Rendering against its slow twin: sound, labels, partners, refusals."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from straightforward import render_one, rows_of
from tiny_banks import one_event, scene_of, still, tiny_rooms, tiny_sounds

from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.render import check_scene, render_batch
from whence.scenes.scene import Background, Piece, SourcePath, Wave, Waypoint
from whence.scenes.settings import SceneSettings

SOUNDS = tiny_sounds()
ROOMS = tiny_rooms()

# float32 transforms of some ten thousand samples against float64 sums, relative to the peak of the clip.
TOLERANCE = 3e-6

EVERYTHING = SceneSettings.from_plain(
    {
        "duration_s": 2.0,
        "polyphony_weights": [0, 0, 1],
        "silent_clip_probability": 0.1,
        "interferers": [0, 2],
        "event_duration_s": [0.1, 1.5],
        "multiband_eq": {"probability": 0.6},
        "time_mask": {"probability": 0.6},
        "moving_source": {"probability": 0.5, "speed_deg_per_s": [20, 90]},
        "scene_mixing": {"probability": 0.3},
    }
)


def assert_equal_to_twin(scene, sounds=SOUNDS, rooms=ROOMS):
    batch = render_batch([scene], sounds, rooms)
    audio, rows = render_one(scene, sounds, rooms)
    assert np.abs(batch.audio[0].numpy() - audio).max() <= TOLERANCE * max(np.abs(audio).max(), 1e-9)
    found = rows_of(batch.events[0])
    assert [row[:3] for row in found] == [row[:3] for row in rows]
    np.testing.assert_allclose([row[3:] for row in found], [row[3:] for row in rows], atol=1e-4)
    return batch


@pytest.mark.parametrize("index", range(12))
def test_a_drawn_scene_with_everything_equals_the_slow_twin(index):
    scene = draw_scene(3, 0, index, EVERYTHING, SOUNDS, ROOMS)
    batch = assert_equal_to_twin(scene)
    assert batch.audio.shape == (1, 2, 48_000)
    assert batch.audio.dtype == torch.float32


@pytest.mark.nightly
@pytest.mark.parametrize("index", range(12, 200))
def test_many_drawn_scenes_equal_the_slow_twin(index):
    assert_equal_to_twin(draw_scene(3, 0, index, EVERYTHING, SOUNDS, ROOMS))


def test_the_literal_reading_equals_the_slow_twin():
    settings = replace(EVERYTHING, reading="literal", instances_per_class=(1, 1))
    assert_equal_to_twin(draw_scene(4, 0, 0, settings, SOUNDS, ROOMS))


def test_long_responses_need_more_than_one_block():
    rooms = tiny_rooms(seed=5, taps=30_000)
    assert_equal_to_twin(draw_scene(5, 0, 1, EVERYTHING, SOUNDS, rooms), rooms=rooms)


def test_a_louder_scene_is_turned_down_as_a_whole():
    scene = scene_of([one_event(SOUNDS, start_sample=5_000, level_dbfs=0.0)])
    batch = assert_equal_to_twin(scene)
    assert float(batch.audio.abs().max()) == pytest.approx(0.99, abs=1e-6)


def test_events_outside_the_clip_and_its_lead_are_silent():
    length = int(np.diff(SOUNDS.first_sample)[0])
    early = one_event(SOUNDS, start_sample=-length - 9_600)
    late = one_event(SOUNDS, start_sample=48_000)
    batch = render_batch([scene_of([early, late])], SOUNDS, ROOMS)
    assert not batch.audio.any()
    assert not batch.events[0]


def test_a_sound_before_the_clip_is_heard_through_its_reverberation_only():
    length = int(np.diff(SOUNDS.first_sample)[0])
    scene = scene_of([one_event(SOUNDS, start_sample=-length)])
    batch = assert_equal_to_twin(scene)
    assert batch.audio[0, :, :500].abs().max() > 0
    assert not batch.events[0]


def test_the_direct_sound_arrives_at_the_onset():
    click = np.zeros(2_400)
    click[0] = 1.0
    sounds = tiny_sounds_with(click)
    batch = render_batch([scene_of([one_event(sounds, start_sample=7_200)])], sounds, ROOMS)
    first = int(np.flatnonzero(batch.audio[0].abs().amax(0) > 1e-4)[0])
    assert first == 7_200
    assert batch.events[0].frame.tolist() == [3]


def tiny_sounds_with(waveform):
    from tiny_banks import sounds_of

    return sounds_of([waveform])


def test_scenes_keep_their_order_and_may_have_partners():
    partner = scene_of([one_event(SOUNDS, sound=9, class_index=1, start_sample=100)])
    alone = scene_of([one_event(SOUNDS, start_sample=4_000)])
    scenes = [alone, replace(alone, partner=partner, partner_level_db=-3.0), partner]
    batch = render_batch(scenes, SOUNDS, ROOMS)
    for position, scene in enumerate(scenes):
        single = render_batch([scene], SOUNDS, ROOMS)
        assert torch.equal(batch.audio[position], single.audio[0])
        assert batch.events[position] == single.events[0]
    assert_equal_to_twin(scenes[1])


def test_scenes_of_different_length_are_refused():
    with pytest.raises(SceneError, match=r"one length; these have \[24000, 48000\] samples"):
        render_batch([scene_of([], frames=10), scene_of([], frames=20)], SOUNDS, ROOMS)


def test_an_empty_batch_is_refused():
    with pytest.raises(SceneError, match="one length; these have"):
        render_batch([], SOUNDS, ROOMS)


def test_two_waypoints_may_lie_outside_the_clip():
    path = SourcePath((Waypoint(-90_000, 0, 0.0), Waypoint(-80_000, 1, 0.0), Waypoint(90_000, 2, 0.0)))
    assert_equal_to_twin(scene_of([one_event(SOUNDS, start_sample=3_000, path=path)]))


def test_pieces_may_overlap_and_be_cut_anywhere():
    event = one_event(SOUNDS, path=still(1, 40.0))
    pieces = (Piece(3, 100, 3_000, -8_000, 120, 120), Piece(4, 0, 3_400, -6_000, 500, 900), Piece(5, 5, 3_000, 47_000))
    assert_equal_to_twin(scene_of([replace(event, pieces=pieces)]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here to compare with")
def test_a_gpu_gives_the_same_clips_and_labels():
    scenes = [draw_scene(3, 0, index, EVERYTHING, SOUNDS, ROOMS) for index in range(40)]
    here, there = render_batch(scenes, SOUNDS, ROOMS), render_batch(scenes, SOUNDS, ROOMS, "cuda")
    assert (here.audio - there.audio.cpu()).abs().max() <= 1e-5
    assert here.events == there.events


FEW = tiny_sounds(per_class=1)
GOOD = one_event(FEW)


def test_a_fitting_scene_passes():
    waves = (Wave((Piece(13, 0, 100, 0),), 0.5),)
    scene = scene_of([GOOD], background=Background(waves, 10, -60))
    check_scene(replace(scene, partner=scene), FEW, ROOMS)


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
        check_scene(scene_of([event]), FEW, ROOMS)


def test_backgrounds_and_partners_are_looked_at_too():
    bad = scene_of([], background=Background((Wave((Piece(99, 0, 1, 0),), 0.5),), 10, -60))
    with pytest.raises(SceneError, match="background uses sound 99 of 15"):
        check_scene(replace(scene_of([]), partner=bad), FEW, ROOMS)
