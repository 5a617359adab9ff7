"""Events become the messages of ODAS source tracking: unit vectors frame by frame, as ODAS Studio draws them."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.errors import LabelError
from whence.labels.classes import ClassList, class_name
from whence.labels.events import Events
from whence.units import FRAMES_PER_SECOND

# ODAS tracks four sources and fills unused slots with number 0. More slots are written where more sources sound.
SLOTS = 4
# A day; a silent frame takes 300 bytes.
_MOST_FRAMES = 24 * 3600 * FRAMES_PER_SECOND
_EMPTY_SLOT = '        { "id": 0, "tag": "", "x": 0.000, "y": 0.000, "z": 0.000, "activity": 0.000 }'


def odas_text(events: Events, classes: ClassList) -> str:
    """Return one message for each label frame from 0 to the last, silent frames included.

    Axes as in ROS REP 103, which are those of our azimuths: x ahead, y to the left, z up, so
    x = cos(azimuth) cos(elevation), y = sin(azimuth) cos(elevation), z = sin(elevation). An unknown elevation
    counts as 0. `timeStamp` counts label frames of 100 ms, `activity` is the score, `tag` the class, and a
    source keeps its `id` for the whole file.

    Returns:
        JSON objects, one after the other, in the line layout of ODAS itself: ODAS Studio splits its
        stream at the lines between them, not by the rules of JSON.

    Raises:
        LabelError: a class that is not in the list, or an event later than a day.

    >>> events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [90]})
    >>> json.loads(odas_text(events, ClassList(("bell",))))["src"][0]
    {'id': 1, 'tag': 'bell', 'x': 0.0, 'y': 1.0, 'z': 0.0, 'activity': 1.0}
    """
    ordered = events.sorted()
    if ordered and ordered.frame[-1] >= _MOST_FRAMES:
        what = f"the last event is at {ordered.frame[-1] / FRAMES_PER_SECOND / 3600:.1f} hours"
        raise LabelError(what, remedy="ODAS files hold every frame, and at most a day is written; cut the recording")
    slots = odas_slots(ordered, _identities(ordered).tolist(), classes)
    frames = np.arange(ordered.frame[-1] + 1) if ordered else ordered.frame
    first = np.searchsorted(ordered.frame, frames, side="left").tolist()
    end = np.searchsorted(ordered.frame, frames, side="right").tolist()
    return "".join(odas_message(frame, slots[first[frame] : end[frame]]) for frame in frames.tolist())


def odas_message(frame: int, slots: Sequence[str]) -> str:
    """Return one message: the number of a 100 ms label frame and its sources, filled up with empty slots.

    Args:
        frame: from 0.
        slots: the text of each source, from `odas_slots`.

    >>> json.loads(odas_message(7, []))["timeStamp"]
    7
    """
    sources = ",\n".join([*slots, *[_EMPTY_SLOT] * (SLOTS - len(slots))])
    return f'{{\n    "timeStamp": {frame},\n    "src": [\n{sources}\n    ]\n}}\n'


def odas_slots(events: Events, identities: Sequence[int], classes: ClassList) -> list[str]:
    """Return the text of each row, as a slot of a message.

    Args:
        events: any.
        identities: (row,) the number from 1 that a source keeps.
        classes: names for the tags.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0]})
    >>> odas_slots(events, [3], ClassList(("bell",)))[0].strip()
    '{ "id": 3, "tag": "bell", "x": 1.000, "y": 0.000, "z": 0.000, "activity": 1.000 }'
    """
    names = {index: json.dumps(class_name(index, classes)) for index in set(events.class_index.tolist())}
    vectors = unit_vectors(events.azimuth_deg, events.elevation_deg).tolist()
    columns = (identities, events.class_index.tolist(), vectors, events.score.tolist())
    return [
        f'        {{ "id": {number}, "tag": {names[class_index]}, "x": {x:.3f}, "y": {y:.3f}, "z": {z:.3f}, '
        f'"activity": {score:.3f} }}'
        for number, class_index, (x, y, z), score in zip(*columns, strict=True)
    ]


def _identities(events: Events) -> NDArray[np.int64]:
    """(row,) a number from 1 for each (class, source)."""
    pairs = np.stack([events.class_index, events.source], axis=1)
    _, position = np.unique(pairs, axis=0, return_inverse=True)
    return np.asarray(position.reshape(-1) + 1, dtype=np.int64)


def unit_vectors(azimuth_deg: NDArray[np.float64], elevation_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return directions as vectors: x ahead, y to the left, z up.

    Args:
        azimuth_deg: (row,) positive to the left.
        elevation_deg: (row,) positive upwards; NaN counts as 0.

    Returns:
        (row, 3) rounded to three decimals.

    >>> unit_vectors(np.array([90.0]), np.array([np.nan]))
    array([[0., 1., 0.]])
    """
    azimuth = np.radians(azimuth_deg)
    elevation = np.radians(np.nan_to_num(elevation_deg))
    level = np.cos(elevation)
    vectors = np.stack([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)], axis=1)
    # The third decimal is the last one written, and -0.000 would look like a mistake.
    return np.asarray(np.round(vectors, 3) + 0.0)
