"""What every coding can do: events -> targets, output against targets -> loss, output -> events."""

# B clip, L label frame (100 ms), K class, E element (activity, x, y, distance ...), N track

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import ModelError
from whence.labels import ClipEvents, Events

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float32]


class Coding(ABC):
    """The meaning of a network's output; encode, loss and decode live together because they must agree.

    Three kinds of numbers: `raw` is what the network gives, (B, L, output_size) without bounds; `values`
    are raw after `activate`, with the physical meaning that each coding states; a `target` is what
    `encode` makes. Networks of one coding are averaged as values. All but the loss works without torch.

    Args:
        class_count: K.
    """

    class_count: int

    @property
    @abstractmethod
    def output_size(self) -> int:
        """Numbers per label frame that the network must give."""

    @abstractmethod
    def encode(self, tables: Sequence[Events], frame_count: int) -> Array:
        """The targets of clips of `frame_count` label frames, (B, L, ...); rows beyond the last frame are left out.

        Raises:
            ModelError: a row has a class that this coding does not know.
        """

    @abstractmethod
    def activate(self, raw: Any) -> Any:
        """Raw output (B, L, output_size), array or tensor, as values."""

    @abstractmethod
    def loss_parts(self, raw: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
        """The weighted terms whose sum is the loss, by name; scalars in float32 whatever the network computes in."""

    @abstractmethod
    def mirror(self, values: Any) -> Any:
        """Values with left and right exchanged: what the network should say to a clip with swapped channels."""

    @abstractmethod
    def rows(self, values: Array, thresholds: ArrayLike | None = None) -> tuple[NDArray[np.intp], Events]:
        """Every active (frame, class, source) of a batch: the clip of each row, in order, and the rows."""

    def loss(self, raw: "Tensor", target: "Tensor") -> "Tensor":
        """The scalar to minimise."""
        parts = self.loss_parts(raw, target)
        return sum(parts.values(), start=raw.new_zeros((), dtype=next(iter(parts.values())).dtype))

    def decode(self, values: Array, thresholds: ArrayLike | None = None) -> list[Events]:
        """The events of each clip.

        Args:
            values: what `activate` gave for (B, L, output_size), as a NumPy array.
            thresholds: activity above which a class counts as active; one number or (K,). 0.5 if not given.

        Returns:
            one table per clip.
        """
        clip_of_row, events = self.rows(values, thresholds)
        bounds = np.searchsorted(clip_of_row, np.arange(len(values) + 1))
        return [events[first:end] for first, end in itertools.pairwise(bounds)]

    def decode_clips(self, values: Array, names: Sequence[str], thresholds: ArrayLike | None = None) -> ClipEvents:
        """The events of named clips end to end: the form that scoring works on."""
        clip_of_row, events = self.rows(values, thresholds)
        bounds = np.searchsorted(clip_of_row, np.arange(len(values) + 1))
        return ClipEvents(tuple(names), bounds.astype(np.int64), events)

    def average(self, values: Sequence[Any]) -> Any:
        """One set of values from several of the same clips (members of an ensemble, the mirrored pass)."""
        return sum(values[1:], start=values[0]) / len(values)

    def _thresholds(self, thresholds: ArrayLike | None) -> Array:
        """(K,) thresholds from one number, one per class, or the default."""
        given = np.asarray(0.5 if thresholds is None else thresholds, dtype=np.float32)
        if given.shape not in ((), (self.class_count,)):
            raise ModelError(f"thresholds of shape {given.shape}; give one number or {self.class_count}")
        return np.broadcast_to(given, (self.class_count,))

    def _placed_rows(self, tables: Sequence[Events], frame_count: int) -> tuple[NDArray[np.intp], Events]:
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
