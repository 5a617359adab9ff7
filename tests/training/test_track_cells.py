"""Cells of tracks against pairing by brute force, and the thresholds of a joined system of tracks."""

import itertools

import numpy as np
import pytest

from whence.labels import Events
from whence.models.outputs import Tracks, TracksSettings
from whence.training.track_cells import track_cells
from whence.training.validation import best_thresholds

FRAMES, CLASSES = 4, 2


def made(seed, count):
    """Random tracks, and up to three references in each frame and class."""
    rng = np.random.default_rng(seed)
    values = rng.uniform([0.1, -60, 0.5], [1, 60, 5], (1, FRAMES, count, CLASSES, 3)).astype(np.float32).swapaxes(3, 4)
    values[:, :, :, 0] *= rng.random((1, FRAMES, count, CLASSES)) < 0.8
    rows = [(f, k) for f, k in np.ndindex(FRAMES, CLASSES) for _ in range(rng.integers(0, 4))]
    frame, class_index = np.array(rows, dtype=int).reshape(-1, 2).T
    columns = {"azimuth_deg": rng.uniform(-60, 60, len(rows)), "distance_m": rng.uniform(1, 3, len(rows))}
    return values, Events.from_columns({"frame": frame, "class_index": class_index, **columns})


def slow_counts(tracks, references, limit):
    """Hits, spatial errors, false alarms, misses of one cell, of the tracks above a limit: every pairing is tried."""
    tracks = sorted((track for track in tracks if track[0] > 0), key=lambda track: -track[0])
    paired = tracks[: len(references)]
    ways = itertools.permutations(range(len(references)), len(paired))
    is_wrong = [[abs(t[1] - r[0]) > 20 or abs(t[2] / r[1] - 1) > 1 for r in references] for t in paired]
    pairing = min(  # of equal ones, the one with fewer errors
        ways,
        key=lambda way: sum(abs(paired[i][1] - references[j][0]) + is_wrong[i][j] / 100 for i, j in enumerate(way)),
    )
    hits = spatial = 0
    for i, j in enumerate(pairing):
        if paired[i][0] > limit:
            hits, spatial = hits + (not is_wrong[i][j]), spatial + is_wrong[i][j]
    alarms = sum(track[0] > limit for track in tracks[len(references) :])
    return hits, spatial, alarms, len(references) - hits - spatial


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("limit", [0.05, 0.5])
def test_counts_equal_brute_force(seed, limit):
    values, table = made(seed, 3)
    score, references, misplaced = track_cells(Tracks(TracksSettings(CLASSES, 3)), values, [table])
    for k in range(CLASSES):
        total = np.zeros(4, int)
        for frame in range(FRAMES):
            here = table[(table.frame == frame) & (table.class_index == k)]
            tracks = values[0, frame, :, :, k].astype(float).tolist()
            total += slow_counts(tracks, list(zip(here.azimuth_deg, here.distance_m, strict=True)), limit)
        active, real = score[:, k] > limit, references[:, k] > 0
        hits, spatial = (active & real & ~misplaced[:, k]).sum(), (active & real & misplaced[:, k]).sum()
        found = [hits, spatial, (active & ~real).sum(), references[:, k].sum() - hits - spatial]
        if all((values[0, :, :, 0, k] > 0).any(axis=1)):  # as in joined values
            assert found == total.tolist()


def test_references_beyond_the_tracks_are_missed():
    columns = {"frame": [0, 0, 0], "class_index": [0, 0, 0], "azimuth_deg": [0.0, 30.0, 60.0], "distance_m": [1.0] * 3}
    values = np.array([0.9, 0.0, 1.0], np.float32).reshape(1, 1, 1, 3, 1)
    cells = track_cells(Tracks(TracksSettings(1, 1)), values, [Events.from_columns(columns)])
    assert cells[1].tolist() == [[3]]
    # One hit, two misses: 1 / (1 + 2 / 2).
    assert best_thresholds(*cells).f_score.tolist() == [0.5]
