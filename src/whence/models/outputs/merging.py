"""Tracks of one class that point the same way become one source: the official rule, for a whole batch at once."""

# B clip, L label frame, N track, E element (x, y, distance), K class, R active cell (clip, frame, class)

import numpy as np
from numpy.typing import NDArray

from whence.models.outputs.coding import Array

Cells = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]

# Pair p joins tracks p and p + 1 (mod 3) and leaves out the remaining one.
_FIRST, _SECOND, _LEFT_OUT = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([2, 0, 1])


def merged_rows(values: Array, limits: Array, merge_deg: float) -> tuple[Cells, Array, Array, Array, Array]:
    """Active sources of three-track values, duplicates merged.

    With no two active tracks closer than `merge_deg`, each active track is a source. With one such pair, its mean is a
    source, after the third track if that is active. With two or three pairs, the mean of all three tracks is the only
    source. Means are of x, y and distance as they are, so a merged source is shorter than its tracks.

    Args:
        values: (B, L, 3, 3, K) x, y, distance.
        limits: (K,) lengths above which a track is active.
        merge_deg: degrees.

    Returns:
        (clip, frame, class) of each source in this order, tracks in the official order; x, y, distance, length.

    Source: DCASE 2025 Task 3 baseline, utils.py, get_output_dict_format_multi_accdoa.
    """
    x, y = values[:, :, :, 0], values[:, :, :, 1]
    active = np.sqrt(x * x + y * y) > limits
    # Most cells are silent: everything after this line works on the active ones only.
    cell = np.nonzero(active.any(axis=2))
    clip, frame, class_index = cell
    tracks = values[clip, frame, :, :, class_index]
    is_active = active[clip, frame, :, class_index]
    pairs = _similar_pairs(tracks, is_active, merge_deg)
    pair_count = pairs.sum(axis=1)
    one, many = pair_count == 1, pair_count >= 2

    pair = pairs.argmax(axis=1)
    row = np.arange(len(tracks))
    mean_of_pair = (tracks[row, _FIRST[pair]] + tracks[row, _SECOND[pair]]) / np.float32(2)
    mean_of_all = (tracks[:, 0] + tracks[:, 1] + tracks[:, 2]) / np.float32(3)
    slots, filled = tracks.copy(), is_active.copy()
    slots[one, 0], filled[one, 0] = tracks[one, _LEFT_OUT[pair[one]]], is_active[one, _LEFT_OUT[pair[one]]]
    slots[one, 1], slots[many, 0] = mean_of_pair[one], mean_of_all[many]
    filled[one, 1:], filled[many] = (True, False), (True, False, False)

    source_row, slot = np.nonzero(filled)
    x, y, distance_m = slots[source_row, slot].T
    return (clip[source_row], frame[source_row], class_index[source_row]), x, y, distance_m, np.sqrt(x * x + y * y)


def _similar_pairs(tracks: Array, is_active: NDArray[np.bool_], merge_deg: float) -> NDArray[np.bool_]:
    """(R, 3): whether tracks 0-1, 1-2, 2-0 are both active and less than `merge_deg` apart."""
    xy = tracks[:, :, :2]
    norm = np.sqrt(xy[..., 0] ** 2 + xy[..., 1] ** 2 + np.float32(1e-10))
    unit = xy / norm[..., None]
    first, second = unit[:, _FIRST], unit[:, _SECOND]
    cosine = np.clip(first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1], -1, 1)
    apart_deg = np.arccos(cosine) * np.float32(180) / np.float32(np.pi)
    return np.asarray((apart_deg < merge_deg) & is_active[:, _FIRST] & is_active[:, _SECOND])
