"""Label files of the earlier tasks (2020 to 2024), for sound from all around, and their projection to stereo."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from whence.errors import LabelError
from whence.labels.azimuth import fold_to_front
from whence.labels.classes import STARSS23, ClassList
from whence.labels.clips import ClipEvents
from whence.labels.events import Events, freeze
from whence.labels.integer_csv import clips_from_files
from whence.labels.label_files import read_files, read_tree
from whence.labels.layouts import EARLIER_LAYOUTS, Layout

TAU_NIGENS_2020 = ClassList(
    (
        "alarm",
        "crying baby",
        "crash",
        "barking dog",
        "running engine",
        "female scream",
        "female speech",
        "burning fire",
        "footsteps",
        "knocking on door",
        "male scream",
        "male speech",
        "ringing phone",
        "piano",
    )
)
TAU_NIGENS_2021 = ClassList(
    tuple(name for name in TAU_NIGENS_2020.names if name not in ("running engine", "burning fire"))
)

# The classes of each year's files; one index means another sound before 2022.
CLASSES = {
    "dcase2020": TAU_NIGENS_2020,
    "dcase2021": TAU_NIGENS_2021,
    "dcase2022": STARSS23,
    "dcase2023": STARSS23,
    "dcase2024": STARSS23,
}


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
    chosen = _layout(layout)
    return clips_from_files(read_files(paths), chosen, classes or CLASSES[layout])


def read_starss_folder(path: str | Path, layout: str, classes: ClassList | None = None) -> ClipEvents:
    """Read all label files of an earlier task under a folder or in a zip archive, in the order of the clip names.

    Raises:
        LabelError: as `read_starss`; nothing to read; two files with one clip name; an unsafe archive.
    """
    chosen = _layout(layout)
    return clips_from_files(read_tree(path, ".csv"), chosen, classes or CLASSES[layout])


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


def _layout(name: str) -> Layout:
    """The layout of that name."""
    if name not in EARLIER_LAYOUTS:
        hint = "; dcase2025 files have a header and are read without a layout" if name == "dcase2025" else ""
        raise LabelError(f"no layout {name!r}", remedy=f"there are: {', '.join(EARLIER_LAYOUTS)}{hint}")
    return EARLIER_LAYOUTS[name]
