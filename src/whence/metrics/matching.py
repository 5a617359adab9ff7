"""Which prediction belongs to which reference: the cheapest pairing by azimuth in every frame and class at once."""

import math
from collections.abc import Iterator
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

# Up to this many pairings of a group are tried all; a bigger group goes to the solver (5 on 5 has 120).
_MOST_PAIRINGS = 120
# Pairings whose costs differ by less are left to the solver: whether it sees them as tied depends on its own rounding.
# Rounding is about 1e-13 degrees, real differences in files are whole degrees.
_TIE_DEG = 1e-7
# Groups are worked through in pieces of about this many numbers, which bounds the memory of crowded files.
_CHUNK = 1 << 21

Rows = NDArray[np.int64]


def match(
    reference_azimuth_deg: NDArray[np.float64],
    reference_rows: tuple[Rows, Rows],
    prediction_azimuth_deg: NDArray[np.float64],
    prediction_rows: tuple[Rows, Rows],
) -> tuple[Rows, Rows]:
    """Pair references with predictions in every group so that the summed azimuth error of a group is least.

    The outcome is that of one call of `scipy.optimize.linear_sum_assignment(cost[reference, prediction])`
    for each group. Several pairings often cost the same in whole degrees and then have different distance
    errors, so the solver itself is asked wherever the best pairing is not unique.

    Args:
        reference_azimuth_deg: (reference,) folded azimuths, degrees, the rows of a group next to each other.
        reference_rows: two (group,) arrays: first row and number of rows (at least 1) of each group.
        prediction_azimuth_deg: (prediction,) likewise.
        prediction_rows: likewise; group i of the references meets group i of the predictions.

    Returns:
        Two (pair,) int64 arrays: the reference rows and the prediction rows that belong together, in any order.

    Source: DCASE 2025 Task 3 baseline, utils.py, least_distance_between_gt_pred.

    >>> one_group = (np.array([0]), np.array([2]))
    >>> match(np.array([0.0, 50.0]), one_group, np.array([40.0, 5.0]), one_group)
    (array([0, 1]), array([1, 0]))
    """
    reference_first, reference_count = reference_rows
    prediction_first, prediction_count = prediction_rows
    single = (reference_count == 1) & (prediction_count == 1)
    pairs = [(reference_first[single], prediction_first[single])]
    several = np.flatnonzero(~single)
    base = int(prediction_count.max(initial=0)) + 1
    shape = reference_count[several] * base + prediction_count[several]
    for code in np.unique(shape).tolist():
        references, predictions = divmod(code, base)
        groups = several[shape == code]
        for chunk in _chunks(groups, references, predictions):
            reference = reference_first[chunk, None] + np.arange(references)
            prediction = prediction_first[chunk, None] + np.arange(predictions)
            cost = np.abs(reference_azimuth_deg[reference][:, :, None] - prediction_azimuth_deg[prediction][:, None, :])
            row, column = _assign(cost)
            pairs.append((np.take_along_axis(reference, row, 1), np.take_along_axis(prediction, column, 1)))
    return (
        np.concatenate([reference.ravel() for reference, _ in pairs]),
        np.concatenate([prediction.ravel() for _, prediction in pairs]),
    )


def _chunks(groups: Rows, references: int, predictions: int) -> Iterator[Rows]:
    """Pieces of `groups` small enough to try all their pairings at once."""
    pairings = min(_MOST_PAIRINGS, _pairing_count(references, predictions))
    step = max(1, _CHUNK // (references * predictions + pairings * min(references, predictions)))
    for start in range(0, len(groups), step):
        yield groups[start : start + step]


def _assign(cost: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """Pairs of (group, reference, prediction) costs as two (group, pair) arrays of row and column numbers."""
    references, predictions = cost.shape[1:]
    if _pairing_count(references, predictions) > _MOST_PAIRINGS:
        return _solve(cost)
    row, column = _pairings(references, predictions)
    totals = cost[:, row, column].sum(axis=2)
    best = totals.argmin(axis=1)  # the first of equals, so the lowest index wins where one side is single
    row, column = row[best], column[best]
    if min(references, predictions) > 1:
        lowest_two = np.partition(totals, 1, axis=1)[:, :2]
        unclear = lowest_two[:, 1] - lowest_two[:, 0] < _TIE_DEG
        row[unclear], column[unclear] = _solve(cost[unclear])
    return row, column


def _pairing_count(references: int, predictions: int) -> int:
    """In how many ways the smaller side can be paired with the larger."""
    return math.perm(max(references, predictions), min(references, predictions))


def _pairings(references: int, predictions: int) -> tuple[Rows, Rows]:
    """All ways to pair everything on the smaller side, as two (pairing, pair) arrays of row and column numbers."""
    larger, smaller = max(references, predictions), min(references, predictions)
    chosen = np.array(list(permutations(range(larger), smaller)), dtype=np.int64)
    all_of_smaller = np.broadcast_to(np.arange(smaller), chosen.shape)
    return (all_of_smaller, chosen) if references <= predictions else (chosen, all_of_smaller)


def _solve(cost: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """What the solver answers for each group: two microseconds a group."""
    from scipy.optimize import linear_sum_assignment  # half a second to import, paid only where pairings tie

    row, column = np.empty((2, len(cost), min(cost.shape[1:])), dtype=np.int64)
    for group, table in enumerate(cost):
        row[group], column[group] = linear_sum_assignment(table)
    return row, column
