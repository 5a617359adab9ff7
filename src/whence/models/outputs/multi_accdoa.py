"""Multi-ACCDOA: three interchangeable tracks per class, each a vector whose length is its activity, and metres."""

# B clip, L label frame (100 ms), N track, E element (x, y, distance), K class, R active cell (clip, frame, class)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import Events, fold_to_front
from whence.models.outputs.arrays import align_tracks, rank_in_cell, stack, tanh
from whence.models.outputs.coding import Array, Coding
from whence.models.outputs.distance import DistanceScale

if TYPE_CHECKING:
    from torch import Tensor

TRACK_COUNT = 3
DUMMY_COUNT = 6  # A0 for one source, B0 B1 for two, C0 C1 C2 for three

# The 13 ways in which one, two or three sources may fill three tracks, as dummy tracks.
_ONE = ((0, 0, 0),)
_TWO = ((1, 1, 2), (1, 2, 1), (1, 2, 2), (2, 1, 1), (2, 1, 2), (2, 2, 1))
_THREE = ((3, 4, 5), (3, 5, 4), (4, 3, 5), (4, 5, 3), (5, 3, 4), (5, 4, 3))
PERMUTATIONS = np.array(_ONE + _TWO + _THREE)
# To a permutation for one number of sources the first permutation of each other number is added. A cell has one number
# of sources only, so this makes the permutations that do not apply equal to one that does, instead of to silence.
FIRST_PADDING = np.array((_TWO[0],) + (_ONE[0],) * 12)
SECOND_PADDING = np.array((_THREE[0],) * 7 + (_TWO[0],) * 6)
# Pair p joins tracks p and p + 1 (mod 3) and leaves out the remaining one.
_FIRST, _SECOND, _LEFT_OUT = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([2, 0, 1])

_Cells = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class MultiAccdoaSettings:
    """How multi-ACCDOA is decoded.

    Args:
        class_count: K.
        merge_deg: two active tracks of a class closer than this are one source.
        threshold: length above which a track is active, unless `decode` is given others.
        distance: raw output to metres: `relu` as in the official network, whose negative outputs get no gradient and
            may stay negative, or `softplus`, which always has one.
        official_rows: write what the official code writes: azimuths up to 180 degrees, source 0 on every row.
            Otherwise azimuths are folded to the front and the sources of a class numbered. Scores are the same.

    Raises:
        ModelError: a setting is out of range.
    """

    class_count: int = 13
    merge_deg: float = 15.0
    threshold: float = 0.5
    distance: Literal["relu", "softplus"] = "relu"
    official_rows: bool = False

    def __post_init__(self) -> None:
        if self.class_count < 1 or self.merge_deg < 0 or not 0 <= self.threshold <= 1:
            raise ModelError("multi_accdoa: class_count from 1, merge_deg from 0, threshold in 0..1")
        if self.distance not in ("relu", "softplus"):
            raise ModelError(f"multi_accdoa: distance is {self.distance!r}; it must be relu or softplus")


