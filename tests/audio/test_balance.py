"""Faults of a pair that its background shows, on backgrounds made with and without them."""

import math

import numpy as np
import pytest
import scipy.signal

from whence.audio import read_microphones
from whence.audio.balance import Balance, find_balance
from whence.units import SAMPLE_RATE_HZ


def background(seconds=22.0, width_db=-4.8, seed=1):
    """Sound from all around, as a pair at one point picks it up: mid and side are independent."""
    rng = np.random.default_rng(seed)
    mid, side = rng.normal(0, 0.01, (2, round(seconds * SAMPLE_RATE_HZ)))
    side = side * 10 ** (width_db / 20)
    return np.stack([mid + side, mid - side]).astype(np.float32)


def with_gain(signal, right_db):
    return signal * np.array([[1.0], [10 ** (right_db / 20)]], np.float32)


def covered(signal, channel):
    low = scipy.signal.butter(2, 3_000, fs=SAMPLE_RATE_HZ, output="sos")
    signal = signal.copy()
    signal[channel] = scipy.signal.sosfilt(low, signal[channel])
    return signal


def decaying(width_db, seconds=24.0):
    """A loud beginning every second that dies away, over a faint background; the tail has this width."""
    tail = np.exp(-np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ * 6.9 / 0.8)
    tails = np.tile(tail, round(seconds)).astype(np.float32)
    return 20 * background(seconds, width_db, 2) * tails + 0.05 * background(seconds, 0.0, 3)


def blocks(signal, size=50_001):
    return [signal[:, at : at + size] for at in range(0, signal.shape[1], size)]


def test_an_even_pair_has_no_faults():
    balance = find_balance(blocks(background()))
    assert abs(balance.gain_db) < 0.5
    assert abs(balance.high_db) < 1.0
    assert (balance.faults(), balance.doubt()) == ([], None)


@pytest.mark.parametrize(("right_db", "louder"), [(-6.0, "left"), (7.0, "right")])
def test_a_gain_is_found_with_its_size(right_db, louder):
    balance = find_balance(blocks(with_gain(background(), right_db)))
    assert balance.gain_db == pytest.approx(-right_db, abs=0.5)
    (sentence,) = balance.faults()
    assert sentence.startswith(f"the {louder} channel is {abs(balance.gain_db):.1f} dB louder")
    assert f"gain_db: {-balance.gain_db:.1f}" in sentence


def test_a_small_difference_is_said_and_no_fault():
    balance = find_balance(blocks(with_gain(background(), -3.0)))
    assert balance.faults() == []
    assert "the gains differ, or a steady sound is at the left" in (balance.doubt() or "")


def test_a_nearly_silent_channel_is_found_even_in_a_short_recording():
    (sentence,) = find_balance(blocks(with_gain(background(4.0), -30.0))).faults()
    assert sentence.startswith("the right channel is nearly silent, 30 dB under the left")


def test_a_short_recording_says_nothing_of_gains_and_width():
    balance = find_balance(blocks(with_gain(background(8.0), -6.0)))
    assert (balance.faults(), balance.doubt(), balance.width_text()) == ([], None, None)


@pytest.mark.parametrize(("channel", "name"), [(0, "left"), (1, "right")])
def test_a_covered_capsule_is_found(channel, name):
    balance = find_balance(blocks(covered(background(5.0), channel)))
    assert balance.covered == name
    assert balance.faults()[0].startswith(f"the {name} channel lacks ")


def test_one_source_alone_says_nothing():
    mono = background(22.0, width_db=-60.0)
    balance = find_balance(blocks(with_gain(mono, -6.0)))
    assert math.isnan(balance.gain_db)
    assert balance.faults() == []


@pytest.mark.parametrize(("pair", "kind"), [("dcase", "wide"), ("xy:90", "narrow"), ("blumlein", "wide")])
def test_reverberation_shows_the_width_of_a_pair(pair, kind):
    microphones = read_microphones(pair)
    _, omni, front, left, _, _ = microphones.numbers()
    expected_db = 10 * math.log10(left**2 / 3 / (omni**2 + front**2 / 3))
    balance = find_balance(blocks(decaying(expected_db)))
    assert balance.width_db == pytest.approx(expected_db, abs=1.0)
    assert (balance.width_text() or "").startswith(kind)


def test_too_little_sound_says_nothing():
    silence = find_balance(blocks(np.zeros((2, 30 * SAMPLE_RATE_HZ), np.float32)))
    assert (silence.faults(), silence.doubt(), silence.width_text()) == ([], None, None)
    assert Balance().faults() == []


def test_two_minutes_are_looked_at():
    def endless():
        while True:
            yield background(10.0)

    assert find_balance(endless()).seconds == pytest.approx(120.0)
