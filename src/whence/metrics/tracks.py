"""Which rows of a table are scored: the official scorer keeps ten tracks per frame and class and overwrites beyond."""

import numpy as np
from numpy.typing import NDArray

TRACKS = 10


def rows_in_tracks(source: NDArray[np.integer], first_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the rows that survive when every (frame, class) has only ten tracks.

    A row takes its source number as its track if that is below ten and still free, else the lowest free
    track. Where all ten are taken it replaces the row in track 0 and stands in that row's place. Two rows
    of one source are therefore two instances, and up to ten rows of a group always survive.

    Args:
        source: (row,) source numbers, the rows of each group next to each other and in file order. A
            negative number is no track of the ten: its first row is kept beside them.
        first_row: (group + 1,) where each group starts; the last entry is the number of rows.

    Returns:
        (survivor,) int64 row numbers, group after group in track order of insertion; as long as `source`
        if nothing was overwritten.

    Source: DCASE 2025 Task 3 baseline, utils.py, organize_labels.

    >>> rows_in_tracks(np.arange(12), np.array([0, 12]))
    array([11,  1,  2,  3,  4,  5,  6,  7,  8,  9])
    """
    content = np.arange(len(source), dtype=np.int64)
    sizes = np.diff(first_row)
    crowded = np.flatnonzero(sizes > TRACKS)
    if not len(crowded):
        return content
    outside = _first_row_of_negative_source(source, first_row)
    survives = np.ones(len(source), dtype=bool)
    taken = np.zeros((len(crowded), TRACKS), dtype=bool)
    row_in_track_0 = np.zeros(len(crowded), dtype=np.int64)
    for position in range(int(sizes[crowded].max())):  # the rows of one group take turns, all groups at once
        group = np.flatnonzero(sizes[crowded] > position)
        group = group[~outside[first_row[crowded[group]] + position]]
        row = first_row[crowded[group]] + position
        track = _track_of(source[row], taken[group])
        full = track < 0
        content[row_in_track_0[group[full]]] = row[full]
        survives[row[full]] = False
        group, row, track = group[~full], row[~full], track[~full]
        taken[group, track] = True
        row_in_track_0[group[track == 0]] = row[track == 0]
    return content[survives]


def _track_of(source: NDArray[np.integer], taken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(row,) the free track each row takes in its (row, track) table, -1 where none is left."""
    has_own = (source >= 0) & (source < TRACKS)
    own = np.where(has_own, source, 0)
    takes_own = has_own & ~taken[np.arange(len(source)), own]
    lowest_free = np.where(taken.all(axis=1), -1, np.argmin(taken, axis=1))
    return np.where(takes_own, own, lowest_free).astype(np.int64)


def _first_row_of_negative_source(source: NDArray[np.integer], first_row: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(row,) true where a negative source number stands for the first time in its group."""
    first = np.zeros(len(source), dtype=bool)
    negative = np.flatnonzero(source < 0)
    group = np.searchsorted(first_row, negative, side="right")
    pairs = np.stack([group, source[negative]], axis=1)
    first[negative[np.unique(pairs, axis=0, return_index=True)[1]]] = True
    return first