class MultiAccdoa(Coding):
    """Values (B, L, 3, 3, K): for each track x, y (front, left; length is activity) and distance in metres.

    Source: Shimada et al. 2022 (arXiv:2110.07124); the DCASE 2025 Task 3 baseline for distance, layout and decoding.

    >>> coding = MultiAccdoa(MultiAccdoaSettings(class_count=2))
    >>> events = Events.from_columns({"frame": [0], "class_index": [1], "azimuth_deg": [90.0], "distance_m": [2.0]})
    >>> coding.encode([events], frame_count=1)[0, 0, 0, :, 1].round(6)
    array([1., 0., 1., 2.], dtype=float32)
    """

    settings: MultiAccdoaSettings
    settings_type = MultiAccdoaSettings

    @property
    def output_size(self) -> int:
        """3 tracks x 3 elements x classes, track by track."""
        return TRACK_COUNT * 3 * self.class_count

    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """(B, L, 6, 4, K): dummy tracks A0 B0 B1 C0 C1 C2; activity, x, y, distance (NaN where not known).

        A fourth and later source of one class in one frame is left out, as the official code does.
        """
        clip, events = self._rows_within(tables, frame_count)
        rank, count = rank_in_cell((clip, events.frame, events.class_index))
        fits = rank < TRACK_COUNT
        clip, events, rank, count = clip[fits], events[fits], rank[fits], count[fits].clip(max=TRACK_COUNT)
        # 0 for one source, 1 and 2 for two, 3 to 5 for three.
        dummy = rank + count * (count - 1) // 2
        azimuth = np.radians(fold_to_front(events.azimuth_deg))
        target = np.zeros((len(tables), frame_count, DUMMY_COUNT, 4, self.class_count), np.float32)
        elements = (np.ones(len(clip)), np.cos(azimuth), np.sin(azimuth), events.distance_m)
        target[clip, events.frame, dummy, :, events.class_index] = np.stack(elements, axis=1)
        return target

    def activate(self, raw: Any) -> Any:
        """(B, L, 3, 3, K): tanh on x and y, metres."""
        parts = raw.reshape(raw.shape[0], raw.shape[1], TRACK_COUNT, 3, self.class_count)
        xy = tanh(parts[:, :, :, :2])
        distance = DistanceScale(self.settings.distance).to_metres(parts[:, :, :, 2])
        return stack([xy[:, :, :, 0], xy[:, :, :, 1], distance], 3)

    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """ADPIT: per frame and class the smallest mean squared error of 13 target permutations.

        The mean runs over 9 elements (3 tracks x (x, y, distance)); an unknown distance costs nothing.
        """
        estimate = self.activate(raw.float())
        active = (target[:, :, :, 0] > 0).any(dim=2)
        # Nearly all cells are silent, and the 13 targets of silence are one: only the others need to be tried.
        silent = (estimate * estimate).mean(dim=(2, 3)).masked_fill(active, 0.0)
        tracks, dummies = (tensor.permute(0, 1, 4, 2, 3)[active] for tensor in (estimate, target))
        wanted = dummies[:, :, 1:] * dummies[:, :, :1]
        candidates = wanted[:, PERMUTATIONS] + wanted[:, FIRST_PADDING] + wanted[:, SECOND_PADDING]
        error = (tracks[:, None] - candidates).where(~candidates.isnan(), tracks.new_zeros(()))
        cheapest = (error * error).mean(dim=(2, 3)).min(dim=1).values
        return {"adpit": (silent.sum() + cheapest.sum()) / active.numel()}

    def average(self, values: Sequence[Any]) -> Any:
        """Average after the tracks of each are put in the order that fits the first best."""
        first = values[0]
        return sum((align_tracks(other, first) for other in values[1:]), start=first) / len(values)

    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Return the active tracks; those of one class closer than `merge_deg` are merged to their mean."""
        limits = self._thresholds(thresholds, self.settings.threshold)
        cell, x, y, distance_m, length = _merged_rows(values, limits, self.settings.merge_deg)
        clip, frame, class_index = cell
        # float32 up to here, in the official order of operations, so that rounding to whole degrees agrees.
        azimuth_deg = (np.arctan2(y, x) * np.float32(180) / np.float32(np.pi)).astype(np.float64)
        official = self.settings.official_rows
        columns = {
            "frame": frame,
            "class_index": class_index,
            "source": np.zeros(len(clip), np.int32) if official else rank_in_cell(cell)[0],
            "azimuth_deg": azimuth_deg if official or self.full_circle else fold_to_front(azimuth_deg),
            "distance_m": distance_m,
            "score": length.clip(max=1.0),
        }
        return clip, Events.from_columns(columns)


def _merged_rows(values: Array, limits: Array, merge_deg: float) -> tuple[_Cells, Array, Array, Array, Array]:
    """Find the active sources of three-track values, duplicates merged: the official rule for a whole batch at once.

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
