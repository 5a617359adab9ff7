"""Bands by groups equal one product with all weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.features.bands import Bands
from whence.features.mel import mel_filterbank
from whence.features.settings import DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_mel_bands_equal_the_whole_product(name):
    weights = mel_filterbank(DEFAULTS[name]())
    values = torch.rand(2, 3, weights.shape[1], generator=torch.Generator().manual_seed(1))
    expected = values.double() @ torch.from_numpy(weights.T.copy()).double()
    torch.testing.assert_close(Bands(weights)(values).double(), expected, rtol=1e-5, atol=1e-9)


@given(st.integers(1, 9), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99))
def test_any_weights_do_even_none(bands, bins, share, seed):
    rng = np.random.default_rng(seed)
    weights = (rng.normal(size=(bands, bins)) * (rng.random((bands, bins)) < share)).astype(np.float32)
    values = rng.normal(size=(5, bins)).astype(np.float32)
    np.testing.assert_allclose(Bands(weights)(torch.from_numpy(values)), values @ weights.T, atol=1e-4)


def test_the_gradient_is_that_of_the_whole_product():
    weights = mel_filterbank(DEFAULTS["logmel"]())
    values = torch.rand(4, weights.shape[1]).requires_grad_()
    Bands(weights)(values).sum().backward()
    torch.testing.assert_close(values.grad, torch.from_numpy(weights.sum(axis=0)).expand_as(values))


def test_weights_are_no_part_of_a_file():
    assert Bands(np.eye(3, dtype=np.float32)).state_dict() == {}
