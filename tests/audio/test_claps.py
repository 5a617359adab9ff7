"""Claps tell the side by level or by time, and three of them describe a pair."""

import numpy as np
import pytest

from whence.audio import calibrated, find_clap, read_microphones
from whence.errors import AudioError
from whence.units import SAMPLE_RATE_HZ as RATE


def room(duration_s, seed=0, level=1e-3):
    return np.random.default_rng([seed, 7]).normal(0, level, (2, round(duration_s * RATE))).astype(np.float32)


def clap(pair, azimuth_deg, seed=0, gain_db=0.0, walls=0.3):
    """A click of 5 ms as a pair hears it, with two echoes from the other side."""
    signal = room(2.0, seed)
    click = np.random.default_rng([seed, 2, 2]).normal(0, 0.15, RATE // 200)
    for after_s, scale, azimuth in ((0.0, 1.0, azimuth_deg), (0.03, walls, -azimuth_deg), (0.05, walls, -azimuth_deg)):
        gains, delays = pair.gains(azimuth), pair.delays_s(azimuth)
        for channel in (0, 1):
            start = round((1.0 + after_s + delays[channel]) * RATE)
            louder = 10 ** (gain_db / 20) if channel else 1.0
            signal[channel, start : start + len(click)] += (louder * scale * gains[channel] * click).astype(np.float32)
    return signal


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("azimuth_deg", [-90, -40, -15, 15, 40, 90])
@pytest.mark.parametrize("name", ["dcase", "ab:0.20", "ortf"])
def test_the_side_of_a_clap_is_told_in_spite_of_the_walls(name, azimuth_deg, seed):
    signal = clap(read_microphones(name), azimuth_deg, seed)
    there, other = ("left", "right") if azimuth_deg > 0 else ("right", "left")
    assert find_clap(signal).side == there
    assert find_clap(signal[::-1]).side == other
    assert find_clap(signal[::-1]).level_db == pytest.approx(-find_clap(signal).level_db)


@pytest.mark.parametrize("name", ["dcase", "ab:0.20"])
def test_a_clap_in_front_tells_no_side(name):
    assert find_clap(clap(read_microphones(name), 0)).side is None


@pytest.mark.parametrize("level", [1e-5, 1e-3, 0.1])
def test_a_room_without_a_clap_is_none(level):
    assert find_clap(room(3.0, level=level)) is None


def test_silence_a_moment_and_half_a_clap_are_none():
    assert find_clap(np.zeros((2, 48_000), np.float32)) is None
    assert find_clap(room(0.02)) is None
    whole = clap(read_microphones("dcase"), 60)
    assert find_clap(whole[:, : RATE + 240]) is None
    assert find_clap(whole[:, : RATE + 960]) is not None


def three(pair, gain_db=0.0):
    return [clap(pair, azimuth, seed, gain_db) for seed, azimuth in enumerate((90, 0, -90))]


@pytest.mark.parametrize("name", ["xy:90", "xy:120", "ortf", "nos", "ab:0.20"])
def test_three_claps_describe_the_pair(name):
    pair = read_microphones(name)
    found = calibrated(*three(pair, gain_db=3.0))
    assert found.spacing_m == pytest.approx(pair.spacing_m, abs=0.015)
    assert found.left.pattern == pair.left.pattern
    assert found.left.facing_deg == pytest.approx(pair.left.facing_deg, abs=6)
    assert found.gain_db == pytest.approx(3.0, abs=0.5)
    assert not found.swapped


def test_exchanged_channels_are_found():
    left, ahead, right = three(read_microphones("ortf"), gain_db=3.0)
    found = calibrated(left[::-1], ahead[::-1], right[::-1])
    assert found.swapped
    assert found.gain_db == pytest.approx(-3.0, abs=0.5)
    assert found.left.facing_deg == pytest.approx(55, abs=6)


def test_claps_that_do_not_go_together_are_refused():
    left, ahead, right = three(read_microphones("ortf"))
    for places, words in (
        ((left, ahead, left), "both on the left"),
        ((left, right, right), "ahead is at one side|both on"),
        ((ahead, ahead, right), "as early and as loud"),
        ((left, room(2.0), right), "no clap stands out in the recording of the clap at ahead"),
        ((left[[0, 0]], ahead, right), "the same sound in both channels"),
    ):
        with pytest.raises(AudioError, match=words):
            calibrated(*places)
