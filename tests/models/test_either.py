"""The functions that work on arrays and tensors give the same on both, also far out."""

import numpy as np
import pytest
import torch

from whence.models.outputs import either

FAR = np.array([-100.0, -20.0, -1.0, 0.0, 0.5, 20.0, 80.0], np.float32)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus", "exp"])
def test_arrays_and_tensors_agree(name):
    function = getattr(either, name)
    found, expected = function(FAR), function(torch.from_numpy(FAR)).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_angles_stacks_and_choices_agree():
    x, y = FAR / 100, FAR[::-1].copy() / 100
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    np.testing.assert_allclose(either.degrees_of(y, x), either.degrees_of(tensors[1], tensors[0]).numpy(), rtol=1e-5)
    np.testing.assert_array_equal(either.stack([x, y], 0), either.stack(list(tensors), 0).numpy())
    chosen = either.where(x > 0, x, y)
    np.testing.assert_array_equal(chosen, either.where(tensors[0] > 0, *tensors).numpy())
