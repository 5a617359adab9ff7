"""Simulated rooms: image sources, octave bands, direct sound, tail, and whole banks by several processes."""

import math
import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pyroomacoustics
import pytest
from room_examples import POSITIONS, brute_force_images, plain_room

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms import simulation
from whence.scenes.rooms.bank import save_room_bank
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.foa import energy_decay_curve, rt60_of
from whence.scenes.rooms.room import BANDS_HZ, DIRECT_SAMPLE, RoomSettings, SourcePosition
from whence.scenes.rooms.simulation import (
    high_pass_mask,
    image_sources,
    make_room_bank,
    octave_masks,
    simulate_room,
)


def early_by_spectrum(room, images, position, tap_count):
    """(4, tap) W, Y, Z, X of all images as exact delays, one complex exponential each, in float64."""
    length = 8192
    frequency_hz = np.fft.rfftfreq(length, 1 / 24_000)
    octave = np.log2(np.clip(frequency_hz, 125, 8000) / 125)
    rumble = np.sin(np.clip((frequency_hz - 20) / 40, 0, 1) * np.pi / 2) ** 2
    spectrum = np.zeros((4, len(frequency_hz)), complex)
    for offset, per_band in images:
        distance = np.linalg.norm(offset)
        below = np.minimum(octave.astype(int), 5)
        mix = np.sin((octave - below) * np.pi / 2) ** 2
        gain = np.array(per_band)[below] * (1 - mix) + np.array(per_band)[below + 1] * mix
        late_s = (distance - position.distance_m) / 343.0 + (DIRECT_SAMPLE + 2000) / 24_000
        pulse = gain * rumble * np.exp(-2j * np.pi * frequency_hz * late_s) / distance
        x, y, z = offset / distance
        spectrum += np.array([1.0, y, z, x])[:, None] * pulse
    return np.fft.irfft(spectrum, length)[:, 2000 : 2000 + tap_count]


def their_response(room, position, order):
    """(3, tap) W, Y, X by the library's own directional microphones, and the sample of its direct sound."""
    patterns = [pyroomacoustics.directivities.Omnidirectional()]
    for azimuth in (90, 0):
        ahead = pyroomacoustics.directivities.DirectionVector(azimuth=azimuth, colatitude=90, degrees=True)
        patterns.append(pyroomacoustics.directivities.FigureEight(ahead))
    walls = dict(zip(("west", "east", "south", "north", "floor", "ceiling"), room.absorption, strict=True))
    materials = {
        name: pyroomacoustics.Material({"coeffs": list(shares), "center_freqs": list(BANDS_HZ)})
        for name, shares in walls.items()
    }
    box = pyroomacoustics.ShoeBox(room.dimensions_m, fs=24_000, materials=materials, max_order=order)
    box.add_source(room.coordinates_of(position))
    box.add_microphone_array(
        pyroomacoustics.MicrophoneArray(np.tile(np.array(room.listener_m)[:, None], 3), 24_000, patterns)
    )
    box.compute_rir()
    length = min(len(box.rir[channel][0]) for channel in range(3))
    # Half of its pulse between samples comes first.
    delay = position.distance_m / 343 * 24_000 + pyroomacoustics.constants.get("frac_delay_length") // 2
    return np.array([box.rir[channel][0][:length] for channel in range(3)]), delay


def test_the_early_part_equals_the_librarys_own_microphones():
    room = plain_room()
    position = room.positions[0]
    theirs, delay = their_response(room, position, order=12)
    ours = simulate_room(room, 2400)[0]
    frequency_hz = np.fft.rfftfreq(8192, 1 / 24_000)
    # Their high-pass at the bottom and their octave filters at the top are other ones than ours.
    kept = (frequency_hz > 150) & (frequency_hz < 7000)
    turned = [
        np.fft.irfft(np.fft.rfft(wave, 8192) * kept * np.exp(2j * np.pi * frequency_hz * (lead - 1000) / 24_000), 8192)
        for wave, lead in ((theirs, delay), (ours, DIRECT_SAMPLE))
    ]
    end = 1000 + int((0.04 - position.distance_m / 343) * 24_000)
    for them, us in zip(*(wave[:, 1000:end] for wave in turned), strict=True):
        assert ((us - them) ** 2).sum() < 10**-3 * (them**2).sum()


