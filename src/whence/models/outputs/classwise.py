"""Classwise coding: activity, azimuth and distance of one source per class and frame, any of them left out."""

# B clip, L label frame (100 ms), K class, E element

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import Events, fold_to_front
from whence.models.outputs.arrays import degrees_of, sigmoid, stack, tanh
from whence.models.outputs.coding import Array, Coding
from whence.models.outputs.distance import DistanceScale

if TYPE_CHECKING:
    from torch import Tensor

# The index of each element in values and targets.
ACTIVITY, AZIMUTH, DISTANCE = 0, 1, 2


@dataclass(frozen=True)
class ClasswiseSettings:
    """Which elements a class has, and the weights of their errors.

    Args:
        class_count: K.
        activity: whether the network predicts which classes are active; without it, a detector must.
        azimuth: whether it predicts azimuth.
        distance: whether it predicts distance.
        direction: `azimuth` one number, tanh(raw) * 90 degrees; `vector` two, (cos, sin) through tanh.
        scale: see DistanceScale.
        same_class: which of several sources of one class in one frame is the target: the `nearest` (most likely the
            loudest; unknown distances come last), or the `last` in the file, as in the official single-ACCDOA code.
        cells: which cells of class and frame direction and distance errors are averaged over: the `active` ones, or
            `all`, where the targets of silent cells are 0 (of both numbers where `direction` is `vector`).
        activity_weight: of the binary cross entropy.
        direction_absolute: count the absolute direction error instead of its square: what the official metric
            averages. A network in doubt then predicts the likelier of two directions, not one between them.
        direction_weight: of the mean direction error, in units of 90 degrees or of x and y.
        distance_weight: of the mean distance error, as `scale` counts it.

    Raises:
        ModelError: no element is left, a weight is negative, or silent cells would have an error that relates to 0 m.

    >>> Classwise(ClasswiseSettings()).output_size
    39
    """

    class_count: int = 13
    activity: bool = True
    azimuth: bool = True
    distance: bool = True
    direction: Literal["azimuth", "vector"] = "azimuth"
    scale: DistanceScale = field(default_factory=DistanceScale)
    same_class: Literal["nearest", "last"] = "nearest"
    direction_absolute: bool = False
    cells: Literal["active", "all"] = "active"
    activity_weight: float = 1.0
    direction_weight: float = 2.0
    distance_weight: float = 0.3

    def __post_init__(self) -> None:
        if self.class_count < 1 or not (self.activity or self.azimuth or self.distance):
            raise ModelError("classwise: at least one class and one of activity, azimuth, distance")
        if self.direction not in ("azimuth", "vector"):
            raise ModelError(f"classwise: direction is {self.direction!r}; it must be azimuth or vector")
        if self.same_class not in ("nearest", "last"):
            raise ModelError(f"classwise: same_class is {self.same_class!r}; it must be nearest or last")
        if self.cells not in ("active", "all"):
            raise ModelError(f"classwise: cells is {self.cells!r}; it must be active or all")
        if self.cells == "all" and self.distance and (self.scale.relative or self.scale.kind == "log"):
            raise ModelError(
                "classwise: with cells all, silent cells have the distance 0, to which no error is relative",
                remedy="set scale.relative to false and scale.kind to softplus, relu or standard",
            )
        if min(self.activity_weight, self.direction_weight, self.distance_weight) < 0:
            raise ModelError("classwise: weights cannot be negative")


def detection(class_count: int = 13) -> ClasswiseSettings:
    """Activity alone, for a detector; output (B, L, 13)."""
    return ClasswiseSettings(class_count, azimuth=False, distance=False)


def localization(class_count: int = 13) -> ClasswiseSettings:
    """Azimuth and distance alone, to be joined with a detector's activity; output (B, L, 26)."""
    return ClasswiseSettings(class_count, activity=False)


def mean_squared_localization(class_count: int = 13) -> ClasswiseSettings:
    """Localization with the loss of the report: the plain mean squared error of azimuth and distance.

    Azimuths are counted in units of 90 degrees, distances in metres, both alike, so that the loss is the mean of the
    squared differences of the (B, L, 26) numbers of Zhao et al. They do not report units, nor what the target of a
    silent cell is. The default here, `cells="active"`, leaves silent cells out, because a joined system reads positions
    only where a class is active. The other reading, `cells="all"`, has 0 degrees and 0 metres there. A network that is
    in doubt whether a class is active then predicts positions too far in front and too near.

    Source: T. Zhao et al. 2025, DCASE Task 3: "Localization: MSE".
    """
    scale = DistanceScale(relative=False)
    return ClasswiseSettings(class_count, activity=False, scale=scale, direction_weight=0.5, distance_weight=0.5)


