"""The events table: which class is where in which 100 ms frame. All packages exchange this and nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import LabelError
from whence.labels.azimuth import wrap
from whence.units import FRAMES_PER_SECOND

_Number = TypeVar("_Number", bound=np.generic)

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
    """One class active without a gap at one source.

    Args:
        class_index: position in the class list.
        source: number that tells simultaneous sources of one class apart.
        onset_s: start, seconds from the start of the clip.
        offset_s: end, seconds; the last active frame is included.
        azimuth_deg: circular mean over its frames, positive to the left; NaN where not known.
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
    everything numeric works on the columns. Rows may be in any order, and readers keep the order
    of the file, because the official metric depends on it. Columns are read-only; a writable one is copied.

    Args:
        frame: (row,) int32, 100 ms label frame from 0.
        class_index: (row,) int32, position in the class list.
        source: (row,) int32, tells simultaneous sources of one class apart.
        azimuth_deg: (row,) float64, positive to the left, NaN where not known, as in mono.
        distance_m: (row,) float64, metres, NaN where not known.
        elevation_deg: (row,) float64, positive upwards, NaN where not known.
        score: (row,) float64, confidence 0..1; 1 for references.

    Raises:
        LabelError: columns of different length, a negative frame, class or distance, a fraction in a column of whole
            numbers, an infinite number, a score that is NaN.

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
            object.__setattr__(self, name, frozen_column(name, getattr(self, name), dtype))
        lengths = {name: len(getattr(self, name)) for name in _DTYPES}
        if len(set(lengths.values())) != 1:
            raise LabelError(f"the columns of an events table must be equally long, not {lengths}")
        for name in ("frame", "class_index", "distance_m"):
            self._refuse(name, getattr(self, name) < 0, "it cannot be negative")
        self._refuse("distance_m", np.isinf(self.distance_m), "it must be metres, or NaN where not known")
        self._refuse("azimuth_deg", np.isinf(self.azimuth_deg), "it must be an angle, or NaN where not known")
        self._refuse("elevation_deg", np.isinf(self.elevation_deg), "it must be an angle, or NaN where not known")
        self._refuse("score", ~np.isfinite(self.score), "it must be a number")

    def _refuse(self, name: str, wrong: NDArray[np.bool_], rule: str) -> None:
        """Name the first wrong row."""
        if wrong.any():
            row = int(np.argmax(wrong))
            raise LabelError(f"row {row}: {name} is {getattr(self, name)[row]}; {rule}")

    @classmethod
    def _of_checked(cls, columns: Iterable[NDArray[np.generic]]) -> Self:
        """A table of fresh columns, or views of checked ones, whose values need no further check."""
        table = object.__new__(cls)
        for name, column in zip(_DTYPES, columns, strict=True):
            object.__setattr__(table, name, freeze(column))
        return table

    @classmethod
    def from_columns(cls, columns: Mapping[str, ArrayLike]) -> Self:
        """Build a table from named columns; `frame`, `class_index` and `azimuth_deg` are required.

        The defaults of the others: source 0, distance and elevation NaN, score 1.

        Raises:
            LabelError: a required column is missing, a name is unknown, or a value breaks a rule.
        """
        unknown = set(columns) - set(_DTYPES)
        if unknown:
            raise LabelError(f"no column {min(unknown, key=str)!r} in an events table; there are: {', '.join(_DTYPES)}")
        for name in ("frame", "class_index", "azimuth_deg"):
            if name not in columns:
                raise LabelError(f"an events table needs the column {name!r}")
        frame = frozen_column("frame", columns["frame"], np.int32)
        defaults = {"source": 0, "distance_m": np.nan, "elevation_deg": np.nan, "score": 1.0}
        filled: dict[str, Any] = {n: freeze(np.full(len(frame), defaults[n], _DTYPES[n])) for n in defaults}
        return cls(**{**filled, **columns, "frame": frame})

    @classmethod
    def empty(cls) -> Self:
        """A table without rows."""
        return cls.from_columns({"frame": [], "class_index": [], "azimuth_deg": []})

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """All rows of the tables, one table after the other."""
        if not tables:
            return cls.empty()
        return cls._of_checked(np.concatenate([getattr(table, name) for table in tables]) for name in _DTYPES)

    def to_columns(self) -> dict[str, NDArray[np.generic]]:
        """The columns by name, read-only; `pandas.DataFrame(events.to_columns())` works."""
        return {name: getattr(self, name) for name in _DTYPES}

    @property
    def row_count(self) -> int:
        """The number of rows, that is of active (frame, source) pairs."""
        return len(self.frame)

    def __bool__(self) -> bool:
        return self.row_count > 0

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.integer] | Sequence[int]) -> Self:
        """The rows chosen by a slice, a mask or row numbers, as a table."""
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.ndim != 1:
                raise TypeError("choose rows with a slice, a mask or an array; iterate to get events")
            rows = rows if rows.size else rows.astype(np.intp)
        return self._of_checked(getattr(self, name)[rows] for name in _DTYPES)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Events):
            return NotImplemented
        return all(np.array_equal(getattr(self, n), getattr(other, n), equal_nan=True) for n in _DTYPES)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.generic], ...]]:
        """Pickle and copy through the constructor: NumPy itself would bring the columns back writable."""
        return type(self), tuple(getattr(self, name) for name in _DTYPES)

    def between(self, first_frame: int, end_frame: int) -> Self:
        """The rows with first_frame <= frame < end_frame; frame numbers stay.

        >>> table = Events.from_columns({"frame": [0, 49, 50], "class_index": [0] * 3, "azimuth_deg": [0] * 3})
        >>> table.between(49, 99).shifted(-49).frame
        array([0, 1], dtype=int32)
        """
        return self[(self.frame >= first_frame) & (self.frame < end_frame)]

    def shifted(self, frames: int) -> Self:
        """The events later by `frames` (earlier if negative).

        Raises:
            LabelError: if a row would be before frame 0.
        """
        return replace(self, frame=frozen_column("frame", self.frame.astype(np.int64) + frames, np.int32))

    def mirrored(self) -> Self:
        """The events with left and right exchanged, as if the two channels were swapped.

        >>> Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [30]}).mirrored().azimuth_deg
        array([-30.])
        """
        # 0 - x and not -x: straight ahead stays 0.0 and never becomes -0.0.
        return replace(self, azimuth_deg=freeze(0.0 - self.azimuth_deg))

    def without_positions(self) -> Self:
        """The events with directions and distances unknown, as those of a mono sound are."""
        unknown = freeze(np.full(self.row_count, np.nan))
        return replace(self, azimuth_deg=unknown, distance_m=unknown, elevation_deg=unknown)

    def rotated(self, angle_deg: float) -> Self:
        """The events turned to the left by `angle_deg`; azimuths are wrapped to [-180, 180), not folded.

        Raises:
            LabelError: if the angle is NaN or infinite.
        """
        return replace(self, azimuth_deg=freeze(wrap(self.azimuth_deg + angle_deg)))

    def sorted(self) -> Self:
        """Rows by frame, then class, then source; equal ones keep their order."""
        return self[np.lexsort((self.source, self.class_index, self.frame))]

    def __iter__(self) -> Iterator[Event]:
        """Yield whole events by onset, then class, then source."""
        if not self:
            return
        order = np.lexsort((self.frame, self.source, self.class_index))
        rows = self[order]
        # Two rows of one source in one frame belong to the same run, hence "more than 1".
        starts = np.flatnonzero(
            (np.diff(rows.class_index, prepend=-1) != 0)
            | (np.diff(rows.source, prepend=0) != 0)
            | (np.diff(rows.frame, prepend=0) > 1)
        )
        last = np.append(starts[1:], len(order)) - 1
        azimuth = np.radians(rows.azimuth_deg)
        mean_azimuth_deg = np.degrees(
            np.arctan2(*(_run_means(part, starts) for part in (np.sin(azimuth), np.cos(azimuth))))
        )
        # Dividing by 10 gives the double nearest to the decimal number, multiplying by 0.1 does not.
        columns = (
            rows.class_index[starts],
            rows.source[starts],
            rows.frame[starts] / FRAMES_PER_SECOND,
            (rows.frame[last] + 1.0) / FRAMES_PER_SECOND,
            mean_azimuth_deg,
            _run_means(rows.distance_m, starts),
            _run_means(rows.score, starts),
        )
        by_onset = np.lexsort((columns[1], columns[0], columns[2]))
        yield from map(Event, *(column[by_onset].tolist() for column in columns))