def low_passed(wave, highest_hz=8500):
    """Below the edge where a short pulse between samples differs from the exact one."""
    spectrum = np.fft.rfft(wave, 4096)
    spectrum[..., np.fft.rfftfreq(4096, 1 / 24_000) > highest_hz] = 0
    return np.fft.irfft(spectrum, 4096)


def test_the_early_part_equals_exact_delays_of_all_images():
    room = plain_room()
    ours = simulate_room(room, 2400, with_height=True)
    bands = [brute_force_images(room, 0.08, band) for band in range(7)]
    for number, position in enumerate(POSITIONS):
        images = [
            (offset, [bands[b][number][i][1] for b in range(7)]) for i, (offset, _) in enumerate(bands[0][number])
        ]
        slow = early_by_spectrum(room, images, position, 2400)
        # Before the hand-over begins, and after the direct sound.
        end = DIRECT_SAMPLE + int((0.04 - position.distance_m / 343) * 24_000) - 20
        part = slice(DIRECT_SAMPLE + 1, end)
        difference = low_passed((ours[number] - slow)[:, part])
        assert np.abs(difference).max() < 0.01 * np.abs(slow[:, part]).max()


def test_the_direct_sound_is_one_exact_pulse():
    room = draw_room(5, 0, RoomSettings(positions_per_room=12))
    for position, (w, y, z, x) in zip(room.positions, simulate_room(room, 2400, with_height=True), strict=True):
        azimuth, elevation = np.radians(position.azimuth_deg), np.radians(position.elevation_deg)
        # Half a sample's ringing of near reflections may lie on top.
        assert w[DIRECT_SAMPLE] == pytest.approx(1 / position.distance_m, abs=0.02)
        assert y[DIRECT_SAMPLE] == pytest.approx(np.sin(azimuth) * np.cos(elevation) / position.distance_m, abs=0.02)
        assert x[DIRECT_SAMPLE] == pytest.approx(np.cos(azimuth) * np.cos(elevation) / position.distance_m, abs=0.02)
        assert z[DIRECT_SAMPLE] == pytest.approx(np.sin(elevation) / position.distance_m, abs=0.02)
        assert not w[:DIRECT_SAMPLE].any()


def test_without_walls_nothing_but_the_direct_sound_is_there():
    position = SourcePosition(40.0, -10.0, 2.0)
    # Walls that let all sound out, and a tail of next to no duration.
    response = simulate_room(plain_room(1 - 1e-12, positions=(position,), rt60_s=0.005), 2400)[0]
    gains = [1.0, np.sin(np.radians(40)) * np.cos(np.radians(10)), np.cos(np.radians(40)) * np.cos(np.radians(10))]
    assert response[:, DIRECT_SAMPLE] == pytest.approx(np.array(gains) / 2, abs=1e-6)
    response[:, DIRECT_SAMPLE] = 0
    assert np.abs(response).max() < 1e-6


def test_a_source_at_the_left_wall_echoes_from_the_left():
    room = plain_room(positions=(SourcePosition(90.0, 0.0, 1.4),))
    w, y, _ = simulate_room(room, 2400)[0]
    # The image in the left wall at y = 4.5 is 2.4 m away, the source 1.4 m.
    echo = DIRECT_SAMPLE + round((2 * (4.0 - 2.1) - 1.4 - 1.4) / 343 * 24_000)
    near = slice(echo - 3, echo + 4)
    peak = near.start + int(np.argmax(np.abs(w[near])))
    assert w[peak] > 0.15
    assert y[peak] == pytest.approx(w[peak], rel=0.05)


def test_mirroring_the_room_mirrors_the_response():
    left = plain_room(0.2, positions=(SourcePosition(35.0, -15.0, 1.7),))
    width = left.dimensions_m[1]
    right = plain_room(0.2, positions=(SourcePosition(-35.0, -15.0, 1.7),))
    x, y, z = left.listener_m
    right = type(right)(**{**vars(right), "listener_m": (x, width - y, z)})
    # Until the hand-over all is geometry; the tails are drawn, W and Y independently.
    a, b = simulate_room(left, 2400)[0][:, :850], simulate_room(right, 2400)[0][:, :850]
    assert a[0] == pytest.approx(b[0], abs=2e-4)
    assert a[1] == pytest.approx(-b[1], abs=2e-4)
    assert a[2] == pytest.approx(b[2], abs=2e-4)


def measured_times(seed, rooms, positions):
    """(room, position) measured over wanted reverberation time."""
    chosen = RoomSettings(positions_per_room=positions)
    drawn = [draw_room(seed, index, chosen) for index in range(rooms)]
    return np.array([[rt60_of(w) / room.rt60_s for w in simulate_room(room, 19_200)[:, 0]] for room in drawn])


