"""Sounds in memory: which shapes and types, and what full scale is in each."""

import numpy as np
import pytest

from whence.audio import read
from whence.errors import AudioError


def test_full_scale_of_each_type():
    steps = np.array([[0, 16384, -32768], [1, -1, 32767]])
    expected = (steps / 32768).astype(np.float32)
    for array in (
        steps.astype(np.int16),
        (steps * 65536).astype(np.int32),
        steps / 32768,
        (steps / 32768).astype(np.float32),
    ):
        assert np.array_equal(read((array, 24_000)), expected)


def test_any_memory_layout():
    signal = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 70_000)).astype(np.float32)
    for array in (np.asfortranarray(signal), signal[:, ::-1][:, ::-1], signal[::-1][::-1]):
        assert np.array_equal(read((array, 24_000)), signal)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((np.zeros((2, 10), np.uint16), 24_000), r"^the array holds uint16; a sound is"),
        ((np.zeros((2, 10), complex), 24_000), r"^the array holds complex128"),
        ((np.zeros((2, 10), object), 24_000), r"^the array holds object"),
        ((np.zeros((1, 2, 10)), 24_000), r"^the array is shaped \(1, 2, 10\)"),
        ((np.zeros((0, 10)), 24_000), r"^the array: impossible header \(0 channels\)"),
        ((np.zeros((2, 10)), 0), r"^the array: impossible header \(rate 0\)"),
        ((np.zeros((2, 10)), -24_000), r"^the array: impossible header \(rate -24000\)"),
        ((np.zeros((2, 10)), 22_050.5), r"^the array: a sample rate is a whole number of Hz, not 22050\.5"),
        ((np.zeros((2, 10)), float("nan")), r"^the array: a sample rate is a whole number"),
        ((np.zeros((2, 10)), "24000"), r"^a sound in memory is given as \(array, sample_rate_hz\)"),
        ((np.zeros((2, 10)),), r"^a sound in memory is given as"),
        (([[0.0, 1.0]], 24_000), r"^a sound in memory is an array of NumPy or PyTorch, not list"),
        ((np.full((2, 10), 1e300), 24_000), r"^the array: 20 samples are not numbers, first at 0\.00 s \(left\)$"),
    ],
)
def test_refuses(pair, message):
    with pytest.raises(AudioError, match=message):
        read(pair)


def test_one_sample_of_two_channels_is_a_sound():
    assert read((np.array([[0.5], [0.25]]), 24_000)).tolist() == [[0.5], [0.25]]


@pytest.mark.parametrize("rate", [24_000, 24_000.0, np.int64(24_000), np.float32(24_000)])
def test_the_rate_may_be_any_whole_number(rate):
    assert read((np.zeros((2, 100)), rate)).shape == (2, 100)
