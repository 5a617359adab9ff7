"""What every coding can do: events -> targets, output against targets -> loss, output -> events."""

# B clip, L label frame (100 ms), K class, E element (activity, x, y, distance ...), N track

import copy
import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import ClipEvents, Events
from whence.models.outputs.arrays import stack

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float32]


class Coding(ABC):
    """The meaning of a network's output. Encode, loss and decode are one class because they must agree.

    Three kinds of numbers: `raw` is what the network gives, (B, L, output_size) without bounds; `values` are
    raw after `activate`, in the physical units that each coding states; a `target` is what `encode` makes.
    Networks of one coding are averaged as values. All but the loss works without torch.

    Attributes:
        settings_type: the frozen dataclass that a coding is built from.
        class_count: K.
        full_circle: whether values hold azimuths behind the listener, which then are not folded to the front.
    """

    settings_type: ClassVar[type]

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings or self.settings_type()
        self.class_count: int = self.settings.class_count
        self.full_circle = False

    @property
    @abstractmethod
    def output_size(self) -> int:
        """Numbers per label frame that the network must give."""

    @abstractmethod
    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """Return the targets of clips of `frame_count` label frames, (B, L, ...); later rows are left out.

        Raises:
            ModelError: a row has a class that this coding does not know.
        """

    @abstractmethod
    def activate(self, raw: Any) -> Any:
        """Turn raw output (B, L, output_size), array or tensor, into values."""

    @abstractmethod
    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """Return the weighted terms of the loss by name: float32 scalars, whatever the network computes in."""

    @abstractmethod
    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Return every active (frame, class, source) of a batch: the clip of each row, ascending, and the rows."""

    def loss(self, raw: "Tensor", target: "Tensor") -> "Tensor":
        """Return the scalar to minimise."""
        parts = self.loss_parts(raw, target)
        return sum(parts.values(), start=raw.new_zeros((), dtype=next(iter(parts.values())).dtype))

    def decode(self, values: Array, thresholds: ArrayLike | None = None) -> list[Events]:
        """Return the events of each clip.

        Args:
            values: what `activate` gave for (B, L, output_size), as a NumPy array.
            thresholds: activity above which a class counts as active; one number or (K,). 0.5 if not given.
        """
        clip_of_row, events = self.rows(values, thresholds)
        bounds = np.searchsorted(clip_of_row, np.arange(len(values) + 1))
        return [events[first:end] for first, end in itertools.pairwise(bounds)]

    def decode_clips(self, values: Array, names: Sequence[str], thresholds: ArrayLike | None = None) -> ClipEvents:
        """Return the events of named clips as one table, the form that scoring works on."""
        clip_of_row, events = self.rows(values, thresholds)
        bounds = np.searchsorted(clip_of_row, np.arange(len(values) + 1))
        return ClipEvents(tuple(names), bounds.astype(np.int64), events)

    def mirror(self, values: Any) -> Any:
        """Exchange left and right: values (..., E, K) for a clip with swapped channels.

        In all codings the second of three elements, y or azimuth, changes its sign.
        """
        return stack([values[..., 0, :], -values[..., 1, :], values[..., 2, :]], -2)

    def of_circle(self) -> Self:
        """Return the same coding for values with azimuths of the whole circle, as Ambisonic recordings give."""
        coding = copy.copy(self)
        coding.full_circle = True
        return coding

    def average(self, values: Sequence[Any]) -> Any:
        """Average several sets of values for the same clips (an ensemble, or the mirrored pass)."""
        return sum(values[1:], start=values[0]) / len(values)

    def _thresholds(self, thresholds: ArrayLike | None, default: float = 0.5) -> Array:
        """(K,) thresholds from one number, one per class, or the default."""
        given = np.asarray(default if thresholds is None else thresholds, dtype=np.float32)
        if given.shape not in ((), (self.class_count,)):
            raise ModelError(f"thresholds of shape {given.shape}; give one number or {self.class_count}")
        return np.broadcast_to(given, (self.class_count,))

    def _rows_within(self, tables: Sequence[Events], frame_count: int) -> tuple[NDArray[np.intp], Events]:
        """The clip of each row and all rows that lie within the clips, in the order they were given."""
        events = Events.concatenate(list(tables))
        clip = np.repeat(np.arange(len(tables)), [table.row_count for table in tables])
        beyond = events.class_index >= self.class_count
        if beyond.any():
            raise ModelError(
                f"class {events.class_index[beyond][0]} in the labels; this coding has 0..{self.class_count - 1}"
            )
        inside = events.frame < frame_count
        return clip[inside], events[inside]
