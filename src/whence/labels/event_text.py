"""An event in a few words, as label tracks show it: `music 38L 2.0m`."""

import math

from whence.errors import LabelError
from whence.labels.classes import ClassList
from whence.labels.events import Event
from whence.text import one_line

# Files in which a comment can stand say this in it.
CONVENTION = "azimuth in degrees, 0 ahead, positive (L) to the left, negative (R) to the right; distance in metres"


def class_name(class_index: int, classes: ClassList) -> str:
    """The name of a class in one line.

    Raises:
        LabelError: the list has no such class.
    """
    if class_index >= len(classes):
        raise LabelError(f"class {class_index}; this class list has 0..{len(classes) - 1}")
    return one_line(classes[class_index])


def side(azimuth_deg: float) -> str:
    """Whole degrees and the side.

    >>> side(38.2), side(-27.0), side(0.3)
    ('38L', '27R', '0')
    """
    whole = round(azimuth_deg)
    return f"{abs(whole)}{'L' if whole > 0 else 'R' if whole < 0 else ''}"


def event_text(event: Event, classes: ClassList) -> str:
    """Class, direction and, where known, distance.

    >>> event_text(Event(0, 0, 0.0, 0.2, 38.2, 2.04, 1.0), ClassList(("music",)))
    'music 38L 2.0m'
    """
    distance = "" if math.isnan(event.distance_m) else f" {event.distance_m:.1f}m"
    return f"{class_name(event.class_index, classes)} {side(event.azimuth_deg)}{distance}"
