"""What the physics of two coincident cardioids demands of rendered clips."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from tiny_banks import dry_rooms, one_event, scene_of, sounds_of, still, tiny_rooms, tiny_sounds

from whence.corpora import BACKGROUND
from whence.labels import fold_to_front
from whence.scenes.draw import draw_scene
from whence.scenes.render import frame_power, render_batch
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Background, SourcePath, Wave, Waypoint
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.diffuse_background import loop

NOISE = np.random.default_rng(1).normal(size=48_000).astype(np.float32) / 5
STEADY = sounds_of([NOISE])
TINY_SOUNDS, TINY_ROOMS = tiny_sounds(), tiny_rooms()


def level_ratio(clip):
    """(L - R) / (L + R) as one number: how far to the left a lone coincident source lies."""
    left, right = clip.double()
    difference, total = left - right, left + right
    return float((difference * total).sum() / (total * total).sum())


@settings(deadline=None, max_examples=40)
@given(azimuth=st.floats(-179, 179), elevation=st.floats(-80, 80), turn=st.floats(0, 360))
def test_in_free_field_the_level_ratio_is_the_sine_of_the_azimuth(azimuth, elevation, turn):
    rooms = dry_rooms(azimuth, elevation)
    batch = render_batch([scene_of([one_event(STEADY, path=still(0, turn))])], STEADY, rooms)
    turned = np.radians(azimuth + turn)
    # float16 responses: 11 bits of mantissa.
    assert level_ratio(batch.audio[0]) == pytest.approx(np.sin(turned) * np.cos(np.radians(elevation)), abs=1e-3)
    label = float(batch.events[0].azimuth_deg[0])
    assert label == pytest.approx(float(fold_to_front(azimuth + turn)), abs=1e-3)
    assert -90 <= label <= 90
    assert np.sin(np.radians(label)) == pytest.approx(np.sin(turned), abs=1e-4)
    assert float(batch.events[0].elevation_deg[0]) == pytest.approx(elevation, abs=1e-4)


@pytest.mark.parametrize("index", range(6))
def test_swapping_channels_is_exactly_the_mirrored_azimuth(index):
    settings = SceneSettings(duration_s=1.0)
    scene = draw_scene(1, 0, index, settings, TINY_SOUNDS, TINY_ROOMS)
    one, other = replace(scene, swapped=False), replace(scene, swapped=True)
    batch = render_batch([one, other], TINY_SOUNDS, TINY_ROOMS)
    assert torch.equal(batch.audio[0].flip(0), batch.audio[1])
    assert batch.events[0].mirrored() == batch.events[1]


def test_a_mirrored_room_gives_exactly_the_swapped_clip():
    scene = scene_of(
        [one_event(TINY_SOUNDS, path=still(2, 25.0)), one_event(TINY_SOUNDS, sound=7, path=still(4, 25.0))]
    )
    mirrored_paths = [replace(event, path=still(event.path.waypoints[0].response, -25.0)) for event in scene.events]
    mirrored_scene = replace(scene, events=tuple(mirrored_paths), swapped=True)
    ours = render_batch([scene], TINY_SOUNDS, TINY_ROOMS)
    theirs = render_batch([mirrored_scene], TINY_SOUNDS, mirrored(TINY_ROOMS))
    assert torch.equal(ours.audio, theirs.audio)
    np.testing.assert_allclose(ours.events[0].azimuth_deg, theirs.events[0].azimuth_deg, atol=1e-9)


def mirrored(rooms):
    """The rooms with left and right exchanged."""
    responses = rooms.responses.copy()
    responses[:, 1] *= -1
    columns = {name: getattr(rooms, name) for name in ("direct_sample", "room", "elevation_deg", "distance_m")}
    return RoomBank(
        responses=responses, azimuth_deg=-rooms.azimuth_deg, room_name=rooms.room_name, rt60_s=rooms.rt60_s, **columns
    )


def test_level_falls_by_6_db_with_each_doubling_of_the_distance():
    rooms = dry_rooms([20.0] * 4, distance_m=[0.5, 1.0, 2.0, 4.0])
    scenes = [scene_of([one_event(STEADY, path=still(response), level_dbfs=-40.0)]) for response in range(4)]
    batch = render_batch(scenes, STEADY, rooms)
    levels = [10 * np.log10(frame_power(clip).mean()) for clip in batch.audio]
    np.testing.assert_allclose(np.diff(levels), -20 * np.log10(2), atol=0.02)
    assert [float(events.distance_m[0]) for events in batch.events] == [0.5, 1.0, 2.0, 4.0]


def test_the_level_is_that_of_the_direct_sound_at_one_metre_whatever_the_recording():
    quiet = sounds_of([NOISE * 1e-3, NOISE])
    rooms = dry_rooms(0.0)
    scenes = [scene_of([one_event(quiet, sound=sound, level_dbfs=-37.0)]) for sound in (0, 1)]
    for clip in render_batch(scenes, quiet, rooms).audio:
        # A source in front reaches both channels with the factor 1.
        assert 10 * np.log10(frame_power(clip).mean()) == pytest.approx(-37.0, abs=0.01)


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 7.3, 30.0])
def test_the_signal_to_noise_ratio_is_the_drawn_one(snr_db):
    sounds = tiny_sounds(seed=3)
    ambience = int(sounds.of_class(BACKGROUND)[0])
    waves = tuple(
        Wave(tuple(loop(ambience, 48_000, 9_000 * i, 48_000)), y) for i, y in enumerate((0.5, -0.5, 0.5, -0.5))
    )
    events = [one_event(sounds, start_sample=9_000, path=still(1)), one_event(sounds, 8, 30_100, still(2), 1)]
    scene = scene_of(events, background=Background(waves, snr_db, -60.0))
    alone = render_batch([replace(scene, background=None)], sounds, TINY_ROOMS)
    both = render_batch([scene], sounds, TINY_ROOMS)
    assert both.audio.abs().max() < 0.99  # else the peak protection would have scaled one of the two
    frames = np.unique(both.events[0].frame)
    assert 0 < len(frames) < 20
    signal, noise = frame_power(alone.audio[0])[:, frames], frame_power(both.audio[0] - alone.audio[0])[:, frames]
    assert 10 * np.log10(signal.mean() / noise.mean()) == pytest.approx(snr_db, abs=0.02)


def test_a_background_without_events_has_its_level():
    waves = tuple(Wave(tuple(loop(0, 48_000, 9_000 * i, 48_000)), y) for i, y in enumerate((0.5, -0.5, 0.5, -0.5)))
    batch = render_batch([scene_of([], background=Background(waves, 10.0, -52.0))], STEADY, TINY_ROOMS)
    assert 10 * np.log10(frame_power(batch.audio[0]).mean()) == pytest.approx(-52.0, abs=0.01)


def test_a_silent_background_stays_silent():
    sounds = sounds_of([NOISE, np.zeros(48_000)])
    waves = (Wave(tuple(loop(1, 48_000, 0, 48_000)), 0.3),)
    scene = scene_of([one_event(sounds)], background=Background(waves, 10.0, -52.0))
    with_it = render_batch([scene], sounds, TINY_ROOMS)
    without = render_batch([replace(scene, background=None)], sounds, TINY_ROOMS)
    assert torch.equal(with_it.audio, without.audio)


def test_a_moving_source_is_rendered_and_labelled_along_its_path():
    azimuths = np.arange(-60.0, 61.0, 10.0)
    rooms = dry_rooms(azimuths)
    moments = np.linspace(0, 48_000, len(azimuths)).astype(int)
    path = SourcePath(tuple(Waypoint(int(moment), i, 0.0) for i, moment in enumerate(moments)))
    batch = render_batch([scene_of([one_event(STEADY, path=path)])], STEADY, rooms)
    ratios = [level_ratio(batch.audio[0][:, f * 2_400 : (f + 1) * 2_400]) for f in range(20)]
    found = np.degrees(np.arcsin(ratios))
    wanted = -60 + 120 * (np.arange(20) + 0.5) / 20
    np.testing.assert_allclose(found, wanted, atol=0.6)
    np.testing.assert_allclose(batch.events[0].azimuth_deg, wanted, atol=0.01)


def test_cross_fades_between_equal_responses_leave_no_trace():
    responses = [(0, 0), (12_000, 0), (30_000, 0)]
    path = SourcePath(tuple(Waypoint(moment, response, 30.0) for moment, response in responses))
    still_one, moving = (scene_of([one_event(STEADY, path=p)]) for p in (still(0, 30.0), path))
    batch = render_batch([still_one, moving], STEADY, TINY_ROOMS)
    assert (batch.audio[0] - batch.audio[1]).abs().max() < 2e-7


def test_a_source_that_passes_behind_keeps_its_side_until_it_has_passed():
    rooms = dry_rooms([150.0, -150.0])
    path = SourcePath((Waypoint(0, 0, 0.0), Waypoint(48_000, 1, 0.0)))
    label = render_batch([scene_of([one_event(STEADY, path=path)])], STEADY, rooms).events[0].azimuth_deg
    np.testing.assert_allclose(label, 30 - 60 * (np.arange(20) + 0.5) / 20, atol=0.01)


def test_interferers_are_rendered_but_not_labelled():
    batch = render_batch([scene_of([one_event(STEADY, class_index=-2)])], STEADY, TINY_ROOMS)
    assert batch.audio.abs().max() > 0
    assert not batch.events[0]
