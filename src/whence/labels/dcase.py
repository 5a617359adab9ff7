"""DCASE 2025 Task 3 label files, read and written: one row for each active (frame, source)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.files import written_whole
from whence.labels.classes import STARSS23, ClassList
from whence.labels.clips import ClipEvents
from whence.labels.events import Events
from whence.labels.integer_csv import clips_from_files
from whence.labels.label_files import read_files, read_tree
from whence.labels.layouts import DCASE_2025
from whence.text import shown

HEADER = DCASE_2025.header_line.decode()
_LARGEST = 2**31 - 1


def read_dcase(path: str | Path, classes: ClassList = STARSS23) -> Events:
    r"""Read one DCASE 2025 label file.

    Rows keep the order of the file and duplicates stay, because the official metric depends on both.
    Any whole azimuth is accepted, since the metric folds it; distances become metres.

    Args:
        path: a CSV file with the header `frame,class,source,azimuth,distance,onscreen` and whole numbers.
        classes: the list that the class column points into.

    Raises:
        LabelError: the file cannot be read, or file and line, the value and what to do.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text(HEADER + "\n0,8,0,-38,200,0\n1,8,0,-39,205,0\n")
    >>> events = read_dcase(path)
    >>> events.azimuth_deg, events.distance_m
    (array([-38., -39.]), array([2.  , 2.05]))
    """
    return read_dcase_files([path], classes).events


def read_dcase_files(paths: Sequence[str | Path], classes: ClassList = STARSS23) -> ClipEvents:
    """Read several label files, in the given order; a clip's name is its file's name without the ending.

    Raises:
        LabelError: as `read_dcase`, or two files with one clip name.
    """
    return clips_from_files(read_files(paths), DCASE_2025, classes)


def read_dcase_folder(path: str | Path, classes: ClassList = STARSS23) -> ClipEvents:
    """Read all label files under a folder or in a zip archive, in the order of the clip names.

    Folders are searched to any depth (`dev-test-sony/`, `dev-test-tau/`). Hidden files are left out, and a line in
    the log says so. An archive is never unpacked.

    Args:
        path: a folder or a `.zip` file.
        classes: the list that the class column points into.

    Raises:
        LabelError: as `read_dcase`; nothing to read; two files with one clip name; an unsafe archive.
    """
    return clips_from_files(read_tree(path, ".csv"), DCASE_2025, classes)


def dcase_text(events: Events) -> str:
    """The text of a DCASE 2025 label file.

    Azimuth and centimetres are rounded to whole numbers, halves to even as Python's `round` does;
    `onscreen` is 0. Reading the text gives the rounded table back, in the same order.

    Raises:
        LabelError: a distance is not known, or a number is too large for the file.

    >>> print(dcase_text(Events.from_columns(
    ...     {"frame": [3], "class_index": [8], "azimuth_deg": [37.5], "distance_m": [2.004]})), end="")
    frame,class,source,azimuth,distance,onscreen
    3,8,0,38,200,0
    """
    unknown = np.isnan(events.distance_m)
    if unknown.any():
        row = int(np.argmax(unknown))
        raise LabelError(f"row {row}: no distance is known", remedy="this format needs one for every row")
    columns = (
        events.frame,
        events.class_index,
        events.source,
        _rounded("azimuth_deg", events.azimuth_deg),
        _rounded("distance_m", events.distance_m * 100.0),
    )
    numbers = np.stack(columns, axis=1)
    # All numbers are formatted at once; row by row it takes seven times as long.
    rows = "%d,%d,%d,%d,%d,0\n" * events.row_count
    return f"{HEADER}\n{rows % tuple(numbers.ravel().tolist())}"


def write_dcase(path: str | Path, events: Events) -> None:
    """Write a DCASE 2025 label file, whole or not at all.

    Raises:
        LabelError: as `dcase_text`; nothing is written then.
        OSError: when the disk refuses.
    """
    text = dcase_text(events)
    with written_whole(Path(path)) as file:
        file.write(text.encode("ascii"))


def _rounded(name: str, values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Whole numbers, halves to even."""
    rounded = np.rint(values)
    too_large = np.abs(rounded) > _LARGEST
    if too_large.any():
        row = int(np.argmax(too_large))
        raise LabelError(f"row {row}: {name} {shown(values[row])} is too large to be written")
    return rounded.astype(np.int32)


def read_labels(path: Path, classes: ClassList = STARSS23) -> ClipEvents:
    """Read a folder, a zip, or one CSV file in the DCASE 2025 layout.

    Raises:
        WhenceError: nothing is there, or a file breaks the layout (the message names file and line).
    """
    return read_dcase_files([path], classes) if path.suffix.lower() == ".csv" else read_dcase_folder(path, classes)