def check_times(ratios):
    assert np.abs(ratios.mean(axis=1) - 1).max() < 0.15
    assert abs(ratios.mean() - 1) < 0.03
    assert (np.abs(ratios - 1) < 0.15).mean() > 0.95


def test_reverberation_times_are_what_was_asked():
    check_times(measured_times(21, rooms=12, positions=6))


@pytest.mark.nightly
def test_reverberation_times_are_what_was_asked_in_many_rooms():
    check_times(measured_times(22, rooms=100, positions=40))


def test_treble_dies_before_bass():
    room = draw_room(8, 1, RoomSettings(positions_per_room=4, rt60_s=(0.6, 0.6), treble_ratio=(0.5, 0.5)))
    responses = simulate_room(room, 19_200)[:, 0]
    for band, edges in ((2, (353, 707)), (5, (2828, 5657)), (6, (6500, 11_000))):
        measured = np.mean([rt60_of(w, band_hz=edges) for w in responses])
        assert measured == pytest.approx(room.band_rt60_s[band], rel=0.15)


def test_the_hand_over_leaves_no_step_in_the_decay():
    ratios = []
    for index in range(12):
        room = draw_room(31, index, RoomSettings(positions_per_room=6, bass_ratio=(1, 1), treble_ratio=(1, 1)))
        for position, (w, *_) in zip(room.positions, simulate_room(room, 9600), strict=True):
            time_s = (np.arange(9600) - DIRECT_SAMPLE) / 24_000 + position.distance_m / 343
            expected = 4 * np.pi * 343 / room.volume_m3 / 24_000 * 10 ** (-6 * time_s / room.rt60_s)
            parts = [(time_s >= start) & (time_s < start + 0.01) for start in np.arange(0.02, 0.12, 0.01)]
            ratios.append([(w[part].astype(float) ** 2).sum() / expected[part].sum() for part in parts])
    level_db = 10 * np.log10(np.mean(ratios, axis=0))
    assert np.abs(level_db).max() < 0.8


def test_the_tail_is_a_diffuse_field():
    room = plain_room(0.15, rt60_s=0.6)
    tails = simulate_room(room, 14_400, with_height=True)[:, :, 2400:9600].astype(float)
    energy = (tails**2).sum(axis=-1)
    assert energy[:, 1:] / energy[:, :1] == pytest.approx(np.full((3, 3), 1 / 3), rel=0.12)
    for tail in tails:
        assert np.abs(np.corrcoef(tail) - np.eye(4)).max() < 0.06
    # Other positions have other tails.
    assert abs(np.corrcoef(tails[0, 0], tails[1, 0])[0, 1]) < 0.06


def direct_to_reverberant_db(response):
    """Energy up to 2.5 ms after the direct sound over the energy of all that follows."""
    energy = response.astype(float) ** 2
    direct = DIRECT_SAMPLE + 61
    return 10 * np.log10(energy[:direct].sum() / energy[direct:].sum())


def test_direct_to_reverberant_ratio_falls_with_distance_and_crosses_zero_near_the_critical_distance():
    distances = (0.4, 0.8, 1.6, 3.2)
    positions = tuple(SourcePosition(azimuth, 0.0, d) for d in distances for azimuth in (-20.0, 10.0))
    room = draw_room(1, 0, RoomSettings(depth_m=(9, 9), width_m=(7, 7), rt60_s=(0.5, 0.5), positions_per_room=1))
    room = type(room)(**{**vars(room), "positions": positions, "listener_m": (3.0, 3.5, 1.5)})
    ratios = [direct_to_reverberant_db(w) for w in simulate_room(room, 12_000)[:, 0]]
    by_distance = np.reshape(ratios, (4, 2)).mean(axis=1)
    assert (np.diff(by_distance) < -3).all()
    critical_m = 0.057 * np.sqrt(room.volume_m3 / 0.5)
    crossing_m = np.exp(np.interp(0, by_distance[::-1], np.log(distances)[::-1]))
    # The formula counts reverberation from the first moment on, so the true crossing lies a little farther.
    assert 0.9 * critical_m < crossing_m < 1.8 * critical_m


def test_the_same_room_gives_the_same_bits_and_ends_in_silence():
    room = plain_room()
    once = simulate_room(room, 4800)
    assert once.dtype == np.float32
    assert once.shape == (3, 3, 4800)
    assert np.array_equal(once, simulate_room(room, 4800))
    assert np.abs(once[..., -1]).max() < 1e-9
    assert energy_decay_curve(once[0, 0])[-60] < -20


