"""Augmentation of finished clips: each part by what it does to the sound, and what must not change."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.labels import Events
from whence.scenes import ClipAugmentation, SceneSettings, augment_clip, draw_clip_augmentation
from whence.scenes.scene import TimeMask
from whence.scenes.transforms.multiband_eq import band_taps

EVENTS = Events.from_columns({"frame": [0, 1], "class_index": [2, 3], "azimuth_deg": [30.0, -20.0]})


def noise(seed=1, samples=120_000):
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 0.05, (2, samples)).astype(np.float32))


def test_nothing_drawn_changes_nothing():
    audio, events = augment_clip(noise(), EVENTS, ClipAugmentation())
    assert torch.equal(audio, noise())
    assert events.azimuth_deg.tolist() == [30.0, -20.0]


def test_gain_and_polarity_are_one_factor():
    audio, _ = augment_clip(noise(), EVENTS, ClipAugmentation(gain_db=-20.0, inverted=True))
    torch.testing.assert_close(audio, -0.1 * noise())


@pytest.mark.parametrize("samples", [300, 24_000, 120_000])
def test_the_equalizer_is_a_convolution_with_its_taps(samples):
    """The slow twin: the taps of each band, weighted and convolved in time."""
    eq_db = (6.0, -6.0, 3.0, 0.0, -3.0, 1.0, 5.0)
    audio, _ = augment_clip(noise(samples=samples), EVENTS, ClipAugmentation(eq_db=eq_db))
    taps = 10 ** (np.array(eq_db) / 20) @ band_taps()
    half = len(taps) // 2
    for channel, before in zip(audio, noise(samples=samples), strict=True):
        slow = np.convolve(before.numpy(), taps)[half : half + samples]
        np.testing.assert_allclose(channel.numpy(), slow, atol=1e-6)


def test_masks_silence_both_channels_and_leave_labels():
    audio, events = augment_clip(noise(), EVENTS, ClipAugmentation(masks=(TimeMask(12_000, 2_400),)))
    assert not audio[:, 12_120:14_280].any()
    assert torch.equal(audio[:, :12_000], noise()[:, :12_000])
    assert torch.equal(audio[:, 14_400:], noise()[:, 14_400:])
    assert len(events.frame) == 2


def test_a_swap_mirrors_sound_and_labels():
    audio, events = augment_clip(noise(), EVENTS, ClipAugmentation(swapped=True))
    assert torch.equal(audio, noise().flip(0))
    assert events.azimuth_deg.tolist() == [-30.0, 20.0]


def test_the_clip_given_stays_as_it_is():
    given = noise()
    augment_clip(given, EVENTS, ClipAugmentation(3.0, True, (1.0,) * 7, (TimeMask(0, 24_000),), True))
    assert torch.equal(given, noise())


def test_draws_follow_the_settings_of_scenes():
    settings, never = SceneSettings(), SceneSettings()
    for name in ("polarity_inversion", "multiband_eq", "time_mask", "channel_swap"):
        never = replace(never, **{name: replace(getattr(never, name), probability=0.0)})
    never = replace(never, gain=replace(never.gain, level_dbfs=(-40.0, -40.0)))
    rngs = [np.random.default_rng([1, index, 0]) for index in range(400)]
    assert {draw_clip_augmentation(rng, never, 120_000) for rng in rngs} == {ClipAugmentation()}
    drawn = [draw_clip_augmentation(rng, settings, 120_000) for rng in rngs]
    assert np.mean([one.inverted for one in drawn]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([bool(one.eq_db) for one in drawn]) == pytest.approx(0.3, abs=0.08)
    assert np.mean([bool(one.masks) for one in drawn]) == pytest.approx(0.1, abs=0.05)
    assert np.mean([one.gain_db for one in drawn]) == pytest.approx(0.0, abs=1.0)
    assert max(abs(one.gain_db) for one in drawn) <= 10.0
