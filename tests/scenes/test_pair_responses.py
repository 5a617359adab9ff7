"""Responses of any pair: images of an independent library, the stored responses, theory, and mirror symmetry."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_banks import dry_rooms, one_event, scene_of, still, tiny_sounds

from whence.audio import Capsule, Microphones, read_microphones
from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.pair_responses import LEAD, early_responses, pair_spectra
from whence.scenes.receivers import diffuse_field, mirrored
from whence.scenes.render import render_batch
from whence.scenes.rooms.bank import load_room_bank, merge, save_room_bank, select_rooms
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import RoomSettings
from whence.scenes.rooms.simulation import image_sources, make_room_bank
from whence.scenes.scene import Scene
from whence.scenes.settings import SceneSettings
from whence.scenes.transforms.room_response import choose_grid, turn_to_stereo
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


def mirrored_rooms():
    """The rooms seen in a mirror: left walls at the right."""
    walls = BANK.shoeboxes
    listener = walls.listener_m * [1, -1, 1] + walls.dimensions_m * [0, 1, 0]
    absorption = walls.absorption[:, [0, 1, 3, 2, 4, 5]]
    return replace(
        BANK,
        azimuth_deg=-BANK.azimuth_deg,
        responses=BANK.responses * np.float16([[1], [-1], [1]]),
        shoeboxes=replace(walls, listener_m=listener, absorption=absorption),
    )


def scene_turned(turn_deg, microphones, **more):
    """One sound in a room turned by an angle."""
    path = still(3)
    waypoint = replace(path.waypoints[0], turn_deg=turn_deg)
    event = one_event(SOUNDS, path=replace(path, waypoints=(waypoint,)))
    return scene_of([event], microphones=microphones, **more)


@pytest.mark.parametrize("name", PAIRS)
def test_a_mirrored_scene_has_exchanged_channels(name):
    pair = read_microphones(name)
    one = render_batch([scene_turned(40.0, pair)], SOUNDS, BANK).audio[0]
    other = render_batch([scene_turned(-40.0, pair)], SOUNDS, mirrored_rooms()).audio[0]
    assert (one - other.flip(0)).abs().max() < 1e-4 * one.abs().max()


def test_exchanged_channels_of_a_lopsided_pair_are_those_of_its_mirror_image():
    pair = Microphones("lopsided", Capsule(0.1, 0.6, 30.0), Capsule(-0.05, 0.3, -70.0), gain_db=1.5)
    swapped = render_batch([scene_turned(40.0, pair, swapped=True)], SOUNDS, BANK)
    assert swapped.microphones == [mirrored(pair)] != [pair]
    other = render_batch([scene_turned(-40.0, mirrored(pair))], SOUNDS, mirrored_rooms()).audio[0]
    # The gain of a pair is that of its right channel, so that of its mirror image is a factor on both.
    ratio = 10 ** (1.5 / 20)
    assert (swapped.audio[0] - ratio * other).abs().max() < 2e-3 * other.abs().max()


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


@pytest.mark.parametrize("name", ["ab:0.20", "ortf", "binaural"])
def test_early_part_and_tail_are_as_loud_as_the_pair_is_in_a_diffuse_field(name):
    bank = make_room_bank(3, 2, replace(SETTINGS, rt60_s=(0.4, 0.7), positions_per_room=20))
    count, pair = len(bank), read_microphones(name)
    grid = choose_grid(bank.responses.shape[2] + LEAD, 32 + LEAD, 24_000)
    responses = torch.from_numpy(bank.responses.astype(np.float32))
    turn = np.linspace(0, 350, count)
    spectra = pair_spectra(pair, bank, list(range(count)), turn, responses, torch.ones(count), grid)
    sound = torch.fft.irfft(spectra, grid.fft_length).numpy()[:, :, grid.before_samples - 32 :]
    left, right, cross = diffuse_field(pair, 257)
    # The high-pass of reflections leaves out the lowest frequencies; the highest are weak in tails.
    wanted_db = 10 * np.log10(left[4:200].mean())
    for first_ms, last_ms in ((20, 38), (46, 80), (80, 200)):
        window = slice(first_ms * 24, last_ms * 24)
        found = (sound[:, :, window] ** 2).sum(axis=(0, 2)) / (bank.responses[:, 0, window].astype(float) ** 2).sum()
        np.testing.assert_allclose(10 * np.log10(found), wanted_db, atol=1.0)
    parts = sound[:, :, 2_400 : 2_400 + 8 * 512].reshape(count, 2, 8, 512) * np.hanning(512)
    spectra = np.fft.rfft(parts, axis=3)
    mean = (spectra[:, 0] * spectra[:, 1].conj()).sum(axis=(0, 1))
    power = (np.abs(spectra) ** 2).sum(axis=(0, 2))
    apart = np.abs(mean / np.sqrt(power.prod(axis=0)) - cross / np.sqrt(left * right))[4:250]
    assert np.sqrt((apart**2).mean()) < 0.15
