"""What microphones make of sound, against theory and against independent code."""

import h5py
import numpy as np
import pyroomacoustics as pra
import pytest
import torch
from pyroomacoustics.directivities import CardioidFamily, DirectionVector
from scipy.special import spherical_jn, spherical_yn

from whence.audio import Capsule, Microphones, read_microphones
from whence.errors import AudioError, SceneError
from whence.scenes.pair_responses import LEAD, early_responses
from whence.scenes.receivers import (
    BuiltMicrophones,
    diffuse_field,
    diffuse_mixing,
    filters,
    mirrored,
    paths_and_weights,
)
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.rooms.room import SourcePosition
from whence.scenes.rooms.shoeboxes import Shoeboxes
from whence.scenes.transforms.diffuse_background import apply_diffuse_background
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

NAMES = ("dcase", "xy:90", "ms", "blumlein", "ortf", "nos", "ab:0.20", "ab:0.5", "phone", "binaural")
LOPSIDED = Microphones("lopsided", Capsule(0.1, 0.6, 30.0), Capsule(-0.05, 0.3, -70.0))
BUILT = BuiltMicrophones("built", Capsule(0.08, 1.0, 0.0), Capsule(-0.08, 0.9, 20.0), directivity=0.3)
PAIRS = [*map(read_microphones, NAMES), LOPSIDED, BUILT]
BINS = 257
FREQUENCY_HZ = np.linspace(0, SAMPLE_RATE_HZ / 2, BINS)
FAR_M = 1_000.0


def by_name(pair):
    return pair.name


def directions(azimuth_deg, elevation_deg=0.0):
    azimuth, elevation = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(elevation_deg))
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)


def far_response(pair, toward):
    """(N, 2, F) for plane waves, relative to the middle of the pair."""
    path, weight = paths_and_weights(pair, toward * FAR_M)
    late = np.exp(-2j * np.pi * FREQUENCY_HZ * ((path - FAR_M) / SPEED_OF_SOUND_M_S)[:, :, None])
    return (weight * FAR_M @ filters(pair, BINS)) * late


@pytest.mark.parametrize("pair", [pair for pair in PAIRS[:-1] if pair.head is None], ids=by_name)
def test_far_sources_have_the_gains_and_delays_of_plane_waves(pair):
    azimuth, elevation = np.linspace(-180, 170, 36), np.linspace(-60, 60, 36)
    path, weight = paths_and_weights(pair, directions(azimuth, elevation) * FAR_M)
    np.testing.assert_allclose(weight[:, :, 0] * FAR_M, 2 * pair.gains(azimuth, elevation), atol=2e-3)
    late_s = (path - FAR_M) / SPEED_OF_SOUND_M_S
    np.testing.assert_allclose(late_s, pair.delays_s(azimuth, elevation), atol=2e-6)


def test_a_source_where_a_capsule_is_stays_finite():
    path, weight = paths_and_weights(read_microphones("ab:1"), np.array([[0.0, 0.5, 0.0]]))
    assert path[0, 0] == pytest.approx(0.1)
    assert weight[0, :, 0].tolist() == pytest.approx([20.0, 2.0])


@pytest.mark.parametrize("pair", PAIRS, ids=by_name)
def test_a_diffuse_field_is_the_mean_over_directions(pair):
    rng = np.random.default_rng(0)
    toward = rng.normal(size=(20_000, 3))
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    power, cross = np.zeros((2, BINS)), 0
    for part in np.array_split(toward, 20):
        response = far_response(pair, part)
        power += (np.abs(response) ** 2).sum(axis=0) / len(toward)
        cross = cross + (response[:, 0] * response[:, 1].conj()).sum(axis=0) / len(toward)
    left, right, theory = diffuse_field(pair, BINS)
    np.testing.assert_allclose([left, right], power, atol=0.1)
    np.testing.assert_allclose(theory, cross, atol=0.1)


def test_two_omnis_have_the_coherence_of_the_textbook():
    left, right, cross = diffuse_field(read_microphones("ab:0.20"), BINS)
    np.testing.assert_allclose(cross / np.sqrt(left * right), np.sinc(2 * FREQUENCY_HZ * 0.2 / SPEED_OF_SOUND_M_S))


