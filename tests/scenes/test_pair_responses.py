"""Responses of any pair: images of an independent library, the stored responses, theory, and mirror symmetry."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_banks import dry_rooms, one_event, scene_of, still, tiny_sounds

from whence.audio import read_microphones
from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.pair_responses import LEAD, early_responses
from whence.scenes.render import render_batch
from whence.scenes.rooms.bank import load_room_bank, merge, save_room_bank, select_rooms
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import RoomSettings
from whence.scenes.rooms.simulation import image_sources, make_room_bank
from whence.scenes.scene import Scene
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.room_response import turn_to_stereo
from whence.units import SPEED_OF_SOUND_M_S

PAIRS = ("dcase", "xy:90", "xy:60", "ms", "blumlein", "ortf", "nos", "ab:0.20", "ab:1", "phone", "binaural")
SETTINGS = RoomSettings(positions_per_room=6, tap_count=9_600)
BANK = make_room_bank(1, 2, SETTINGS)
SOUNDS = tiny_sounds()


def test_images_are_those_of_an_independent_library():
    room = draw_room(1, 0, SETTINGS)
    for position, theirs in zip(room.positions, image_sources(room, 0.045), strict=True):
        ours = BANK.shoeboxes.images(0, np.array(position.offset_m()), 0.045 * SPEED_OF_SOUND_M_S)
        order = np.argsort(np.linalg.norm(ours.offset_m, axis=1))
        np.testing.assert_allclose(np.linalg.norm(ours.offset_m[order] - theirs.offset_m, axis=1), 0, atol=1e-5)
        np.testing.assert_allclose(ours.amplitude[order], theirs.amplitude, rtol=1e-5)


@pytest.mark.parametrize("name", ["dcase", "xy:90", "blumlein"])
def test_pairs_at_one_point_have_the_responses_that_the_bank_keeps(name):
    picked, turn = list(range(12)), np.linspace(0, 330, 12)
    early = early_responses(read_microphones(name), BANK, picked, turn)
    kept = torch.from_numpy(BANK.responses[picked].astype(np.float32))
    kept = turn_to_stereo(kept, torch.from_numpy(turn), read_microphones(name)).numpy()
    # Up to the hand-over, 40 ms after the sound was made; the direct sound is at sample 32 of the bank's.
    ours, theirs = early[:, :, LEAD:][:, :, :550], kept[:, :, 32:][:, :, :550]
    assert ((ours - theirs) ** 2).sum() < 2e-4 * (theirs**2).sum()


@pytest.mark.parametrize("name", PAIRS)
def test_a_mirrored_scene_has_exchanged_channels(name):
    mirrored = replace(BANK, azimuth_deg=-BANK.azimuth_deg, responses=BANK.responses * np.float16([[1], [-1], [1]]))
    walls = BANK.shoeboxes
    listener = walls.listener_m * [1, -1, 1] + walls.dimensions_m * [0, 1, 0]
    absorption = walls.absorption[:, [0, 1, 3, 2, 4, 5]]
    mirrored = replace(mirrored, shoeboxes=replace(walls, listener_m=listener, absorption=absorption))
    waypoint = replace(still(3).waypoints[0], turn_deg=40.0)
    back = replace(waypoint, turn_deg=-40.0)
    scenes = [
        scene_of([one_event(SOUNDS, path=replace(still(3), waypoints=(turned,)))], microphones=read_microphones(name))
        for turned in (waypoint, back)
    ]
    one = render_batch(scenes[:1], SOUNDS, BANK).audio[0]
    other = render_batch(scenes[1:], SOUNDS, mirrored).audio[0]
    assert (one - other.flip(0)).abs().max() < 1e-4 * one.abs().max()


def test_a_bank_on_disk_keeps_its_walls(tmp_path):
    path = tmp_path / "rooms.safetensors"
    save_room_bank(path, select_rooms(merge([dry_rooms(0.0), BANK]), [2, 0]))
    bank = load_room_bank(path)
    assert [bank.has_walls(0), bank.has_walls(1)] == [True, False]
    np.testing.assert_array_equal(bank.shoeboxes.absorption[0], BANK.shoeboxes.absorption[1])


def test_rooms_without_walls_refuse_spaced_pairs_in_a_sentence(tmp_path):
    path = tmp_path / "old.safetensors"
    save_room_bank(path, replace(BANK, shoeboxes=None))
    old = load_room_bank(path)
    scene = scene_of([one_event(SOUNDS, path=still(3))], microphones=read_microphones("ortf"))
    with pytest.raises(SceneError, match="walls are not known, and ortf is no pair at one point"):
        render_batch([scene], SOUNDS, old)
    at_one_point = replace(scene, microphones=read_microphones("xy:90"))
    assert torch.isfinite(render_batch([at_one_point], SOUNDS, old).audio).all()


def test_one_recording_has_one_pair():
    partner = scene_of([one_event(SOUNDS, path=still(3))], microphones=read_microphones("ortf"))
    with pytest.raises(SceneError, match="microphones differ; one recording has one pair"):
        render_batch([replace(partner, microphones=read_microphones("nos"), partner=partner)], SOUNDS, BANK)


def test_spaced_pairs_are_drawn_into_rooms_with_walls_only():
    mixed = merge([dry_rooms([0.0, 90.0]), BANK])
    usual, spaced = (
        [
            draw_scene(5, 0, index, SceneSettings(duration_s=1.0, microphones={name: 1}), SOUNDS, mixed).room
            for index in range(20)
        ]
        for name in ("dcase", "ab:0.1")
    )
    assert set(usual) == {0, 1, 2}
    assert set(spaced) == {1, 2}
    with pytest.raises(SceneError, match="needs rooms whose walls are known"):
        draw_scene(5, 0, 0, SceneSettings(microphones={"ab:0.1": 1}), SOUNDS, dry_rooms(0.0))


def test_pairs_are_drawn_by_weight_within_spans_and_change_nothing_else():
    weights = {"dcase": 2, "xy:60-135": 1, "ab:0.05-0.5": 1, "binaural": 0}
    settings = SceneSettings(duration_s=1.0, microphones=weights)
    scenes = [draw_scene(3, 0, index, settings, SOUNDS, BANK) for index in range(60)]
    names = [scene.microphones.name for scene in scenes]
    assert 20 <= names.count("dcase") <= 40
    assert "binaural" not in names
    spacings = {scene.microphones.spacing_m for scene in scenes if scene.microphones.name.startswith("ab")}
    assert len(spacings) > 5
    assert 0.05 <= min(spacings) <= max(spacings) <= 0.5
    plain = SceneSettings(duration_s=1.0)
    for index, scene in enumerate(scenes[:10]):
        usual = draw_scene(3, 0, index, plain, SOUNDS, BANK)
        assert replace(scene, microphones=usual.microphones) == usual
        assert Scene.from_json(scene.to_json()) == scene
    batch = render_batch(scenes[:10], SOUNDS, BANK)
    assert [pair.name for pair in batch.microphones] == names[:10]
