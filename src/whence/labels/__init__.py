"""Label files become events, and back."""

from whence.labels.classes import STARSS23, ClassList, read_class_list
from whence.labels.clips import ClipEvents
from whence.labels.errors import LabelError
from whence.labels.events import FRAME_S, Event, Events

__all__ = ["FRAME_S", "STARSS23", "ClassList", "ClipEvents", "Event", "Events", "LabelError", "read_class_list"]
