"""Label files of DCASE Task 3 become events: those of 2025, which are also written, and those of 2020 to 2024.

The earlier ones are for sound from all around; `to_stereo` projects them to what a stereo pair records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.files import written_whole
from whence.labels.azimuth import fold_to_front
from whence.labels.classes import STARSS23, TAU_NIGENS_2020, TAU_NIGENS_2021, ClassList
from whence.labels.clips import ClipEvents
from whence.labels.events import Events, freeze
from whence.labels.integer_csv import clips_from_files
from whence.labels.label_files import read_files, read_tree
from whence.labels.layouts import DCASE_2025, EARLIER_LAYOUTS, Layout
from whence.text import shown

HEADER = DCASE_2025.header_line.decode()
_LARGEST = 2**31 - 1
# The classes of each year's files; one index means another sound before 2022.
CLASSES = {
    "dcase2020": TAU_NIGENS_2020,
    "dcase2021": TAU_NIGENS_2021,
    "dcase2022": STARSS23,
    "dcase2023": STARSS23,
    "dcase2024": STARSS23,
}


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


def read_named_files(
    paths: Mapping[str, Path], layout: str = "dcase2025", classes: ClassList | None = None
) -> ClipEvents:
    """Read label files of any year under clip names of the caller's, where two files may have the same name.

    Args:
        paths: by clip name.
        layout: "dcase2025" or an earlier one.
        classes: the list that the class column points into; by default that of the layout's year.

    Raises:
        LabelError: as `read_dcase` or `read_starss`.
    """
    chosen = (DCASE_2025, classes or STARSS23) if layout == "dcase2025" else _earlier_layout(layout, classes)
    return clips_from_files(read_files(list(paths.values()), list(paths)), *chosen)


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


def read_labels(path: Path, classes: ClassList = STARSS23) -> ClipEvents:
    """Read a folder, a zip, or one CSV file in the DCASE 2025 layout.

    Raises:
        WhenceError: nothing is there, or a file breaks the layout (the message names file and line).
    """
    return read_dcase_files([path], classes) if path.suffix.lower() == ".csv" else read_dcase_folder(path, classes)


def read_starss(path: str | Path, layout: str, classes: ClassList | None = None) -> Events:
    """Read one label file of an earlier task: no header, azimuth and elevation, from 2023 on a distance.

    The layout is required, because a row of one year is often a valid row of another.

    Args:
        path: a CSV file of whole numbers; an empty file is a clip without events.
        layout: "dcase2020", "dcase2021", "dcase2022", "dcase2023" or "dcase2024".
        classes: the list that the class column points into; by default that of the layout's year.

    Returns:
        events with azimuths in [-180, 180] and elevations; distances in metres, or NaN before 2023.

    Raises:
        LabelError: no such layout, the file cannot be read, or file and line, the value and what to do.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("70,9,1,-97,-20,155")
    >>> read_starss(path, "dcase2023").distance_m
    array([1.55])
    """
    return read_starss_files([path], layout, classes).events


def read_starss_files(paths: Sequence[str | Path], layout: str, classes: ClassList | None = None) -> ClipEvents:
    """Read several label files of an earlier task, in the given order.

    Raises:
        LabelError: as `read_starss`, or two files with one clip name.
    """
    chosen = _earlier_layout(layout, classes)
    return clips_from_files(read_files(paths), *chosen)


def read_starss_folder(path: str | Path, layout: str, classes: ClassList | None = None) -> ClipEvents:
    """Read all label files of an earlier task under a folder or in a zip archive, in the order of the clip names.

    Raises:
        LabelError: as `read_starss`; nothing to read; two files with one clip name; an unsafe archive.
    """
    chosen = _earlier_layout(layout, classes)
    return clips_from_files(read_tree(path, ".csv"), *chosen)


def to_stereo(events: Events, viewing_angle_deg: float) -> Events:
    """Return the events as a stereo pair that faces `viewing_angle_deg` records them: turned and folded to the front.

    The angle is added, as the stereo clips of DCASE 2025 were made: a source at 0 degrees appears at 30
    when the viewing angle is 30. Elevation is dropped, distance is kept.

    Args:
        events: with azimuths from all around.
        viewing_angle_deg: any number of turns.

    Returns:
        the same rows, azimuths in [-90, 90], elevation NaN.

    Raises:
        LabelError: if the angle is NaN or infinite.

    Source: DCASE 2025 Task 3 stereo data generator.

    >>> recording = Events.from_columns({"frame": [100, 170], "class_index": [0, 0], "azimuth_deg": [100, -20]})
    >>> clip = to_stereo(recording.between(100, 150).shifted(-100), viewing_angle_deg=30)
    >>> clip.frame, clip.azimuth_deg
    (array([0], dtype=int32), array([50.]))
    """
    if not np.isfinite(viewing_angle_deg):
        raise LabelError(f"viewing angle {viewing_angle_deg} is not an angle in degrees")
    return replace(
        events,
        azimuth_deg=freeze(fold_to_front(events.azimuth_deg + viewing_angle_deg)),
        elevation_deg=freeze(np.full(events.row_count, np.nan)),
    )


def _earlier_layout(name: str, classes: ClassList | None) -> tuple[Layout, ClassList]:
    """The layout of that name, and its classes where no others are given."""
    if name not in EARLIER_LAYOUTS:
        hint = "; dcase2025 files have a header and are read without a layout" if name == "dcase2025" else ""
        raise LabelError(f"no layout {name!r}", remedy=f"there are: {', '.join(EARLIER_LAYOUTS)}{hint}")
    return EARLIER_LAYOUTS[name], classes or CLASSES[name]


def dcase_text(events: Events) -> str:
    """Return the text of a DCASE 2025 label file.

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
    unknown = np.isnan(events.azimuth_deg)
    if unknown.any():
        what = f"row {int(np.argmax(unknown))}: no direction is known"
        raise LabelError(what, remedy="this format needs one for every row")
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
