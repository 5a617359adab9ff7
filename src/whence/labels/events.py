"""The events table: which class is where in which 100 ms frame. Every room exchanges this and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.labels.azimuth import wrap
from whence.labels.errors import LabelError

FRAME_S = 0.1  # one label frame

# What a column holds where a format does not say: no place is invented.
_DTYPES = {
    "frame": np.int32,
    "class_index": np.int32,
    "source": np.int32,
    "azimuth_deg": np.float64,
    "distance_m": np.float64,
    "elevation_deg": np.float64,
    "score": np.float64,
}


@dataclass(frozen=True)
class Event:
    """One class active without a gap at one source: what a person calls an event.

    Args:
        class_index: position in the class list.
        source: number that tells simultaneous sources of one class apart.
        onset_s: start, seconds from the start of the clip.
        offset_s: end, seconds; the last active frame is included.
        azimuth_deg: circular mean over its frames, positive to the left.
        distance_m: mean over its frames, metres; NaN where not known.
        score: mean confidence, 0..1.
    """

    class_index: int
    source: int
    onset_s: float
    offset_s: float
    azimuth_deg: float
    distance_m: float
    score: float


@dataclass(frozen=True, eq=False)
class Events:
    """An immutable columnar table with one row for each active (frame, source).

    Iterating yields whole `Event`s (runs of consecutive frames), since that is what people read;
    everything numeric works on the columns. Rows may stand in any order, and readers keep the order
    of the file, because the official metric depends on it.

    Args:
        frame: (row,) int32, 100 ms label frame from 0.
        class_index: (row,) int32, position in the class list.
        source: (row,) int32, tells simultaneous sources of one class apart.
        azimuth_deg: (row,) float64, positive to the left.
        distance_m: (row,) float64, metres, NaN where not known.
        elevation_deg: (row,) float64, positive upwards, NaN where not known.
        score: (row,) float64, confidence 0..1; 1 for references.

    Raises:
        LabelError: columns of different length, a negative frame, class or distance, an azimuth that is no angle.

    >>> table = Events.from_columns({"frame": [0, 1, 5], "class_index": [8, 8, 8], "azimuth_deg": [30, 32, -10]})
    >>> [(event.onset_s, event.offset_s, round(event.azimuth_deg)) for event in table]
    [(0.0, 0.2, 31), (0.5, 0.6, -10)]
    """

    frame: NDArray[np.int32]
    class_index: NDArray[np.int32]
    source: NDArray[np.int32]
    azimuth_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    elevation_deg: NDArray[np.float64]
    score: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            # A view of our own: the caller's array stays writable, ours is not.
            column = np.asarray(getattr(self, name), dtype=dtype).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        shapes = {name: getattr(self, name).shape for name in _DTYPES}
        if len(set(shapes.values())) != 1 or self.frame.ndim != 1:
            raise LabelError(f"columns of an events table must be equally long lists, not {shapes}")
        for name in ("frame", "class_index", "distance_m"):
            column = getattr(self, name)
            if (column < 0).any():
                row = int(np.argmax(column < 0))
                raise LabelError(f"row {row}: {name} is {column[row]}; it cannot be negative")
        if not np.isfinite(self.azimuth_deg).all():
            row = int(np.argmin(np.isfinite(self.azimuth_deg)))
            raise LabelError(f"row {row}: azimuth_deg is {self.azimuth_deg[row]}; it must be an angle in degrees")

    @classmethod
    def from_columns(cls, columns: Mapping[str, ArrayLike]) -> Self:
        """Build a table from named columns; `frame`, `class_index` and `azimuth_deg` are required.

        What is left out means "not said": source 0, distance and elevation NaN, score 1.

        Raises:
            LabelError: a required column is missing, a name is unknown, or a value breaks a rule.
        """
        unknown = set(columns) - set(_DTYPES)
        if unknown:
            raise LabelError(f"no column {sorted(unknown)[0]!r} in an events table; there are: {', '.join(_DTYPES)}")
        for name in ("frame", "class_index", "azimuth_deg"):
            if name not in columns:
                raise LabelError(f"an events table needs the column {name!r}")
        rows = np.asarray(columns["frame"]).shape
        not_said = {"source": 0, "distance_m": np.nan, "elevation_deg": np.nan, "score": 1.0}
        filled = {name: np.full(rows, value) for name, value in not_said.items() if name not in columns}
        try:
            return cls(**{name: np.asarray(column, _DTYPES[name]) for name, column in {**columns, **filled}.items()})
        except (TypeError, ValueError) as error:
            if isinstance(error, LabelError):
                raise
            raise LabelError(f"an events table holds numbers only ({error})") from None

    @classmethod
    def empty(cls) -> Self:
        """A table without rows: silence, or nothing found."""
        return cls.from_columns({"frame": [], "class_index": [], "azimuth_deg": []})

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """All rows of the tables, one table after the other."""
        if not tables:
            return cls.empty()
        return cls(*(np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(cls)))

    def to_columns(self) -> dict[str, NDArray[np.generic]]:
        """The columns by name, read-only; `pandas.DataFrame(events.to_columns())` works."""
        return {name: getattr(self, name) for name in _DTYPES}

    @property
    def row_count(self) -> int:
        """How many rows, that is active (frame, source) pairs."""
        return len(self.frame)

    def __bool__(self) -> bool:
        return self.row_count > 0

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.integer]) -> Self:
        """The rows chosen by a slice, a mask or row numbers, as a table."""
        if isinstance(rows, SupportsIndex) and np.ndim(rows) == 0:
            raise TypeError("choose rows with a slice, a mask or an array; iterate to get events")
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Events):
            return NotImplemented
        return all(np.array_equal(getattr(self, n), getattr(other, n), equal_nan=True) for n in _DTYPES)

    __hash__ = None  # type: ignore[assignment]

    def between(self, first_frame: int, end_frame: int) -> Self:
        """The rows with first_frame <= frame < end_frame; frame numbers stay."""
        return self[(self.frame >= first_frame) & (self.frame < end_frame)]

    def shifted(self, frames: int) -> Self:
        """The same events later by `frames` (earlier if negative).

        Raises:
            LabelError: if a row would come to lie before frame 0.
        """
        return replace(self, frame=self.frame + frames)

    def mirrored(self) -> Self:
        """Left and right exchanged: what swapping the two channels does to the truth."""
        return replace(self, azimuth_deg=-self.azimuth_deg)

    def rotated(self, angle_deg: float) -> Self:
        """Turned to the left by `angle_deg`; azimuths are wrapped to [-180, 180), not folded."""
        return replace(self, azimuth_deg=wrap(self.azimuth_deg + angle_deg))

    def sorted(self) -> Self:
        """Rows by frame, then class, then source; equal ones keep their order."""
        return self[np.lexsort((self.source, self.class_index, self.frame))]

    def __iter__(self) -> Iterator[Event]:
        """Yield whole events by onset, then class, then source."""
        order = np.lexsort((self.frame, self.source, self.class_index))
        frame, class_index, source = self.frame[order], self.class_index[order], self.source[order]
        starts = np.ones(len(order), dtype=bool)
        # Two rows of one source in one frame belong to the same run, hence "at most 1".
        starts[1:] = (np.diff(class_index) != 0) | (np.diff(source) != 0) | (np.diff(frame) > 1)
        runs = np.split(order, np.flatnonzero(starts)[1:]) if len(order) else []
        yield from sorted(map(self._event_of, runs), key=lambda e: (e.onset_s, e.class_index, e.source))

    def _event_of(self, rows: NDArray[np.intp]) -> Event:
        """The event made of rows in frame order."""
        azimuth = np.radians(self.azimuth_deg[rows])
        return Event(
            class_index=int(self.class_index[rows[0]]),
            source=int(self.source[rows[0]]),
            onset_s=round(float(self.frame[rows[0]]) * FRAME_S, 1),
            offset_s=round(float(self.frame[rows[-1]] + 1) * FRAME_S, 1),
            azimuth_deg=float(np.degrees(np.arctan2(np.sin(azimuth).mean(), np.cos(azimuth).mean()))),
            distance_m=float(self.distance_m[rows].mean()),
            score=float(self.score[rows].mean()),
        )
