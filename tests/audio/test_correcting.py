"""Corrections of recordings by what was told about their microphones."""

import dataclasses

import numpy as np
import pytest

from whence.audio import Ambisonics, corrected, corrected_microphones, foa_to_stereo, read_microphones
from whence.errors import AudioError


def sound(channels, seed=1):
    return np.random.default_rng(seed).standard_normal((channels, 240)).astype(np.float32)


def wave_from(azimuth_deg, elevation_deg=0.0):
    """A plane wave in AmbiX."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.cos(elevation)
    gains = [1.0, np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level]
    return (np.array(gains)[:, None] * sound(1)).astype(np.float32)


def test_without_a_description_nothing_is_done():
    signal = sound(2)
    assert corrected(signal, None) is signal
    assert corrected_microphones(None) is None


def test_a_pair_without_faults_is_left_as_it_is():
    np.testing.assert_array_equal(corrected(sound(2), read_microphones("xy:90")), sound(2))


@pytest.mark.parametrize("gain_db", [-3.0, 6.0])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_louder_right_channel_and_exchanged_channels_are_undone(gain_db, swapped):
    true, gain = sound(2), 10 ** (gain_db / 20)
    recorded = true[::-1] if swapped else true
    recorded = recorded * np.array([[1], [gain]], np.float32)
    pair = dataclasses.replace(read_microphones("ortf"), gain_db=gain_db, swapped=swapped)
    np.testing.assert_allclose(corrected(recorded, pair), true, rtol=1e-6)
    assert corrected_microphones(pair) == read_microphones("ortf")


def test_fuma_becomes_ambix():
    ambix = wave_from(40.0, 20.0)
    fuma = ambix[[0, 3, 1, 2]] * np.array([[2**-0.5], [1], [1], [1]], np.float32)
    np.testing.assert_allclose(corrected(fuma, read_microphones("foa:fuma")), ambix, rtol=1e-6)
    assert corrected_microphones(read_microphones("foa:fuma")).ambisonics == Ambisonics()


def test_a_view_becomes_its_pair():
    ambix = wave_from(40.0)
    np.testing.assert_array_equal(corrected(ambix, read_microphones("foa:30")), foa_to_stereo(ambix, 30))
    pair = corrected_microphones(read_microphones("foa:30"))
    dcase = read_microphones("dcase")
    assert (pair.channel_count, pair.left, pair.right) == (2, dcase.left, dcase.right)


def test_exchanged_sides_of_ambisonics_are_exchanged_back():
    pair = dataclasses.replace(read_microphones("foa"), swapped=True)
    np.testing.assert_allclose(corrected(wave_from(40.0), pair), wave_from(-40.0), atol=1e-6)
    view = dataclasses.replace(read_microphones("foa:0"), swapped=True)
    np.testing.assert_array_equal(corrected(wave_from(40.0), view), foa_to_stereo(wave_from(40.0), 0)[::-1])


def test_of_a_higher_order_the_first_four_channels_are_taken():
    higher = np.concatenate([wave_from(40.0), sound(5)])
    np.testing.assert_array_equal(corrected(higher, read_microphones("foa")), wave_from(40.0))


@pytest.mark.parametrize(
    ("name", "channels", "sentence"),
    [("foa", 2, "foa needs four channels, and here are 2"), ("ortf", 4, "ortf needs two channels, and here are 4")],
)
def test_a_description_that_contradicts_the_channels_is_one_sentence(name, channels, sentence):
    with pytest.raises(AudioError, match=sentence):
        corrected(sound(channels), read_microphones(name))
