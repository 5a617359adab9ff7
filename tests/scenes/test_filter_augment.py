"""Filter augmentation of log-mel features."""

import numpy as np
import pytest
import torch

from whence.errors import SceneError
from whence.scenes.transforms.filter_augment import (
    FilterAugmentSettings,
    FilterCurve,
    apply_filter_augment,
    draw_filter_augment,
)

FEATURES = torch.randn(2, 2, 5, 16, generator=torch.Generator().manual_seed(0))


def by_loop(curve, band):
    """The straight line between the two corners around a band."""
    for (low, high), (first, last) in zip(
        zip(curve.bands, curve.bands[1:], strict=False),
        zip(curve.gains_db, curve.gains_db[1:], strict=False),
        strict=True,
    ):
        if low <= band <= high:
            return first + (last - first) * (band - low) / (high - low)
    return 0.0


def test_the_curve_is_added_to_every_channel_and_frame():
    curves = [draw_filter_augment(np.random.default_rng(seed), FilterAugmentSettings(1.0), 16) for seed in (0, 1)]
    change = (apply_filter_augment(FEATURES, curves) - FEATURES).numpy()
    for clip, curve in enumerate(curves):
        for band in range(16):
            np.testing.assert_allclose(change[clip, :, :, band], by_loop(curve, band), atol=1e-5)


def test_level_differences_between_channels_stay():
    curve = FilterCurve((0, 7, 15), (3.0, -5.0, 1.0))
    found = apply_filter_augment(FEATURES, [curve, FilterCurve()])
    before, after = FEATURES[:, 0] - FEATURES[:, 1], found[:, 0] - found[:, 1]
    np.testing.assert_allclose(after.numpy(), before.numpy(), atol=2e-6)
    assert torch.equal(found[1], FEATURES[1])


def test_curves_are_drawn_as_often_and_in_the_ranges_asked():
    rng = np.random.default_rng(0)
    drawn = [draw_filter_augment(rng, FilterAugmentSettings(0.5, (0, 3), (-2.0, 5.0)), 16) for _ in range(400)]
    used = [curve for curve in drawn if curve.bands]
    assert 0.42 < len(used) / 400 < 0.58
    assert {len(curve.bands) for curve in used} == {2, 3, 4, 5}
    for curve in used:
        assert (curve.bands[0], curve.bands[-1]) == (0, 15)
        assert (np.diff(curve.bands) > 0).all()
        assert all(-2 <= gain <= 5 for gain in curve.gains_db)
        assert len(curve.gains_db) == len(curve.bands)


def test_more_corners_than_bands_are_refused():
    with pytest.raises(SceneError, match=r"filter_augment\.corners goes up to 5; 6 mel bands have room for 4"):
        draw_filter_augment(np.random.default_rng(0), FilterAugmentSettings(), 6)


@pytest.mark.parametrize(("field", "value"), [("probability", 2), ("corners", (3, 2)), ("gain_db", (3, 2))])
def test_impossible_settings_are_refused(field, value):
    with pytest.raises(SceneError, match=rf"filter_augment\.{field}"):
        FilterAugmentSettings(**{field: value})
