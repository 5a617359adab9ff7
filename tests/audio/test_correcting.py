"""Corrections of recordings by what was told about their microphones."""

import dataclasses
import logging
import re

import numpy as np
import pytest

from whence.audio import (
    Ambisonics,
    corrected,
    corrected_microphones,
    foa_to_stereo,
    read,
    read_blocks,
    read_microphones,
)
from whence.errors import AudioError
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import RoomSettings
from whence.scenes.rooms.simulation import simulate_room
from whence.synth import generate


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


@pytest.mark.parametrize(("layout", "w_db"), [("ambix", 0.0), ("n3d", 0.0), ("wxyz", -3.5), ("fuma", 2.0)])
def test_every_layout_becomes_ambix(layout, w_db):
    ambix = wave_from(40.0, 20.0)
    recorded = ambix * np.array([[10 ** (w_db / 20)], [1], [1], [1]], np.float32)
    if layout == "n3d":
        recorded[1:] *= 3**0.5
    if layout == "fuma":
        recorded[0] *= 2**-0.5
    if layout in ("fuma", "wxyz"):
        recorded = recorded[[0, 3, 1, 2]]
    told = dataclasses.replace(read_microphones("foa"), ambisonics=Ambisonics(layout, w_db=w_db))
    np.testing.assert_allclose(corrected(recorded, told), ambix, rtol=1e-5)
    assert corrected_microphones(told).ambisonics == Ambisonics()


@pytest.fixture(scope="module")
def in_a_room():
    """A voice in a simulated room, five seconds of AmbiX."""
    room = draw_room(3, 1, RoomSettings(positions_per_room=1))
    (response,) = simulate_room(room, 12_000, with_height=True)
    voice = np.tile(generate(1, np.random.default_rng(1)), 2)[: 5 * 24_000]
    wet = np.stack([np.convolve(voice, channel)[: len(voice)] for channel in response])
    return (0.3 * wet / np.abs(wet).max()).astype(np.float32)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("foa", None),
        ("foa:fuma", r"dB too strong for foa:fuma, .* is it foa or foa:n3d, or else describe it with w_db \d\.\d\?"),
        ("foa:n3d", r"[45]\.\d dB too strong for foa:n3d, .* is it foa or foa:fuma"),
    ],
)
def test_a_wrong_layout_is_noticed(in_a_room, told, sentence, caplog):
    with caplog.at_level(logging.WARNING, logger="whence"):
        for _ in read_blocks((in_a_room, 24_000), 1.0, microphones=told):
            pass
    said = [record.message for record in caplog.records]
    assert len(said) == (sentence is not None)
    assert sentence is None or re.search(sentence, said[0])


def test_the_advice_of_the_sentence_makes_it_go_away(in_a_room, caplog):
    weak = in_a_room * np.array([[10 ** (-5 / 20)], [1], [1], [1]], np.float32)
    with caplog.at_level(logging.WARNING, logger="whence"):
        read((weak, 24_000), microphones="foa")
        w_db = float(re.search(r"w_db (\S+)\?", caplog.records[0].message)[1])
        told = dataclasses.replace(read_microphones("foa"), ambisonics=Ambisonics(w_db=w_db))
        read((weak, 24_000), microphones=told)
    assert w_db == pytest.approx(-5, abs=1)
    assert len(caplog.records) == 1


def test_silence_has_no_wrong_layout(caplog):
    with caplog.at_level(logging.WARNING, logger="whence"):
        assert read((np.zeros((4, 24_000)), 24_000), microphones="foa").shape == (4, 24_000)
        assert read((np.zeros((4, 0)), 24_000), microphones="foa").shape == (4, 0)
    assert [record.message for record in caplog.records] == ["the array holds no sound"]


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
