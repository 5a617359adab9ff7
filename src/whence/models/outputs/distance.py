"""Distance scales: raw output to metres (linear, standardised or logarithmic), and the cost of an error."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from whence.errors import ModelError
from whence.models.outputs.arrays import exp, relu, softplus

if TYPE_CHECKING:
    from torch import Tensor

# No label is closer than this; it keeps relative errors finite for a distance of 0.
_CLOSEST_M = 0.05


@dataclass(frozen=True)
class DistanceScale:
    """What the network's distance output means, and how its error is counted.

    Args:
        kind: `softplus` metres through softplus (always positive), `relu` metres as the official baseline has
            them, `standard` (distance - mean) / deviation as Yeow et al. train it, `log` the natural logarithm.
        mean_m: of the training labels; `standard` only. Default: STARSS23.
        deviation_m: of the training labels; `standard` only. Default: STARSS23.
        relative: count (estimate / label - 1)^2, after the official relative error, instead of the squared
            difference on the network's own scale.
        absolute: count the absolute error instead of its square: what the official metric averages.

    Raises:
        ModelError: an unknown kind or a deviation that is not positive.

    >>> import numpy as np
    >>> DistanceScale("log").to_metres(np.log([2.5]))
    array([2.5])
    """

    kind: Literal["softplus", "relu", "standard", "log"] = "softplus"
    mean_m: float = 1.90
    deviation_m: float = 0.66
    relative: bool = True
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("softplus", "relu", "standard", "log"):
            raise ModelError(f"distance kind is {self.kind!r}; it must be softplus, relu, standard or log")
        if not self.deviation_m > 0:
            raise ModelError(f"distance deviation_m is {self.deviation_m}; it must be positive")

    def to_metres(self, raw: Any) -> Any:
        """Convert raw output (array or tensor) to metres, never negative."""
        if self.kind == "softplus":
            return softplus(raw)
        if self.kind == "relu":
            return relu(raw)
        if self.kind == "log":
            return exp(raw)
        return relu(raw * self.deviation_m + self.mean_m)

    def cost(self, raw: "Tensor", distance_m: "Tensor") -> "Tensor":
        """Return the cost of each estimate; 0, without gradient, where the label is NaN (not known).

        Args:
            raw: any shape, network output.
            distance_m: same shape, labels in metres.
        """
        known = ~distance_m.isnan()
        label = distance_m.where(known, distance_m.new_ones(()))
        if self.relative:
            error = self.to_metres(raw) / label.clamp(min=_CLOSEST_M) - 1.0
        elif self.kind == "standard":
            error = raw - (label - self.mean_m) / self.deviation_m
        elif self.kind == "log":
            error = raw - label.clamp(min=_CLOSEST_M).log()
        else:
            error = self.to_metres(raw) - label
        size = error.abs() if self.absolute else error * error
        return size.where(known, error.new_zeros(()))
