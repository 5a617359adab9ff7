"""Onset maps: a knock in a room has the direction of its direct sound, however loud the reverberation."""

import numpy as np
import pytest
import torch

from whence.errors import FeatureError
from whence.features.onset_rule import LEAST_LEVEL
from whence.features.registry import build_features
from whence.features.settings import FeatureSettings, midside_onsets_settings

FRONT_END = build_features(midside_onsets_settings())
SINE, LEVEL = 4, 5


def stereo(mid, side):
    return torch.from_numpy(np.stack([mid + side, mid - side])[None]).float()


def knock(sine, reverberation, at=24_000, seed=1):
    """Two seconds with one short noise from a direction of that sine, and a diffuse tail."""
    rng = np.random.default_rng(seed)
    mid, side = np.zeros((2, 48_000))
    wave = 0.3 * rng.standard_normal(480)
    mid[at : at + 480], side[at : at + 480] = wave, sine * wave
    tail = reverberation * np.exp(-np.arange(48_000 - at - 480) / 4_000)
    mid[at + 480 :] += tail * rng.standard_normal(len(tail))
    side[at + 480 :] += tail * rng.standard_normal(len(tail)) / np.sqrt(3)
    return stereo(mid, side)


def direction(maps):
    """The mean of all sines, weighted by the strength of the onsets."""
    weight = 10 ** (maps[0, LEVEL] / 10) - LEAST_LEVEL
    return float((weight * maps[0, SINE]).sum() / weight.sum())


@pytest.mark.parametrize("sine", [-0.9, -0.3, 0.0, 0.5, 1.0])
def test_a_knock_is_direction_where_it_was_and_not_from_the_room(sine):
    maps = FRONT_END(knock(sine, reverberation=0.1))
    assert direction(maps) == pytest.approx(sine, abs=0.1)
    # The mean over all power is drawn to the middle.
    power = (10 ** (maps[0, :2] / 10)).sum(dim=0)
    assert abs(float((maps[0, 2] * power).sum() / (10 ** (maps[0, 0] / 10)).sum())) < max(0.6 * abs(sine), 0.05)


def test_the_level_is_highest_at_the_onset():
    maps = FRONT_END(knock(0.5, reverberation=0.02))
    loudest = maps[0, LEVEL].mean(dim=1)
    assert int(loudest.argmax()) in (49, 50, 51)  # one second is frame 50
    assert float(loudest.max() - loudest[60:].max()) > 5


def test_swapped_channels_change_the_sign_of_the_sine_alone():
    audio = knock(0.6, reverberation=0.1)
    one, other = FRONT_END(audio), FRONT_END(audio.flip(1))
    # A transform may round differently at another index of a batch.
    torch.testing.assert_close(one[:, SINE], -other[:, SINE], rtol=0, atol=1e-4)
    torch.testing.assert_close(one[:, LEVEL], other[:, LEVEL], rtol=0, atol=1e-3)


def test_silence_has_no_direction_and_no_level():
    maps = FRONT_END(torch.zeros(2, 2, 24_000))
    assert torch.equal(maps[:, SINE], torch.zeros_like(maps[:, SINE]))
    assert (maps[:, LEVEL] < -38).all()


def test_a_steady_sound_has_no_onset_at_the_start_of_the_clip():
    tone = 0.2 * np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 24_000)
    levels = FRONT_END(stereo(tone, 0.5 * tone))[0, LEVEL]
    starting = FRONT_END(stereo(np.concatenate([np.zeros(24_000), tone]), np.zeros(72_000)))[0, LEVEL]
    assert float(starting[48:53].max()) > float(levels.max()) + 10


@pytest.mark.parametrize("samples", [2_400, 24_000, 24_001, 24_359, 24_479, 120_000])
def test_the_maps_have_the_shape_of_the_others_for_any_length(samples):
    maps = FRONT_END(torch.randn(1, 2, samples))
    assert maps.shape == (1, 6, samples // 480 + 1, 64)
    assert torch.equal(maps[:, SINE:, :, ::2], maps[:, SINE:, :, 1::2])
    assert (maps[:, SINE].abs() <= 1 + 1e-5).all()  # two rounded sums, divided


def test_the_first_four_are_those_of_midside():
    audio = torch.randn(2, 2, 24_000)
    assert torch.equal(FRONT_END(audio)[:, :4], build_features("midside")(audio))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("midside", {"maps": ("mid", "onset_sine", "onset_level")}, "must be last in midside_onsets and in nothing"),
        ("midside_onsets", {"maps": ("mid", "side")}, "must be last in midside_onsets and in nothing"),
        ("midside_onsets", {"maps": ("onset_sine", "onset_level", "mid")}, "must be last in midside_onsets"),
        ("midside_onsets", {"hop": 482}, "hop is 482, mel_count 64; onsets need a multiple of 4"),
        ("midside_onsets", {"mel_count": 63}, "hop is 480, mel_count 63; onsets need"),
    ],
)
def test_impossible_settings_are_refused(name, change, sentence):
    with pytest.raises(FeatureError, match=sentence):
        FeatureSettings(name, **{"maps": midside_onsets_settings().maps, **change})