@pytest.mark.parametrize("pair", PAIRS, ids=by_name)
def test_mixed_signals_have_the_powers_and_the_cross_power(pair):
    mixing = diffuse_mixing(pair, BINS).astype(complex)
    covariance = np.einsum("csf,dsf->cdf", mixing, mixing.conj())
    left, right, cross = diffuse_field(pair, BINS)
    np.testing.assert_allclose(covariance, [[left, cross], [cross.conj(), right]], atol=1e-4)


@pytest.mark.parametrize("pair", PAIRS, ids=by_name)
def test_backgrounds_have_the_coherence_of_the_pair(pair):
    waves = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 200 * 512)).astype(np.float32))
    left = [third / 3**0.5 for third in (1, -1, 1, -1)]
    sound = apply_diffuse_background(waves, left, pair).numpy().reshape(2, -1, 512) * np.hanning(512)
    spectra = np.fft.rfft(sound, axis=2)
    cross = (spectra[0] * spectra[1].conj()).mean(axis=0)
    found = cross / np.sqrt((np.abs(spectra[0]) ** 2).mean(axis=0) * (np.abs(spectra[1]) ** 2).mean(axis=0))
    one, other, theory = diffuse_field(pair, BINS)
    assert np.sqrt((np.abs(found - theory / np.sqrt(one * other)) ** 2).mean()) < 0.1


def test_mirror_images():
    for name in NAMES:
        assert mirrored(read_microphones(name)) == read_microphones(name)
    assert mirrored(LOPSIDED).left == Capsule(0.05, 0.3, 70.0)
    assert mirrored(mirrored(BUILT)) == BUILT


def sphere_series_db(angle_deg, frequency_hz, radius_m):
    """Pressure on a rigid sphere re the free field, dB: the sum over modes for a plane wave (Duda and Martens 1998)."""
    ka = 2 * np.pi * frequency_hz * radius_m / SPEED_OF_SOUND_M_S
    order = np.arange(60)
    slope = spherical_jn(order, ka, True) + 1j * spherical_yn(order, ka, True)
    legendre = np.polynomial.legendre.legval(
        np.cos(np.radians(angle_deg)), np.diag((2 * order + 1) * (-1j) ** order / slope)
    )
    return 20 * np.log10(np.abs(np.nansum(legendre) / ka**2))


@pytest.mark.parametrize("frequency_hz", [300.0, 1_000.0, 3_000.0, 6_000.0])
def test_the_head_is_the_exact_sphere_within_a_decibel(frequency_hz):
    head = read_microphones("binaural")
    angles = np.arange(0, 181, 15)
    bin_index = np.argmin(np.abs(FREQUENCY_HZ - frequency_hz))
    ours = 20 * np.log10(np.abs(far_response(head, directions(90.0 - angles))[:, 0, bin_index]) / 2)
    exact = np.array([sphere_series_db(angle, FREQUENCY_HZ[bin_index], head.head.radius_m) for angle in angles])
    # Behind the head waves from all sides meet and cancel in places, which a few filters cannot follow.
    assert np.abs(ours - exact)[angles <= 135].max() < 1.0
    assert np.sqrt(((ours - exact) ** 2).mean()) < 1.0


def independent_responses(pair, walls, listener, source, absorption):
    """(2, tap) of pyroomacoustics: its own arrays, directivities and image sources; flat walls."""
    room = pra.ShoeBox(walls, fs=SAMPLE_RATE_HZ, materials=pra.Material(absorption), max_order=12, air_absorption=False)
    room.add_source(source)
    capsules = (pair.left, pair.right)
    places = np.array([np.add(listener, [0, capsule.left_m, 0]) for capsule in capsules]).T
    patterns = [
        CardioidFamily(orientation=DirectionVector(azimuth=capsule.facing_deg, colatitude=90), p=capsule.pattern)
        for capsule in capsules
    ]
    room.add_microphone_array(places, directivity=patterns)
    room.compute_rir()
    return [np.asarray(room.rir[channel][0]) for channel in range(2)]


