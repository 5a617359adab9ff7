"""Numbering and matching of interchangeable tracks against loops."""

import itertools

import numpy as np
import torch
from hypothesis import given, strategies as st

from whence.models.outputs.track_order import align_tracks, rank_in_cell


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
