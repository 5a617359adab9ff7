"""The best threshold of every class, found exactly: every score that occurs is tried."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class BestThresholds(NamedTuple):
    """(class,) thresholds, and the F-score that each class reaches with its own."""

    threshold: NDArray[np.float64]
    f_score: NDArray[np.float64]


def best_thresholds(
    score: NDArray[np.floating],
    references: NDArray[np.integer],
    misplaced: NDArray[np.bool_] | None = None,
    allowance: float = 0.0,
) -> BestThresholds:
    """Find for each class the threshold with the highest F-score; a cell is active if its score exceeds it.

    Sorted by score, the counts of every possible threshold are running sums, so the search is exact and takes one
    sort per class. F = TP / (TP + FP_spatial + (FP + FN) / 2), as in the official metric; with nothing misplaced it is
    the F-score of detection alone.

    Args:
        score: (cell, class) confidence in each frame of each clip.
        references: (cell, class) how many references of the class there are.
        misplaced: (cell, class) whether an active cell would be a spatial error; None for never.
        allowance: the highest threshold is taken whose F-score is at most so much below the best. F-scores hardly
            change around their maximum, and the higher of two thresholds has fewer false alarms.

    Returns:
        thresholds halfway between two scores that occur, 0.5 for a class without references, and F-scores.

    Source: T. Zhao et al. 2025 (the best threshold of every class in each validation); the counts are those of
        `whence.metrics.counting`.

    >>> score = np.array([[0.9], [0.8], [0.3], [0.1]])
    >>> best_thresholds(score, np.array([[1], [1], [0], [0]]))
    BestThresholds(threshold=array([0.55]), f_score=array([1.]))
    """
    cells, classes = score.shape
    thresholds, f_scores = np.full(classes, 0.5), np.zeros(classes)
    wrong = np.zeros(score.shape, dtype=bool) if misplaced is None else misplaced
    for k in range(classes):
        total = int(references[:, k].sum())
        if total == 0 or cells == 0:
            continue
        order = np.argsort(-score[:, k], kind="stable")
        sorted_score, here = score[order, k].astype(np.float64), references[order, k] > 0
        hits = np.cumsum(here & ~wrong[order, k])
        spatial = np.cumsum(here & wrong[order, k])
        alarms = np.cumsum(~here)
        missed = total - hits - spatial
        f_score = hits / np.maximum(hits + spatial + 0.5 * (alarms + missed), 0.5)
        # Equal scores cannot be told apart: only the last of them is a possible cut.
        f_score[:-1][sorted_score[1:] == sorted_score[:-1]] = -1.0
        best = int(np.flatnonzero(f_score >= f_score.max() - allowance)[0])
        # Even a score of 0 exceeds a threshold below it.
        below = sorted_score[best + 1] if best + 1 < cells else min(0.0, sorted_score[best] - 1e-3)
        thresholds[k], f_scores[k] = 0.5 * (sorted_score[best] + below), f_score[best]
    return BestThresholds(thresholds, f_scores)


def at_thresholds(
    threshold: NDArray[np.float64],
    score: NDArray[np.floating],
    references: NDArray[np.integer],
    misplaced: NDArray[np.bool_] | None = None,
) -> BestThresholds:
    """What thresholds that were found on other clips reach on these.

    Args:
        threshold: (class,).
        score: as `best_thresholds`.
        references: as there.
        misplaced: as there.

    Returns:
        the same thresholds, and F-scores; 0 for a class without references.

    >>> at_thresholds(np.array([0.5]), np.array([[0.9], [0.8]]), np.array([[1], [0]])).f_score.round(3)
    array([0.667])
    """
    wrong = np.zeros(score.shape, dtype=bool) if misplaced is None else misplaced
    active, here = score > threshold, references > 0
    hits = (active & here & ~wrong).sum(axis=0)
    spatial = (active & here & wrong).sum(axis=0)
    alarms = (active & ~here).sum(axis=0)
    total = references.sum(axis=0)
    f_score = hits / np.maximum(hits + spatial + 0.5 * (alarms + total - hits - spatial), 0.5)
    return BestThresholds(threshold, np.where(total > 0, f_score, 0.0))
