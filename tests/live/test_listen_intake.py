"""From any device to 24 kHz: conversion in pieces, changes of rate, absences, and what is no number."""

import logging

import numpy as np
import pytest
from listen_doubles import FakeClock, FakeSource, noise

from whence.audio import read
from whence.errors import GaveUpError
from whence.live.intake import Intake
from whence.live.source import Heard, UnpluggedError


def taken(script, rate_hz=24_000, swapped=False):
    """Everything an intake gives until its source ends, and the intake."""
    clock = FakeClock()
    source = FakeSource(clock, script, rate_hz)
    intake = Intake(source, clock, swapped=swapped)
    pieces = []
    while not intake.ended:
        pieces.append(intake.take())
    return np.concatenate(pieces, axis=1), intake


def take_for_ever(intake):
    while True:
        intake.take()


def in_pieces(signal, seed=0):
    """A signal cut at random places, some pieces of one sample."""
    rng = np.random.default_rng([seed, 1, 1])
    cuts = np.sort(rng.integers(0, signal.shape[1], 40))
    return [piece for piece in np.split(signal, cuts, axis=1) if piece.shape[1]]


@pytest.mark.parametrize("rate_hz", [24_000, 48_000, 44_100, 16_000])
def test_pieces_of_any_size_are_the_whole_at_once(rate_hz):
    signal = noise(rate_hz * 2, level=0.05)
    heard, intake = taken(in_pieces(signal), rate_hz)
    whole = read((signal, rate_hz))
    assert heard.shape == whole.shape
    assert np.abs(heard - whole).max() < 1e-6
    assert (intake.rate_hz, intake.lost_s) == (rate_hz, 0)


def test_swapped_channels_are_exchanged_and_can_be_exchanged_back():
    signal = noise(4_800)
    assert (taken([signal], swapped=True)[0] == signal[::-1]).all()
    clock = FakeClock()
    intake = Intake(FakeSource(clock, [signal, signal]), clock)
    assert (intake.take() == signal).all()
    intake.swapped = True
    assert (intake.take() == signal[::-1]).all()


def test_a_device_that_changes_its_rate_goes_on_and_says_so(caplog):
    low = Heard(noise(44_100, 1, 0.05), 44_100)
    high = Heard(noise(48_000, 2, 0.05), 48_000)
    with caplog.at_level(logging.WARNING, "whence"):
        heard, intake = taken([low, high])
    parts = [read((part.signal, part.rate_hz)) for part in (low, high)]
    assert np.abs(heard - np.concatenate(parts, axis=1)).max() < 1e-6
    assert intake.rate_hz == 48_000
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warned == ["a fake device now gives 48000 samples a second instead of 44100"]


def test_what_is_no_number_is_silence():
    signal = noise(100)
    signal[0, 3], signal[1, 5] = np.nan, np.inf
    heard, _ = taken([signal])
    assert np.isfinite(heard).all()
    assert heard[0, 3] == heard[1, 5] == 0
    assert (heard[:, 6:] == signal[:, 6:]).all()


def test_an_absence_is_waited_for_counted_and_told(caplog):
    with caplog.at_level(logging.WARNING, "whence"):
        heard, intake = taken([noise(2_400), 4.0, noise(2_400)])
    assert heard.shape[1] == 4_800
    assert intake.lost_s == pytest.approx(4.0, abs=0.2)
    assert intake._source.starts >= 2
    assert caplog.messages == [
        "a fake device gives no sound; waiting 10 s for it",
        "a fake device is back after 4 s",
    ]


def test_a_pause_below_a_second_is_no_absence(caplog):
    _, intake = taken([noise(2_400), 0.8, noise(2_400)])
    assert intake.lost_s == 0
    assert caplog.messages == []


def test_an_unplugged_device_is_given_up_after_ten_seconds():
    clock = FakeClock()
    intake = Intake(FakeSource(clock, [noise(2_400), 60.0]), clock)
    begun_s = clock.now_s()
    with pytest.raises(
        UnpluggedError, match=r"^a fake device gave no sound for 10 s; was it unplugged\? What was recorded is kept$"
    ) as raised:
        take_for_ever(intake)
    assert isinstance(raised.value, GaveUpError)
    assert clock.now_s() - begun_s == pytest.approx(10.1, abs=0.2)
    assert intake.lost_s == pytest.approx(10.0, abs=0.2)


def test_a_device_that_never_gave_anything_is_given_up_too():
    clock = FakeClock()
    intake = Intake(FakeSource(clock, [60.0]), clock)
    with pytest.raises(UnpluggedError):
        take_for_ever(intake)


def test_the_seconds_left_can_be_shown():
    clock = FakeClock()
    intake = Intake(FakeSource(clock, [3.0, noise(10)]), clock)
    shown = []
    while not intake.ended:
        intake.take()
        shown.append(intake.away_s)
    assert max(shown) == pytest.approx(3.0, abs=0.1)
    assert shown[0] == shown[-1] == 0
