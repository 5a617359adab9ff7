"""Stacked maps: what swapping channels does to each, and that they know only their own clip."""

from dataclasses import replace

import pytest
import torch

from whence.features.front_end import StereoMaps
from whence.features.settings import (
    POWER_MAPS,
    RATIO_MAPS,
    FeatureSettings,
    logmel_settings,
    midside_settings,
    perceptual_settings,
)


def noise(batch=2, sample=9600, seed=1):
    return torch.randn(batch, 2, sample, generator=torch.Generator().manual_seed(seed))


ALL = FeatureSettings("midside", maps=POWER_MAPS + RATIO_MAPS)
SIGN_AFTER_SWAP = {"mid": 1, "side": 1, "intensity": -1, "side_ratio": 1, "level_difference": -1, "coherence": 1}


def test_swapping_channels_negates_direction_and_keeps_the_rest():
    front_end, signal = StereoMaps(ALL), noise()
    maps, swapped = front_end(signal), front_end(signal.flip(1))
    for name, sign in SIGN_AFTER_SWAP.items():
        index = ALL.maps.index(name)
        # A transform may round differently at another index of a batch, a fused product with its factors exchanged.
        torch.testing.assert_close(swapped[:, index], sign * maps[:, index], rtol=0, atol=1e-4, msg=name)
    left, right = ALL.maps.index("left"), ALL.maps.index("right")
    torch.testing.assert_close(swapped[:, left], maps[:, right], rtol=0, atol=1e-4)


@pytest.mark.parametrize("conf", [logmel_settings(), midside_settings(), perceptual_settings()], ids=lambda c: c.name)
def test_shapes_of_five_seconds(conf):
    frames = 120_000 // conf.hop + 1
    assert StereoMaps(conf)(torch.zeros(1, 2, 120_000)).shape == (1, len(conf.maps), frames, 64)


def test_a_map_alone_equals_the_map_beside_others():
    """Each map but the floor of the log-mels is the same whatever else is asked for."""
    whole, signal = StereoMaps(replace(ALL, dynamic_range_db=300.0)), noise()
    together = whole(signal)
    for index, name in enumerate(ALL.maps):
        alone = StereoMaps(replace(ALL, maps=(name,), dynamic_range_db=300.0))(signal)
        torch.testing.assert_close(alone[:, 0], together[:, index], msg=name)


def test_a_clip_does_not_depend_on_the_others_of_its_batch():
    front_end, signal = StereoMaps(ALL), noise(3)
    loud = torch.cat((signal[:1], 1000 * signal[1:]))
    torch.testing.assert_close(front_end(loud)[0], front_end(signal[:1])[0], rtol=0, atol=1e-4)


def test_a_source_on_the_left_has_positive_intensity():
    source = noise(1)[:, :1]
    signal = torch.cat((source, 0.2 * source), dim=1)
    maps = StereoMaps(midside_settings())(signal)
    assert float(maps[0, 2].min()) > 0
    r = (1 - 0.2) / (1 + 0.2)
    assert float(maps[0, 2].median()) == pytest.approx(r / (1 + r * r), abs=1e-4)
    assert float(maps[0, 3].median()) == pytest.approx(r * r / (1 + r * r), abs=1e-4)


def test_coherence_stays_within_its_bounds_after_the_filterbank():
    coherence = StereoMaps(perceptual_settings())(noise())[:, -1]
    assert 0 <= float(coherence.min()) <= float(coherence.max()) <= 1 + 1e-5


def test_front_ends_are_float32_have_no_weights_and_follow_autocast_untouched():
    front_end, signal = StereoMaps(ALL), noise(1)
    assert (list(front_end.parameters()), front_end.state_dict()) == ([], {})
    with torch.autocast("cpu", torch.bfloat16):
        maps = front_end(signal)
    assert maps.dtype == torch.float32
    assert torch.equal(maps, front_end(signal))


def test_the_gradient_is_finite_even_in_silence():
    signal = noise(1).clone()
    signal[..., 3000:6000] = 0
    signal.requires_grad_()
    StereoMaps(ALL)(signal).sum().backward()
    assert bool(torch.isfinite(signal.grad).all())


@pytest.mark.parametrize("conf", [logmel_settings(), midside_settings(), perceptual_settings()], ids=lambda c: c.name)
def test_maps_are_the_same_with_and_without_a_gradient(conf):
    front_end, signal = StereoMaps(conf), noise(1)
    with torch.no_grad():
        plain = front_end(signal)
    torch.testing.assert_close(front_end(signal.clone().requires_grad_()).detach(), plain, rtol=0, atol=1e-4)
