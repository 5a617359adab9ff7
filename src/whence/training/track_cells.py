"""Cells of interchangeable tracks, as the search for thresholds counts them: one for each track, frame and class."""

# B clip, L label frame (100 ms), N track, E element (presence, azimuth, distance), K class

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events
from whence.models.outputs import Tracks

# A hit of the official metric.
AZIMUTH_DEG, RELATIVE_DISTANCE = 20.0, 1.0
# More than all azimuth errors together, so that as many tracks as possible have a reference.
_UNPAIRED = 1_000.0
# Decides between pairings of equal azimuth error only.
_MISPLACED = 0.01


def track_cells(
    coding: Tracks, values: NDArray[np.float32], tables: Sequence[Events]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Return presence, number of references, and whether the position is a spatial error, of every track.

    In each frame and class the likeliest tracks, as many as there are references, are paired with them by azimuth, as
    in the official matching; of equal pairings, which are frequent on a line, the one with fewer spatial errors counts.
    References that are left over count with the likeliest track.

    Args:
        coding: of the values.
        values: (B, L, N, 3, K); a track of presence 0 is never paired.
        tables: the reference of every clip.

    Returns:
        three arrays (B * L * N, K).
    """
    clips, frames, count, _, classes = values.shape
    truth = coding.encode(tables, frames)
    # References beyond the tracks are in no target, but they are missed.
    total = np.zeros((clips, frames, classes), np.int64)
    for clip, table in enumerate(tables):
        inside = table[table.frame < frames]
        np.add.at(total[clip], (inside.frame, inside.class_index), 1)
    order = np.argsort(-values[:, :, :, 0], axis=2, kind="stable")
    tracks = np.take_along_axis(values, order[:, :, :, None], axis=2)
    pairable = (np.arange(count)[:, None] < total[:, :, None]) & (tracks[:, :, :, 0] > 0)
    best = np.full(total.shape, np.inf)
    misplaced = np.zeros(pairable.shape, bool)
    for permutation in itertools.permutations(range(count)):
        wanted = truth[:, :, list(permutation)]
        real = wanted[:, :, :, 0] > 0
        error_deg = np.abs(tracks[:, :, :, 1] - wanted[:, :, :, 1])
        relative = np.abs(tracks[:, :, :, 2] - wanted[:, :, :, 2]) / np.maximum(wanted[:, :, :, 2], 1e-9)
        wrong = (error_deg > AZIMUTH_DEG) | (relative > RELATIVE_DISTANCE)
        paired_cost = error_deg + _MISPLACED * wrong
        cost = np.where(pairable & real, paired_cost, _UNPAIRED * (pairable != real)).sum(axis=2)
        better = cost < best
        best = np.where(better, cost, best)
        misplaced = np.where(better[:, :, None], wrong, misplaced)
    references = pairable.astype(np.int64)
    references[:, :, 0] += total - references.sum(axis=2)
    flat = (clips * frames * count, classes)
    return tracks[:, :, :, 0].reshape(flat), references.reshape(flat), (misplaced & pairable).reshape(flat)
