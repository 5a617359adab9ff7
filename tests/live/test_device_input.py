"""From any device to 24 kHz: conversion in pieces, changes of rate, absences, and what is no number."""

import logging

import numpy as np
import pytest
from live_doubles import FakeClock, FakeDevice, noise

from whence.audio import read
from whence.errors import GaveUpError
from whence.live.device import Chunk, UnpluggedError
from whence.live.device_input import DeviceInput


def taken(script, rate_hz=24_000, swapped=False):
    """Everything an input gives until its device ends, and the input."""
    clock = FakeClock()
    source = FakeDevice(clock, script, rate_hz)
    sound = DeviceInput(source, clock, swapped=swapped)
    pieces = []
    while not sound.ended:
        pieces.append(sound.read())
    return np.concatenate(pieces, axis=1), sound


def take_for_ever(sound):
    while True:
        sound.read()


def in_pieces(signal, seed=0):
    """A signal cut at random places, some pieces of one sample."""
    rng = np.random.default_rng([seed, 1, 1])
    cuts = np.sort(rng.integers(0, signal.shape[1], 40))
    return [piece for piece in np.split(signal, cuts, axis=1) if piece.shape[1]]


@pytest.mark.parametrize("rate_hz", [24_000, 48_000, 44_100, 16_000])
def test_pieces_of_any_size_are_the_whole_at_once(rate_hz):
    signal = noise(rate_hz * 2, level=0.05)
    signal_24k, sound = taken(in_pieces(signal), rate_hz)
    whole = read((signal, rate_hz))
    assert signal_24k.shape == whole.shape
    assert np.abs(signal_24k - whole).max() < 1e-6
    assert (sound.rate_hz, sound.lost_s) == (rate_hz, 0)


def test_swapped_channels_are_exchanged_and_can_be_exchanged_back():
    signal = noise(4_800)
    assert (taken([signal], swapped=True)[0] == signal[::-1]).all()
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, [signal, signal]), clock)
    assert (sound.read() == signal).all()
    sound.swapped = True
    assert (sound.read() == signal[::-1]).all()


def test_a_device_that_changes_its_rate_goes_on_and_says_so(caplog):
    low = Chunk(noise(44_100, 1, 0.05), 44_100)
    high = Chunk(noise(48_000, 2, 0.05), 48_000)
    with caplog.at_level(logging.WARNING, "whence"):
        signal_24k, sound = taken([low, high])
    parts = [read((part.signal, part.rate_hz)) for part in (low, high)]
    assert np.abs(signal_24k - np.concatenate(parts, axis=1)).max() < 1e-6
    assert sound.rate_hz == 48_000
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warned == ["a fake device now gives 48000 samples a second instead of 44100"]


def test_nan_and_infinity_become_silence():
    signal = noise(100)
    signal[0, 3], signal[1, 5] = np.nan, np.inf
    signal_24k, _ = taken([signal])
    assert np.isfinite(signal_24k).all()
    assert signal_24k[0, 3] == signal_24k[1, 5] == 0
    assert (signal_24k[:, 6:] == signal[:, 6:]).all()


def test_an_absence_is_waited_for_counted_and_logged(caplog):
    with caplog.at_level(logging.WARNING, "whence"):
        signal_24k, sound = taken([noise(2_400), 4.0, noise(2_400)])
    assert signal_24k.shape[1] == 4_800
    assert sound.lost_s == pytest.approx(4.0, abs=0.2)
    assert sound._device.starts >= 2
    assert caplog.messages == [
        "a fake device gives no sound; waiting 10 s for it",
        "a fake device is back after 4 s",
    ]


def test_a_pause_below_a_second_is_no_absence(caplog):
    _, sound = taken([noise(2_400), 0.8, noise(2_400)])
    assert sound.lost_s == 0
    assert caplog.messages == []


def test_an_unplugged_device_is_given_up_after_ten_seconds():
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, [noise(2_400), 60.0]), clock)
    begun_s = clock.monotonic()
    with pytest.raises(
        UnpluggedError, match=r"^a fake device gave no sound for 10 s; was it unplugged\? What was recorded is kept$"
    ) as raised:
        take_for_ever(sound)
    assert isinstance(raised.value, GaveUpError)
    assert clock.monotonic() - begun_s == pytest.approx(10.1, abs=0.2)
    assert sound.lost_s == pytest.approx(10.0, abs=0.2)


def test_a_device_that_never_gave_anything_is_given_up_too():
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, [60.0]), clock)
    with pytest.raises(UnpluggedError):
        take_for_ever(sound)


def test_the_seconds_left_can_be_shown():
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, [3.0, noise(10)]), clock)
    shown = []
    while not sound.ended:
        sound.read()
        shown.append(sound.away_s)
    assert max(shown) == pytest.approx(3.0, abs=0.1)
    assert shown[0] == shown[-1] == 0


def test_levels_rise_at_once_and_fall_slowly():
    clock = FakeClock()
    sound = DeviceInput(
        FakeDevice(clock, [np.full((2, 2_400), 0.1, np.float32), np.zeros((2, 12_000), np.float32)]), clock
    )
    sound.read()
    assert sound.levels_db == pytest.approx((-20, -20), abs=1e-4)
    sound.read()
    assert sound.levels_db == pytest.approx((-30, -30), abs=1e-4)
    sound.read()
    assert sound.levels_db == pytest.approx((-30, -30), abs=1e-4)
