"""Interchangeable tracks: numbering the sources of one class, and matching the tracks of two networks."""

# B clip, L label frame, N track, E element, K class

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.models.outputs.either import stack, where


def rank_in_cell(cell: Sequence[NDArray[np.integer[Any]]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the rows that share a cell, in the order they stand.

    Args:
        cell: columns of equal length; rows alike in all of them share a cell.

    Returns:
        each row's number within its cell from 0, and how many rows its cell has.

    >>> rank_in_cell((np.array([0, 1, 0, 0]), np.array([5, 5, 5, 6])))
    (array([0, 0, 1, 0]), array([2, 1, 2, 1]))
    """
    order = np.lexsort(tuple(cell)[::-1])
    columns = np.stack(cell)[:, order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    counts = np.diff(np.append(first, len(order)))
    rank, count = np.empty(len(order), np.intp), np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - first[group]
    count[order] = counts[group]
    return rank, count


def align_tracks(values: Any, reference: Any) -> Any:
    """Put the tracks of each frame and class in the order that comes closest to the reference.

    Args:
        values: (B, L, N, E, K), array or tensor.
        reference: the same shape.

    Returns:
        the same shape, tracks permuted.
    """
    orders = list(itertools.permutations(range(values.shape[2])))
    candidates = stack([values[:, :, list(order)] for order in orders], 0)
    best = ((candidates - reference[None]) ** 2).sum((3, 4)).argmin(0)
    aligned = candidates[0]
    for number, candidate in enumerate(candidates):
        chosen = (best == number)[:, :, None, None]
        aligned = where(chosen, candidate, aligned)
    return aligned
