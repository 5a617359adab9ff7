"""Label files become events, and back."""

from whence.labels.classes import STARSS23, ClassList, read_class_list
from whence.labels.clips import ClipEvents
from whence.labels.dcase import dcase_text, read_dcase, read_dcase_files, read_dcase_folder, write_dcase
from whence.labels.errors import LabelError
from whence.labels.events import FRAME_S, Event, Events
from whence.labels.starss import read_starss, read_starss_files, read_starss_folder, to_stereo

__all__ = [
    "FRAME_S",
    "STARSS23",
    "ClassList",
    "ClipEvents",
    "Event",
    "Events",
    "LabelError",
    "dcase_text",
    "read_class_list",
    "read_dcase",
    "read_dcase_files",
    "read_dcase_folder",
    "read_starss",
    "read_starss_files",
    "read_starss_folder",
    "to_stereo",
    "write_dcase",
]
