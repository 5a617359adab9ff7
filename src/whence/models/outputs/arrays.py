"""Functions for NumPy arrays and torch tensors alike, so that decoding needs no torch."""

# B clip, L label frame, N track, E element, K class

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return np.tanh(x) if isinstance(x, np.ndarray) else x.tanh()


def relu(x: Any) -> Any:
    """The positive part."""
    return np.maximum(x, np.zeros((), x.dtype)) if isinstance(x, np.ndarray) else x.relu()


def sigmoid(x: Any) -> Any:
    """Logit to probability, without overflow."""
    if not isinstance(x, np.ndarray):
        return x.sigmoid()
    half = np.asarray(0.5, x.dtype)
    return half * (np.tanh(half * x) + np.asarray(1, x.dtype))


def softplus(x: Any) -> Any:
    """ln(1 + exp(x)): positive, and nearly x for large x."""
    if isinstance(x, np.ndarray):
        return np.logaddexp(x, np.zeros((), x.dtype))
    from torch.nn.functional import softplus as torch_softplus

    return torch_softplus(x)


def exp(x: Any) -> Any:
    """Exponential."""
    return np.exp(x) if isinstance(x, np.ndarray) else x.exp()


def degrees_of(y: Any, x: Any) -> Any:
    """The angle of (x, y) in degrees, -180..180."""
    return np.degrees(np.arctan2(y, x)) if isinstance(x, np.ndarray) else y.atan2(x).rad2deg()


def stack(parts: list[Any], axis: int) -> Any:
    """Arrays of one shape along a new axis."""
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts, axis)
    import torch

    return torch.stack(parts, axis)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`."""
    return np.where(condition, yes, no) if isinstance(yes, np.ndarray) else yes.where(condition, no)


def rank_in_cell(cell: Sequence[NDArray[np.integer[Any]]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the rows that share a cell, in their order.

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
        aligned = where((best == number)[:, :, None, None], candidate, aligned)
    return aligned
