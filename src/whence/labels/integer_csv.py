"""The family of label files made of whole numbers and commas: a layout says what the columns mean."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.labels.classes import ClassList
from whence.labels.clips import ClipEvents
from whence.labels.columns import freeze
from whence.labels.events import Events
from whence.labels.exact_integers import parse_exactly
from whence.labels.fast_integers import parse_integer_rows
from whence.labels.label_files import LabelFile
from whence.labels.layouts import Layout

_BOM = b"\xef\xbb\xbf"


def clips_from_files(files: Sequence[LabelFile], layout: Layout, classes: ClassList) -> ClipEvents:
    """Parse label files of one layout into one table, keeping the order of files and rows.

    All files are parsed at once by the fast parser. Only where it finds something odd, which is rare, the
    files are halved until the odd one is alone, and the exact parser accepts it or names the line.

    Raises:
        LabelError: `file:line`, the value and what to do.
    """
    layout = layout.with_class_count(len(classes))
    numbers, rows = _parse(files, layout) if files else (np.empty((len(layout.columns), 0), np.int32), [])
    first_row = np.append(0, np.cumsum(rows, dtype=np.int64))
    return ClipEvents(tuple(file.name for file in files), freeze(first_row), _events(numbers, layout))


def _parse(files: Sequence[LabelFile], layout: Layout) -> tuple[NDArray[np.int32], list[int]]:
    """The numbers of all files, (column, row), and each file's number of rows."""
    header_line = layout.header_line
    bodies = [_body(file.content, header_line) for file in files]
    regular = [body for body in bodies if body is not None]
    if len(regular) == len(files):
        numbers = parse_integer_rows(b"".join(regular), layout.signed)
        if numbers is not None and layout.allows(numbers):
            return numbers, [body.count(b"\n") for body in regular]
    if len(files) == 1:
        exact = parse_exactly(files[0], layout)
        return exact, [exact.shape[1]]
    middle = len(files) // 2
    left, right = _parse(files[:middle], layout), _parse(files[middle:], layout)
    return np.concatenate([left[0], right[0]], axis=1), left[1] + right[1]


def _body(content: bytes, header_line: bytes) -> bytes | None:
    """The rows of a file, each ended by a newline, or None if the header is not exactly as it should be."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    content = content.removeprefix(_BOM)
    if header_line:
        end = len(header_line)
        if not content.startswith(header_line) or content[end : end + 1] not in (b"\n", b""):
            return None
        content = content[end + 1 :]
    if content.endswith(b"\n") and not content.endswith(b"\n\n"):
        return content
    content = content.rstrip(b"\n")
    return content and content + b"\n"


def _events(numbers: NDArray[np.int32], layout: Layout) -> Events:
    """The columns under their names and in their units."""
    column = {name: freeze(numbers)[position] for position, name in enumerate(layout.names)}
    measured = {"azimuth_deg": column["azimuth"].astype(np.float64)}
    if "elevation" in column:
        measured["elevation_deg"] = column["elevation"].astype(np.float64)
    if "distance" in column:
        # Files hold centimetres; division gives the double nearest to the metres that are meant.
        measured["distance_m"] = column["distance"] / 100.0
    return Events.from_columns(
        {
            "frame": column["frame"],
            "class_index": column["class"],
            "source": column["source"],
            **{name: freeze(values) for name, values in measured.items()},
        }
    )
