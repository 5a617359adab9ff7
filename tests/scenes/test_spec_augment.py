"""Time-frequency masking of features."""

import numpy as np
import pytest
import torch

from whence.errors import SceneError
from whence.scenes.transforms.spec_augment import SpecAugmentSettings, SpecMask, apply_spec_augment, draw_spec_augment

FEATURES = torch.randn(2, 3, 10, 8, generator=torch.Generator().manual_seed(0))


def by_loop(features, masks):
    """Cell by cell."""
    out = features.clone()
    for clip, mask in enumerate(masks):
        for channel in range(features.shape[1]):
            value = float(features[clip, channel].mean())
            for frame in range(features.shape[2]):
                for band in range(features.shape[3]):
                    in_time = any(first <= frame < first + count for first, count in mask.frames)
                    in_band = any(first <= band < first + count for first, count in mask.bands)
                    if in_time or in_band:
                        out[clip, channel, frame, band] = value
    return out


def test_masks_equal_a_loop_over_cells():
    masks = [SpecMask(((2, 3), (9, 1)), ((0, 2),)), SpecMask(((0, 0),), ((7, 1), (3, 2)))]
    found = apply_spec_augment(FEATURES, masks)
    np.testing.assert_allclose(found.numpy(), by_loop(FEATURES, masks).numpy(), atol=1e-6)


def test_no_masks_leave_the_features_bit_for_bit():
    assert torch.equal(apply_spec_augment(FEATURES, [SpecMask(), SpecMask()]), FEATURES)


def test_all_channels_are_masked_alike():
    masks = [
        draw_spec_augment(np.random.default_rng(seed), SpecAugmentSettings(1.0, 2, (1, 3), 2, (1, 2)), 10, 8)
        for seed in (1, 2)
    ]
    changed = apply_spec_augment(FEATURES, masks) != FEATURES
    assert changed.any()
    assert torch.equal(changed[:, 0], changed[:, 1])
    assert torch.equal(changed[:, 0], changed[:, 2])


def test_masks_are_drawn_within_the_features_as_often_as_asked():
    rng = np.random.default_rng(0)
    settings = SpecAugmentSettings(0.5, 3, (0, 4), 1, (2, 8))
    drawn = [draw_spec_augment(rng, settings, 10, 8) for _ in range(400)]
    used = [mask for mask in drawn if mask != SpecMask()]
    assert 0.42 < len(used) / 400 < 0.58
    for mask in used:
        assert (len(mask.frames), len(mask.bands)) == (3, 1)
        assert all(0 <= first <= first + count <= 10 and count <= 4 for first, count in mask.frames)
        assert all(0 <= first <= first + count <= 8 and 2 <= count <= 8 for first, count in mask.bands)
    assert {first + count for mask in used for first, count in mask.frames} >= {0, 10}


@pytest.mark.parametrize(
    ("frames", "bands", "message"),
    [
        (3, 8, "spec_augment.time_frames goes up to 4; these features have only 3"),
        (9, 2, "spec_augment.bands goes up to 5; these features have only 2"),
    ],
)
def test_masks_wider_than_the_features_are_refused(frames, bands, message):
    with pytest.raises(SceneError, match=message):
        draw_spec_augment(np.random.default_rng(0), SpecAugmentSettings(0.0, 1, (0, 4), 1, (0, 5)), frames, bands)


@pytest.mark.parametrize("field", ["time_masks", "band_masks"])
def test_negative_counts_are_refused(field):
    with pytest.raises(SceneError, match=rf"spec_augment\.{field} is -1"):
        SpecAugmentSettings(**{field: -1})


@pytest.mark.parametrize("field", ["time_frames", "bands"])
def test_falling_widths_are_refused(field):
    with pytest.raises(SceneError, match=rf"spec_augment\.{field} is \(3, 2\)"):
        SpecAugmentSettings(**{field: (3, 2)})
