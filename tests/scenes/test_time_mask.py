"""Time masks, against a loop, and in clip time."""

import numpy as np
import torch
from hypothesis import given, strategies as st

from whence.scenes.scene import TimeMask
from whence.scenes.transforms.time_mask import TimeMaskSettings, apply_time_masks, draw_time_masks

MASKS = st.builds(TimeMask, start_sample=st.integers(-600, 1_200), sample_count=st.integers(2, 700))


def by_loop(count, masks, start):
    """What is left of a signal of ones."""
    left = np.ones(count)
    for mask in masks:
        edge = min(120, mask.sample_count // 2)
        for k in range(mask.sample_count):
            nearest = min(k, mask.sample_count - 1 - k)
            weight = np.cos((nearest + 0.5) / edge * np.pi / 2) ** 2 if nearest < edge else 0.0
            at = mask.start_sample + k - start
            if 0 <= at < count:
                left[at] *= weight
    return left


@given(st.lists(MASKS, max_size=3), st.integers(-300, 300))
def test_masks_equal_a_loop_over_samples(masks, start):
    signal = torch.ones(800)
    apply_time_masks(signal, masks, start)
    np.testing.assert_allclose(signal.numpy(), by_loop(800, masks, start), atol=1e-6)


def test_the_middle_of_a_mask_is_silent_and_what_is_outside_untouched():
    signal = torch.randn(2_000, generator=torch.Generator().manual_seed(0))
    before = signal.clone()
    apply_time_masks(signal, [TimeMask(1_500, 600)], 1_000)
    assert torch.equal(signal[:500], before[:500])
    assert torch.equal(signal[1_100:], before[1_100:])
    assert not signal[620:980].any()


def test_masks_lie_within_their_event_and_leave_half_of_it():
    rng = np.random.default_rng(0)
    settings = TimeMaskSettings(0.8, (1, 3), (0.02, 0.2))
    drawn = [draw_time_masks(rng, settings, -4_000, 3_000) for _ in range(300)]
    counts = np.bincount([len(masks) for masks in drawn])
    assert len(counts) == 4
    assert 30 < counts[0] < 100
    for mask in (mask for masks in drawn for mask in masks):
        assert mask.start_sample >= -4_000
        assert mask.start_sample + mask.sample_count <= 3_000
        assert 480 <= mask.sample_count <= 3_500


def test_an_event_too_short_for_a_mask_is_left_whole():
    rng = np.random.default_rng(0)
    assert draw_time_masks(rng, TimeMaskSettings(1.0), 0, 400) == ()
