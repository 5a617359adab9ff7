"""Polarity inversion."""

import numpy as np
import pytest
import torch

from whence.scenes.transforms.polarity_inversion import (
    PolarityInversionSettings,
    apply_polarity_inversion,
    draw_polarity_inversion,
)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_inversions_are_as_frequent_as_asked(probability):
    rng = np.random.default_rng(0)
    drawn = [draw_polarity_inversion(rng, PolarityInversionSettings(probability)) for _ in range(1_000)]
    assert np.mean(drawn) == pytest.approx(probability, abs=0.05)


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 2, 4)])
def test_only_the_marked_signals_are_inverted_and_twice_is_not_at_all(shape):
    signals = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    marks = torch.tensor([True, False, True])
    once = apply_polarity_inversion(signals, marks)
    for signal, found, mark in zip(signals, once, marks, strict=True):
        assert torch.equal(found, -signal if mark else signal)
    assert torch.equal(apply_polarity_inversion(once, marks), signals)
