"""Single ACCDOA: one vector per class whose length is its activity, and a distance in metres."""

# B clip, L label frame (100 ms), E element (x, y, distance), K class

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import Events, fold_to_front
from whence.models.outputs.arrays import stack, tanh
from whence.models.outputs.coding import Array, Coding
from whence.models.outputs.distance import DistanceScale

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class AccdoaSettings:
    """How single ACCDOA is decoded.

    Args:
        class_count: K.
        threshold: length above which a class is active, unless `decode` is given others.
        distance: raw output to metres: `relu` as in the official network, whose negative outputs get no gradient and
            may stay negative, or `softplus`, which always has one.
        official_rows: keep azimuths up to 180 degrees as the official code writes them; otherwise fold to the front.

    Raises:
        ModelError: a setting is out of range.
    """

    class_count: int = 13
    threshold: float = 0.5
    distance: Literal["relu", "softplus"] = "relu"
    official_rows: bool = False

    def __post_init__(self) -> None:
        if self.class_count < 1 or not 0 <= self.threshold <= 1:
            raise ModelError("accdoa: class_count from 1, threshold in 0..1")
        if self.distance not in ("relu", "softplus"):
            raise ModelError(f"accdoa: distance is {self.distance!r}; it must be relu or softplus")


class Accdoa(Coding):
    """Values (B, L, 3, K): x, y (front, left; length is activity) and distance in metres; one source per class.

    Source: Shimada et al. 2021 (arXiv:2010.15306); the DCASE 2025 Task 3 baseline for distance and layout.

    >>> coding = Accdoa(AccdoaSettings(class_count=2))
    >>> events = Events.from_columns({"frame": [0], "class_index": [1], "azimuth_deg": [90.0], "distance_m": [2.0]})
    >>> coding.encode([events], frame_count=1)[0, 0, :, 1].round(6)
    array([0., 1., 2.], dtype=float32)
    """

    settings: AccdoaSettings
    settings_type = AccdoaSettings

    @property
    def output_size(self) -> int:
        """3 elements x classes, element by element."""
        return 3 * self.class_count

    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """(B, L, 3, K); of several sources of one class in one frame the last row counts, as in the official code."""
        clip, events = self._rows_within(tables, frame_count)
        azimuth = np.radians(fold_to_front(events.azimuth_deg))
        target = np.zeros((len(tables), frame_count, 3, self.class_count), np.float32)
        elements = (np.cos(azimuth), np.sin(azimuth), events.distance_m)
        target[clip, events.frame, :, events.class_index] = np.stack(elements, axis=1)
        return target

    def activate(self, raw: Any) -> Any:
        """(B, L, 3, K): tanh on x and y, metres."""
        parts = raw.reshape(raw.shape[0], raw.shape[1], 3, self.class_count)
        xy = tanh(parts[:, :, :2])
        distance = DistanceScale(self.settings.distance).to_metres(parts[:, :, 2])
        return stack([xy[:, :, 0], xy[:, :, 1], distance], 2)

    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """Mean squared error over all cells, silent ones too; an unknown distance costs nothing."""
        error = (self.activate(raw.float()) - target).where(~target.isnan(), target.new_zeros(()))
        return {"accdoa": (error * error).mean()}

    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Return a row for each class and frame whose vector is longer than its threshold."""
        x, y = values[:, :, 0], values[:, :, 1]
        length = np.sqrt(x * x + y * y)
        clip, frame, class_index = np.nonzero(length > self._thresholds(thresholds, self.settings.threshold))
        cell = (clip, frame, class_index)
        azimuth_deg = (np.arctan2(y[cell], x[cell]) * np.float32(180) / np.float32(np.pi)).astype(np.float64)
        unfolded = self.settings.official_rows or self.full_circle
        columns = {
            "frame": frame,
            "class_index": class_index,
            "azimuth_deg": azimuth_deg if unfolded else fold_to_front(azimuth_deg),
            "distance_m": values[clip, frame, 2, class_index],
            "score": length[cell].clip(max=1.0),
        }
        return clip, Events.from_columns(columns)
