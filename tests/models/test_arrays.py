"""Functions of arrays and tensors agree on both; ranks and orders of tracks equal loops."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.models.outputs import arrays
from whence.models.outputs.arrays import align_tracks, rank_in_cell

FAR = np.array([-100.0, -20.0, -1.0, 0.0, 0.5, 20.0, 80.0], np.float32)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus", "exp"])
def test_arrays_and_tensors_agree(name):
    function = getattr(arrays, name)
    found, expected = function(FAR), function(torch.from_numpy(FAR)).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_angles_stacks_and_choices_agree():
    x, y = FAR / 100, FAR[::-1].copy() / 100
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    np.testing.assert_allclose(arrays.degrees_of(y, x), arrays.degrees_of(tensors[1], tensors[0]).numpy(), rtol=1e-5)
    np.testing.assert_array_equal(arrays.stack([x, y], 0), arrays.stack(list(tensors), 0).numpy())
    chosen = arrays.where(x > 0, x, y)
    np.testing.assert_array_equal(chosen, arrays.where(tensors[0] > 0, *tensors).numpy())


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=30))
def test_ranks_and_counts_equal_counting_by_hand(cells):
    columns = tuple(np.array([cell[i] for cell in cells], dtype=int) for i in range(3))
    rank, count = rank_in_cell(columns)
    assert rank.tolist() == [cells[:row].count(cell) for row, cell in enumerate(cells)]
    assert count.tolist() == [cells.count(cell) for cell in cells]


def test_alignment_is_the_best_of_all_orders_in_every_cell():
    rng = np.random.default_rng([1, 0, 0])
    values, reference = rng.standard_normal((2, 2, 3, 4, 3, 2))
    found = align_tracks(values, reference)
    np.testing.assert_array_equal(found, align_tracks(torch.from_numpy(values), torch.from_numpy(reference)).numpy())
    for b, frame, k in np.ndindex(2, 3, 2):
        cell, wanted = values[b, frame, :, :, k], reference[b, frame, :, :, k]
        best = min(itertools.permutations(range(4)), key=lambda order: ((cell[list(order)] - wanted) ** 2).sum())
        np.testing.assert_array_equal(found[b, frame, :, :, k], cell[list(best)])