def _run_means(values: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """The mean of each run of rows."""
    lengths = np.diff(np.append(starts, len(values)))
    return np.asarray(np.add.reduceat(values, starts) / lengths)


def frozen_column(name: str, values: ArrayLike, dtype: type[_Number]) -> NDArray[_Number]:
    """Turn (row,) numbers of any kind into a read-only column of `dtype`, copying only what can still be changed.

    A view of the caller's array would change with it, so a table would not be immutable; an array that
    is read-only down to its owner is shared, which keeps slices and readers free of copies.

    Raises:
        LabelError: not one number for each row, or for an integer column a value that is not a whole number of 32 bits.

    >>> frozen_column("frame", [0.0, 1.0], np.int32)
    array([0, 1], dtype=int32)
    """
    try:
        given: NDArray[Any] = np.asarray(values)
        given = given.astype(np.float64) if given.dtype == object else given
    except (TypeError, ValueError, OverflowError) as error:
        raise LabelError(f"{name} must hold numbers only ({error})") from None
    if given.dtype.kind not in "biuf":
        raise LabelError(f"{name} must hold numbers only, not {given.dtype.name}")
    if given.ndim != 1:
        raise LabelError(f"{name} must be a list with one number for each row, not of shape {given.shape}")
    if given.dtype == dtype:
        return given if _is_read_only(given) else freeze(given.copy())
    with np.errstate(invalid="ignore", over="ignore"):
        column = given.astype(dtype)
    if np.dtype(dtype).kind == "i" and (column != given).any():
        row = int(np.argmax(column != given))
        raise LabelError(f"row {row}: {name} is {given[row]}; it must be a whole number of at most 32 bits")
    return freeze(column)


def freeze(array: NDArray[_Number]) -> NDArray[_Number]:
    """Make a fresh array read-only."""
    array.flags.writeable = False
    return array


def _is_read_only(array: NDArray[np.generic]) -> bool:
    """Whether neither the array nor any array that it is a view of is writable."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    # Bytes never change; a memory map or a foreign buffer might.
    return owner is None or isinstance(owner, bytes)