def test_height_is_an_extra_channel_and_changes_nothing_early():
    room = plain_room()
    flat, high = simulate_room(room, 2400), simulate_room(room, 2400, with_height=True)
    # With a channel more, a product of matrices may sum in another order.
    np.testing.assert_allclose(flat[..., :600], high[:, [0, 1, 3], :600], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("band", [0, 6])
def test_images_equal_three_nested_loops(band):
    room = plain_room()
    for ours, slow in zip(image_sources(room, 0.03), brute_force_images(room, 0.03, band), strict=True):
        slow.sort(key=lambda image: tuple(np.round(image[0], 3)))
        order = np.lexsort(np.round(ours.offset_m, 3).T[::-1])
        assert ours.offset_m[order] == pytest.approx(np.array([offset for offset, _ in slow]), abs=1e-4)
        assert ours.amplitude[order, band] == pytest.approx(np.array([a for _, a in slow]), rel=1e-5)


@pytest.mark.parametrize("until_s", [0.02, 0.05, 0.08])
def test_no_image_in_reach_is_missing(until_s):
    room = plain_room(0.2)
    counts = [len(images.offset_m) for images in image_sources(room, until_s)]
    assert counts == [len(images) for images in brute_force_images(room, until_s, 0)]


def test_images_come_nearest_first_and_within_reach():
    for images in image_sources(plain_room(), 0.04):
        distance = np.linalg.norm(images.offset_m, axis=1)
        assert (np.diff(distance) >= 0).all()
        assert distance[-1] <= 0.04 * 343


def test_the_nearest_reflection_of_a_low_source_is_that_of_the_floor():
    room = plain_room(positions=(SourcePosition(0.0, -60.0, 1.5),))
    x, y, z = image_sources(room, 0.02)[0].offset_m[0]
    height = 1.5 - 1.5 * np.sin(np.radians(60))
    assert (x, y, z) == pytest.approx((0.75, 0.0, -1.5 - height), abs=1e-5)


def test_a_wall_that_absorbs_nearly_all_reflects_nearly_nothing():
    walls = np.full((6, 7), 0.1)
    walls[4] = 0.9999
    images = image_sources(plain_room(walls, positions=(SourcePosition(0.0, 0.0, 1.0),)), 0.02)[0]
    through_the_floor = images.offset_m[:, 2] < -1.5
    assert through_the_floor.any()
    assert images.amplitude[through_the_floor].max() == pytest.approx(0.01, rel=1e-2)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(MissingExtraError, match=r"whence\[scenes\]"):
        image_sources(plain_room(), 0.01)


def interpolated(gains, frequency_hz):
    """One frequency at a time: which two octave centres is it between, and how far."""
    octave = math.log2(max(frequency_hz, 125.0) / 125.0)
    if octave >= 6:
        return gains[6]
    below = int(octave)
    share = math.sin((octave - below) * math.pi / 2) ** 2
    return gains[below] * (1 - share) + gains[below + 1] * share


def test_masks_interpolate_gains_between_octaves():
    gains = np.array([0.9, 0.1, 0.5, 0.7, 0.2, 1.0, 0.3])
    frequency_hz = np.fft.rfftfreq(4096, 1 / 24_000)
    expected = [interpolated(gains, float(f)) for f in frequency_hz]
    assert gains @ octave_masks(4096) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("length", [256, 4096, 19_683])
def test_masks_add_up_to_one_everywhere(length):
    assert octave_masks(length).sum(axis=0) == pytest.approx(np.ones(length // 2 + 1))


def test_each_centre_belongs_to_its_octave_alone():
    masks = octave_masks(24_000)
    for band, centre in enumerate(BANDS_HZ):
        assert masks[:, int(centre)] == pytest.approx(np.eye(7)[band])


def test_the_high_pass_blocks_below_20_hz_and_passes_above_60():
    mask = high_pass_mask(24_000)
    assert (mask[:21] == 0).all()
    assert mask[40] == pytest.approx(0.5)
    assert (mask[60:] == 1).all()
    assert (np.diff(mask) >= 0).all()


FEW = RoomSettings(positions_per_room=3, rt60_s=(0.15, 0.3), tap_count=9600)


@pytest.fixture(scope="module")
def bank():
    return make_room_bank(4, 3, FEW)


def same(a, b):
    return a.room_name == b.room_name and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("responses", "direct_sample", "room", "azimuth_deg", "elevation_deg", "distance_m", "rt60_s")
    )


def test_any_number_of_processes_makes_the_same_bank(bank):
    assert same(make_room_bank(4, 3, FEW, jobs=2), bank)


def test_a_longer_bank_begins_with_the_shorter_one(bank):
    short = make_room_bank(4, 2, FEW)
    taps = min(short.responses.shape[2], bank.responses.shape[2])
    assert np.array_equal(bank.responses[:6, :, :taps], short.responses[..., :taps])
    assert bank.azimuth_deg[:6].tolist() == short.azimuth_deg.tolist()


def test_other_seeds_make_other_rooms(bank):
    assert not set(make_room_bank(5, 3, FEW).azimuth_deg.tolist()) & set(bank.azimuth_deg.tolist())


def test_the_columns_describe_the_responses(bank):
    assert bank.room.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert bank.room_name == ("drawn room 4-0", "drawn room 4-1", "drawn room 4-2")
    assert bank.responses.dtype == np.float16
    assert (bank.direct_sample == DIRECT_SAMPLE).all()
    w, y, x = bank.responses[:, :, DIRECT_SAMPLE].astype(float).T
    assert w * bank.distance_m == pytest.approx(np.ones(9), abs=0.03)
    flat = np.cos(np.radians(bank.elevation_deg))
    assert y / w == pytest.approx(np.sin(np.radians(bank.azimuth_deg)) * flat, abs=0.03)
    assert x / w == pytest.approx(np.cos(np.radians(bank.azimuth_deg)) * flat, abs=0.03)


def test_responses_are_as_long_as_the_longest_room_needs(bank):
    taps = bank.responses.shape[2]
    assert taps % 240 == 0
    assert 0 <= taps - DIRECT_SAMPLE - bank.rt60_s.max() * 24_000 < 240
    long = RoomSettings(positions_per_room=1, rt60_s=(1.0, 1.0), tap_count=4800)
    assert make_room_bank(0, 1, long).responses.shape[2] == 4800
    half = RoomSettings(positions_per_room=1, rt60_s=(0.2, 0.2), tap_count=4800, decay_kept_db=30)
    assert make_room_bank(0, 1, half).responses.shape[2] == 2640


def test_progress_counts_every_room():
    seen = []
    make_room_bank(4, 2, FEW, progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("rooms", "jobs"), [(0, 1), (1, 0)])
def test_nothing_cannot_be_made(rooms, jobs):
    with pytest.raises(SceneError, match="ask for at least one of each"):
        make_room_bank(0, rooms, FEW, jobs=jobs)


def test_a_killed_process_is_reported_in_one_sentence(monkeypatch):
    class Pool:
        def __init__(self, *args, **kwargs): ...
        def __enter__(self):
            return self

        def __exit__(self, *exc): ...
        def shutdown(self, **kwargs): ...
        def map(self, *args):
            raise BrokenProcessPool("a child process terminated abruptly")

    monkeypatch.setattr(simulation, "ProcessPoolExecutor", Pool)
    with pytest.raises(SceneError, match=r"a process was killed .* run again with fewer jobs"):
        make_room_bank(0, 2, FEW, jobs=2)


SCRIPT = """
import sys
from pathlib import Path
from whence.scenes.rooms import RoomSettings, make_room_bank, save_room_bank

few = RoomSettings(positions_per_room=3, rt60_s=(0.15, 0.3), tap_count=9600)
bank = make_room_bank(4, 3, few, progress=lambda done, wanted: print(done, flush=True))
save_room_bank(Path(sys.argv[1]), bank)
"""


def test_a_killed_run_leaves_nothing_and_the_next_makes_the_same_file(tmp_path, bank):
    path, whole = tmp_path / "rooms.safetensors", tmp_path / "whole.safetensors"
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, env=os.environ)
    child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    assert not path.exists()
    subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, capture_output=True)
    save_room_bank(whole, bank)
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.nightly
def test_fifty_rooms_of_forty_positions_take_minutes_of_one_core():
    before = os.times()
    bank = make_room_bank(1, 50, jobs=2)
    after = os.times()
    assert len(bank) == 2000
    assert bank.responses.nbytes < 240e6
    # Processor time of this process and its children: the clock on the wall also counts the machine's other work.
    assert sum(after[:4]) - sum(before[:4]) < 300
