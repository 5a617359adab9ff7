"""Multi-ACCDOA: three interchangeable tracks per class, each a vector whose length is its activity, plus metres."""

# B clip, L label frame (100 ms), N track, E element (x, y, distance), K class

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import Events, fold_to_front
from whence.models.outputs.coding import Array, Coding
from whence.models.outputs.distance import DistanceScale
from whence.models.outputs.either import stack, tanh
from whence.models.outputs.merging import merged_rows
from whence.models.outputs.track_order import align_tracks, rank_in_cell

if TYPE_CHECKING:
    from torch import Tensor

TRACK_COUNT = 3
DUMMY_COUNT = 6  # A0 for one source, B0 B1 for two, C0 C1 C2 for three

# The 13 ways in which one, two or three sources may fill three tracks, as dummy tracks.
_ONE = ((0, 0, 0),)
_TWO = ((1, 1, 2), (1, 2, 1), (1, 2, 2), (2, 1, 1), (2, 1, 2), (2, 2, 1))
_THREE = ((3, 4, 5), (3, 5, 4), (4, 3, 5), (4, 5, 3), (5, 3, 4), (5, 4, 3))
PERMUTATIONS = _ONE + _TWO + _THREE
# A permutation for one number of sources carries the first permutation of the two other numbers on top. Only one
# number is ever there, so this makes all 13 equal to it where they do not apply, instead of a target of silence.
PADDING = ((_TWO[0], _THREE[0]),) * 1 + ((_ONE[0], _THREE[0]),) * 6 + ((_ONE[0], _TWO[0]),) * 6
# The same as indices, (permutation, track).
_TRACKS = np.array(PERMUTATIONS)
_FIRST_PADDING, _SECOND_PADDING = (np.array([pair[i] for pair in PADDING]) for i in range(2))


@dataclass(frozen=True)
class MultiAccdoaSettings:
    """How multi-ACCDOA is decoded.

    Args:
        class_count: K.
        merge_deg: two active tracks of a class closer than this are one source.
        threshold: length above which a track is active, unless `decode` is told otherwise.
        distance: how metres come from raw output: `relu` as in the official network, whose distance outputs get no
            gradient once they are negative and may stay there, or `softplus`, which cannot get stuck.
        official_rows: write what the official code writes: azimuths up to 180 degrees, source 0 on every row.
            Otherwise azimuths are folded to the front and the sources of a class are numbered. Scores are the same.

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

    Args:
        settings: see MultiAccdoaSettings.

    Source: Shimada et al. 2022 (arXiv:2110.07124); the DCASE 2025 Task 3 baseline for distance, layout and decoding.

    >>> coding = MultiAccdoa(MultiAccdoaSettings(class_count=2))
    >>> events = Events.from_columns({"frame": [0], "class_index": [1], "azimuth_deg": [90.0], "distance_m": [2.0]})
    >>> coding.encode([events], frame_count=1)[0, 0, 0, :, 1].round(6)
    array([1., 0., 1., 2.], dtype=float32)
    """

    def __init__(self, settings: MultiAccdoaSettings | None = None) -> None:
        self.settings = settings or MultiAccdoaSettings()
        self.class_count = self.settings.class_count
        self._scale = DistanceScale(self.settings.distance)

    @property
    def output_size(self) -> int:
        """3 tracks x 3 elements x classes, track by track."""
        return TRACK_COUNT * 3 * self.class_count

    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """(B, L, 6, 4, K): dummy tracks A0 B0 B1 C0 C1 C2; activity, x, y, distance (NaN where not known).

        A fourth and later source of one class in one frame is left out, as the official code does.
        """
        clip, events = self._placed_rows(tables, frame_count)
        rank, count = rank_in_cell((clip, events.frame, events.class_index))
        kept = rank < TRACK_COUNT
        clip, events, rank, count = clip[kept], events[kept], rank[kept], count[kept].clip(max=TRACK_COUNT)
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
        return stack([xy[:, :, :, 0], xy[:, :, :, 1], self._scale.to_metres(parts[:, :, :, 2])], 3)

    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """ADPIT: per frame and class the smallest mean squared error of 13 target permutations.

        The mean runs over 9 elements (3 tracks x (x, y, distance)); an unknown distance costs nothing.
        """
        estimate = self.activate(raw.float())
        there = (target[:, :, :, 0] > 0).any(dim=2)
        # Nearly all cells are silent, and the 13 targets of silence are one: only the others need to be tried.
        silent = (estimate * estimate).mean(dim=(2, 3)).masked_fill(there, 0.0)
        said, dummies = (tensor.permute(0, 1, 4, 2, 3)[there] for tensor in (estimate, target))
        wanted = dummies[:, :, 1:] * dummies[:, :, :1]
        candidates = wanted[:, _TRACKS] + wanted[:, _FIRST_PADDING] + wanted[:, _SECOND_PADDING]
        error = (said[:, None] - candidates).where(~candidates.isnan(), said.new_zeros(()))
        cheapest = (error * error).mean(dim=(2, 3)).min(dim=1).values
        return {"adpit": (silent.sum() + cheapest.sum()) / there.numel()}

    def mirror(self, values: Any) -> Any:
        """The vectors with y negated."""
        return stack([values[:, :, :, 0], -values[:, :, :, 1], values[:, :, :, 2]], 3)

    def average(self, values: Sequence[Any]) -> Any:
        """The mean after each member's tracks are put in the order that fits the first member best."""
        first = values[0]
        return sum((align_tracks(other, first) for other in values[1:]), start=first) / len(values)

    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Active tracks, those of one class closer than `merge_deg` merged: one pair to its mean, more to one mean."""
        limits = self._thresholds(self.settings.threshold if thresholds is None else thresholds)
        cell, x, y, distance_m, length = merged_rows(values, limits, self.settings.merge_deg)
        clip, frame, class_index = cell
        # float32 up to here, in the official order of operations, so that rounding to whole degrees agrees.
        azimuth_deg = (np.arctan2(y, x) * np.float32(180) / np.float32(np.pi)).astype(np.float64)
        official = self.settings.official_rows
        columns = {
            "frame": frame,
            "class_index": class_index,
            "source": np.zeros(len(clip), np.int32) if official else rank_in_cell(cell)[0],
            "azimuth_deg": azimuth_deg if official else fold_to_front(azimuth_deg),
            "distance_m": distance_m,
            "score": length.clip(max=1.0),
        }
        return clip, Events.from_columns(columns)
