"""What the columns of a label file mean and which values they may hold."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whence.units import FRAMES_PER_SECOND

_LARGEST = 2**31 - 1
# A week. What is beyond counts samples or milliseconds, and would have tables by the frame take gigabytes.
LAST_FRAME = 7 * 24 * 3600 * FRAMES_PER_SECOND - 1


@dataclass(frozen=True)
class Column:
    """One column of whole numbers.

    Args:
        name: as a header would write it.
        lowest: smallest value allowed.
        highest: largest value allowed.
        unit: for messages: "not a whole number of ...".
    """

    name: str
    lowest: int = -_LARGEST
    highest: int = _LARGEST
    unit: str = ""


@dataclass(frozen=True)
class Layout:
    """The columns of a family of label files.

    Args:
        name: as a user chooses it.
        columns: in the order of the file.
        has_header: whether the first line names the columns.

    >>> DCASE_2025.header_line
    b'frame,class,source,azimuth,distance,onscreen'
    """

    name: str
    columns: tuple[Column, ...]
    has_header: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def header_line(self) -> bytes:
        """The first line, without its end; empty where there is none."""
        return ",".join(self.names).encode() if self.has_header else b""

    @property
    def signed(self) -> tuple[bool, ...]:
        """Which columns may hold negative numbers."""
        return tuple(column.lowest < 0 for column in self.columns)

    def with_class_count(self, count: int) -> "Layout":
        """The same layout for a list of `count` classes."""
        columns = (replace(column, highest=count - 1) if column.name == "class" else column for column in self.columns)
        return replace(self, columns=tuple(columns))

    def allows(self, numbers: NDArray[np.int32]) -> bool:
        """Whether every number of a (column, row) table lies within its column's limits."""
        if not numbers.shape[1]:
            return True
        return all(
            column.lowest <= values.min() and values.max() <= column.highest
            for column, values in zip(self.columns, numbers, strict=True)
        )


_FRAME = Column("frame", lowest=0, highest=LAST_FRAME, unit="frames of 100 ms")
_CLASS = Column("class", lowest=0)
_SOURCE = Column("source")
_ANY_AZIMUTH = Column("azimuth", unit="degrees")
_AZIMUTH = Column("azimuth", lowest=-180, highest=180, unit="degrees")
_ELEVATION = Column("elevation", lowest=-90, highest=90, unit="degrees")
_DISTANCE = Column("distance", lowest=0, unit="centimetres")
_ONSCREEN = Column("onscreen")

# Stereo clips. The official scorer folds any azimuth to the front, so none is refused.
DCASE_2025 = Layout("dcase2025", (_FRAME, _CLASS, _SOURCE, _ANY_AZIMUTH, _DISTANCE, _ONSCREEN), has_header=True)

# Sound from all around: no header line, and an elevation. 2020 to 2022 have the same columns but other classes.
_WITHOUT_DISTANCE = (_FRAME, _CLASS, _SOURCE, _AZIMUTH, _ELEVATION)
EARLIER_LAYOUTS = {
    "dcase2020": Layout("dcase2020", _WITHOUT_DISTANCE),
    "dcase2021": Layout("dcase2021", _WITHOUT_DISTANCE),
    "dcase2022": Layout("dcase2022", _WITHOUT_DISTANCE),
    "dcase2023": Layout("dcase2023", (*_WITHOUT_DISTANCE, _DISTANCE)),
    "dcase2024": Layout("dcase2024", (*_WITHOUT_DISTANCE, _DISTANCE)),
}