class Classwise(Coding):
    """Values (B, L, 3, K): activity 0..1, azimuth in degrees, distance in metres; NaN for what is left out.

    Source: T. Zhao et al. 2025, DCASE Task 3 (detector and localizer apart); arXiv:2501.10755 (activity, direction and
        distance side by side, relative distance error).

    >>> coding = Classwise(ClasswiseSettings(class_count=2))
    >>> events = Events.from_columns({"frame": [1], "class_index": [1], "azimuth_deg": [30.0], "distance_m": [2.0]})
    >>> target = coding.encode([events], frame_count=2)
    >>> target[0, 1, :, 1], coding.decode(target)[0] == events
    (array([ 1., 30.,  2.], dtype=float32), True)
    """

    settings: ClasswiseSettings
    settings_type = ClasswiseSettings

    def __init__(self, settings: ClasswiseSettings | None = None) -> None:
        super().__init__(settings)
        first, size = int(self.settings.activity), 2 if self.settings.direction == "vector" else 1
        self._direction_elements = slice(first, first + size * self.settings.azimuth)
        self._element_count = self._direction_elements.stop + self.settings.distance

    @property
    def output_size(self) -> int:
        """Elements times classes, element by element: all activities first."""
        return self._element_count * self.class_count

    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """(B, L, 3, K): activity 0 or 1, azimuth folded to the front, distance (NaN where not known)."""
        clip, events = self._rows_within(tables, frame_count)
        if self.settings.same_class == "nearest":
            # Later rows overwrite earlier ones, so the nearest is written last; NaN sorts as the farthest.
            far_to_near = np.lexsort((-np.arange(len(clip)), np.nan_to_num(events.distance_m, nan=np.inf)))[::-1]
            clip, events = clip[far_to_near], events[far_to_near]
        target = np.zeros((len(tables), frame_count, 3, self.class_count), np.float32)
        elements = [np.ones(len(clip)), fold_to_front(events.azimuth_deg), events.distance_m]
        target[clip, events.frame, :, events.class_index] = np.stack(elements, axis=1)
        return target

    def activate(self, raw: Any) -> Any:
        """(B, L, 3, K) activity, azimuth in degrees, distance in metres."""
        parts = self._parts(raw)
        empty = parts[:, :, 0] * np.nan
        activity = sigmoid(parts[:, :, 0]) if self.settings.activity else empty
        distance = self.settings.scale.to_metres(parts[:, :, -1]) if self.settings.distance else empty
        direction = tanh(parts[:, :, self._direction_elements])
        if not self.settings.azimuth:
            azimuth = empty
        elif self.settings.direction == "azimuth":
            azimuth = direction[:, :, 0] * 90.0
        else:
            # Directions are in front: |x| keeps a slightly negative x on the side it belongs to.
            azimuth = degrees_of(direction[:, :, 1], abs(direction[:, :, 0]))
        return stack([activity, azimuth, distance], 2)

    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """Binary cross entropy over all cells; direction and distance errors over the cells that settings name."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        parts = self._parts(raw.float())
        active = target[:, :, ACTIVITY]
        settings, losses = self.settings, {}
        counted = active if settings.cells == "active" else active.new_ones(()).expand_as(active)
        # A batch without events has errors of 0, not of 0 / 0.
        count = counted.sum().clamp(min=1.0)
        if settings.activity:
            losses["activity"] = settings.activity_weight * binary_cross_entropy_with_logits(parts[:, :, 0], active)
        if settings.azimuth:
            error = tanh(parts[:, :, self._direction_elements]) - self._direction(target)
            cost = (error.abs() if settings.direction_absolute else error**2).mean(2)
            losses["direction"] = settings.direction_weight * (cost * counted).sum() / count
        if settings.distance:
            cost = settings.scale.cost(parts[:, :, -1], target[:, :, DISTANCE])
            losses["distance"] = settings.distance_weight * (cost * counted).sum() / count
        return losses

    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Return a row for each class and frame whose activity exceeds its threshold.

        The rows of a detector alone have azimuth 0 and distance NaN.

        Raises:
            ModelError: the values hold no activity; put a detector's there first.
        """
        if not self.settings.activity and np.isnan(values[:, :, ACTIVITY]).all() and values.size:
            raise ModelError("these values have no activity", remedy="join them with a detector's activity")
        clip, frame, class_index = np.nonzero(values[:, :, ACTIVITY] > self._thresholds(thresholds))
        activity, azimuth_deg, distance_m = values[clip, frame, :, class_index].T.astype(np.float64)
        columns = {
            "frame": frame,
            "class_index": class_index,
            "azimuth_deg": azimuth_deg if self.settings.azimuth else np.zeros(len(clip)),
            "distance_m": distance_m,
            "score": activity,
        }
        return clip, Events.from_columns(columns)

    def _parts(self, raw: Any) -> Any:
        """(B, L, E, K) from (B, L, output_size)."""
        return raw.reshape(raw.shape[0], raw.shape[1], self._element_count, self.class_count)

    def _direction(self, target: "Tensor") -> "Tensor":
        """(B, L, 1 or 2, K): targets of the direction elements; a silent cell has no direction, so its vector is 0."""
        azimuth_deg = target[:, :, AZIMUTH]
        if self.settings.direction == "azimuth":
            return azimuth_deg[:, :, None] / 90.0
        vector: Tensor = stack([azimuth_deg.deg2rad().cos(), azimuth_deg.deg2rad().sin()], 2)
        return vector * target[:, :, ACTIVITY, None] if self.settings.cells == "all" else vector
