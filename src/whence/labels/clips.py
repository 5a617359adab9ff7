"""The events of many clips in one table, as folders of label files are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.labels.events import Events, frozen_column


@dataclass(frozen=True, eq=False)
class ClipEvents:
    """Events of many clips, stored end to end so that whole corpora are scored without a loop over clips.

    Args:
        names: (clip,) unique clip names, without folder and ending.
        first_row: (clip + 1,) int64; rows first_row[i] up to first_row[i + 1] belong to clip i.
        events: all rows.

    Raises:
        LabelError: if a name appears twice or the row numbers do not fit the table.

    >>> clips = ClipEvents.from_mapping({"a": Events.empty(), "b": Events.empty()})
    >>> clips.names, clips["b"].row_count
    (('a', 'b'), 0)
    """

    names: tuple[str, ...]
    first_row: NDArray[np.int64]
    events: Events
    _position: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        first_row = frozen_column("first_row", self.first_row, np.int64)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "first_row", first_row)
        object.__setattr__(self, "_position", {name: position for position, name in enumerate(self.names)})
        if len(self._position) != len(self.names):
            repeated = next(name for i, name in enumerate(self.names) if self._position[name] != i)
            raise LabelError(f"clip name {repeated!r} appears twice")
        if (
            len(first_row) != len(self.names) + 1
            or (first_row[0], first_row[-1]) != (0, self.events.row_count)
            or (np.diff(first_row) < 0).any()
        ):
            raise LabelError("first_row must climb from 0 to the number of rows, with one entry more than clips")

    @classmethod
    def from_mapping(cls, tables: Mapping[str, Events]) -> Self:
        """Store one table per clip name end to end, in the order of the mapping."""
        counts = [table.row_count for table in tables.values()]
        return cls(tuple(tables), np.cumsum([0, *counts]), Events.concatenate(list(tables.values())))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[str, ...], NDArray[np.int64], Events]]:
        """Pickle and copy through the constructor, so that the numbers stay read-only."""
        return type(self), (self.names, self.first_row, self.events)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._position

    def __getitem__(self, name: str) -> Events:
        """The events of one clip."""
        position = self._position[name]
        return self.events[self.first_row[position] : self.first_row[position + 1]]

    def clip_of_row(self) -> NDArray[np.int64]:
        """(row,) int64: the position of each row's clip in `names`."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.first_row))

    def select(self, names: Sequence[str]) -> Self:
        """Return the named clips in the given order.

        Raises:
            LabelError: if a name is not among the clips or is asked for twice.

        >>> clips = ClipEvents.from_mapping({"a": Events.empty(), "b": Events.empty()})
        >>> clips.select(["b"]).names
        ('b',)
        """
        unknown = next((name for name in names if name not in self), None)
        if unknown is not None:
            raise LabelError(f"no clip {unknown!r} among the {len(self)} read")
        chosen = np.array([self._position[name] for name in names], dtype=np.int64)
        counts = np.diff(self.first_row)[chosen]
        first_row = np.append(0, np.cumsum(counts))
        # Row k of the result is row k of its clip, counted from where that clip starts here and there.
        rows = np.arange(first_row[-1]) + np.repeat(self.first_row[chosen] - first_row[:-1], counts)
        return type(self)(tuple(names), first_row, self.events[rows])