@pytest.mark.parametrize("name", ["dcase", "xy:90", "ms", "ortf", "nos", "ab:0.20", "ab:0.5", "blumlein"])
def test_rooms_are_those_of_independent_code(name):
    pair = read_microphones(name)
    walls, listener, absorption = (5.0, 4.2, 2.7), (2.3, 2.2, 1.5), 0.3
    position = SourcePosition(37.0, -10.0, 1.4)
    boxes = Shoeboxes(np.array([walls]), np.array([listener]), np.full((1, 6, 7), absorption))
    bank = RoomBank.from_positions(np.zeros((1, 3, 8), np.float16), [position], [0], ["box"], [0.3], boxes)
    ours = early_responses(pair, bank, [0], np.zeros(1))[0]
    theirs = independent_responses(pair, walls, listener, np.add(listener, position.offset_m()), absorption)
    # Theirs counts from the moment the sound was made and has 40 samples in front.
    later = position.distance_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ + 40 - LEAD
    count = 800
    frequency_hz = np.fft.rfftfreq(4_096, 1 / SAMPLE_RATE_HZ)
    used = (frequency_hz > 300) & (frequency_hz < 7_000)
    for mine, other in zip(ours, theirs, strict=True):
        fade = np.clip((count - np.arange(count)) / 100, 0, 1)
        first = int(later)
        a = np.fft.rfft(mine[:count] * fade, 4_096)[used]
        b = np.fft.rfft(other[first : first + count] * fade, 4_096)[used]
        b = b * np.exp(2j * np.pi * frequency_hz[used] / SAMPLE_RATE_HZ * (later - first))
        # Capsules have gain 2 here, 1 there.
        assert (np.abs(a - 2 * b) ** 2).sum() < 0.001 * (np.abs(a) ** 2).sum()


def write_head(path, convention="SimpleFreeFieldHRIR", ears=2):
    """A SOFA file of what a sphere measures all around, every 30 degrees, at 48 kHz."""
    azimuth, elevation = (grid.ravel() for grid in np.meshgrid(np.arange(0, 360, 30.0), [-30.0, 0.0, 30.0]))
    sphere, bins = read_microphones("binaural"), 129
    path_m, weight = paths_and_weights(sphere, directions(azimuth, elevation))
    spectrum = np.zeros((len(azimuth), 2, 257), complex)
    frequency_hz = np.linspace(0, 24_000, 257)
    spectrum[:, :, :bins] = weight / 2 @ filters(sphere, bins)
    late_s = (path_m - 1.0) / SPEED_OF_SOUND_M_S + 0.001
    spectrum *= np.exp(-2j * np.pi * frequency_hz * late_s[:, :, None])
    with h5py.File(path, "w") as file:
        file.attrs["SOFAConventions"], file.attrs["DataType"] = convention, "FIR"
        file["Data.IR"] = np.fft.irfft(spectrum, axis=2)[:, :ears]
        file["Data.SamplingRate"] = [48_000.0]
        file["SourcePosition"] = np.stack([azimuth, elevation, np.full_like(azimuth, 1.0)], axis=1)
        file["SourcePosition"].attrs["Type"] = "spherical"
        file["ListenerPosition"] = np.zeros((1, 3))


def head_of(path):
    (path.parent / "head.yaml").write_text(f"head: {{file: {path.name}}}")
    return read_microphones(str(path.parent / "head.yaml"))


def test_a_measured_head_gives_what_was_measured(tmp_path):
    write_head(tmp_path / "head.sofa")
    measured, sphere = head_of(tmp_path / "head.sofa"), read_microphones("binaural")
    toward = directions(np.array([0.0, 30.0, -60.0, 90.0, 150.0]))
    path, _ = paths_and_weights(measured, toward)
    wanted, _ = paths_and_weights(sphere, toward)
    np.testing.assert_allclose(path[:, 1] - path[:, 0], wanted[:, 1] - wanted[:, 0], atol=0.02)
    level, exact = (
        20 * np.log10(np.abs(response[:, 0] / response[:, 1]))[:, [10, 40, 120]]
        for response in (far_response(measured, toward), far_response(sphere, toward))
    )
    np.testing.assert_allclose(level, exact, atol=1.5)


def test_wrong_files_of_heads_are_refused_in_a_sentence(tmp_path):
    with pytest.raises((SceneError, AudioError), match="no such file"):
        paths_and_weights(head_of(tmp_path / "none.sofa"), directions([0.0]))
    write_head(tmp_path / "room.sofa", convention="SingleRoomSRIR")
    with pytest.raises(SceneError, match="a SOFA file of convention 'SingleRoomSRIR'"):
        paths_and_weights(head_of(tmp_path / "room.sofa"), directions([0.0]))
    write_head(tmp_path / "one.sofa", ears=1)
    with pytest.raises(SceneError, match="two ears"):
        paths_and_weights(head_of(tmp_path / "one.sofa"), directions([0.0]))
