"""Pairs that are not quite what they are called."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_banks import dry_rooms, one_event, scene_of, sounds_of, still

from whence.audio import read_microphones
from whence.scenes.recording import Recording
from whence.scenes.render import render_batch
from whence.scenes.transforms.microphone_mismatch import (
    MicrophoneMismatch,
    MicrophoneMismatchSettings,
    apply_microphone_mismatch,
    draw_microphone_mismatch,
)
from whence.units import SAMPLE_RATE_HZ

NONE = MicrophoneMismatch(0.0, 1.0, (1.0, 1.0), (0.0, 0.0), 0.0)
NOISE = sounds_of([0.3 * np.random.default_rng(0).normal(size=24_000)])


@pytest.mark.parametrize("name", ["ortf", "ab:0.20", "ab:1", "binaural", "blumlein"])
def test_deviations_stay_within_their_limits_and_keep_the_name(name):
    rng, pair = np.random.default_rng(0), read_microphones(name)
    settings = MicrophoneMismatchSettings(probability=1.0)
    for _ in range(50):
        built = apply_microphone_mismatch(pair, draw_microphone_mismatch(rng, settings))
        assert built.name == name
        assert abs(built.gain_db) <= 2
        assert built.spacing_m <= min(1.0, 1.1001 * pair.spacing_m)
        assert built.spacing_m >= 0.8999 * pair.spacing_m
        assert abs(built.left.facing_deg - pair.left.facing_deg) <= 0.1001 * abs(pair.left.facing_deg)
        assert 0 <= built.right.pattern <= 1
    assert draw_microphone_mismatch(rng, MicrophoneMismatchSettings()) is None


def levels_db(azimuth_deg, mismatch, band_hz=(0, 12_000)):
    """Level of both channels for a noise from one side, in a band."""
    scene = scene_of([one_event(NOISE, path=still(0))], recording=Recording(mismatch=mismatch))
    audio = render_batch([scene], NOISE, dry_rooms(azimuth_deg)).audio[0]
    power = torch.fft.rfft(audio).abs().square()
    frequency = torch.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE_HZ)
    used = (frequency >= band_hz[0]) & (frequency <= band_hz[1])
    return 10 * torch.log10(power[:, used].sum(dim=1))


def test_a_louder_capsule_is_louder_by_that_much():
    usual, louder = levels_db(20.0, NONE), levels_db(20.0, replace(NONE, gain_db=1.5))
    assert (louder - usual).tolist() == pytest.approx([0.0, 1.5], abs=1e-3)


def test_high_frequencies_are_picked_up_by_a_narrower_pattern():
    # A cardioid to the left has 0.5 for sound from ahead; less of its omni leaves 0.5 * 0.6 there.
    directed = replace(NONE, directivity=0.4)
    low = levels_db(0.0, directed, (200, 2_000)) - levels_db(0.0, NONE, (200, 2_000))
    high = levels_db(0.0, directed, (10_500, 11_900)) - levels_db(0.0, NONE, (10_500, 11_900))
    assert low.tolist() == pytest.approx([0.0, 0.0], abs=0.05)
    assert high.tolist() == pytest.approx([20 * np.log10(0.6)] * 2, abs=0.05)


def test_the_batch_says_what_the_pair_is_called():
    scene = scene_of([one_event(NOISE, path=still(0))], recording=Recording(mismatch=replace(NONE, gain_db=2.0)))
    assert render_batch([scene], NOISE, dry_rooms(0.0)).microphones == [read_microphones("dcase")]
