"""Label files become events, and back."""

from whence.errors import LabelError
from whence.labels.checking import Finding, check_clips, check_events
from whence.labels.classes import STARSS23, ClassList, read_class_list
from whence.labels.clips import ClipEvents
from whence.labels.dcase import dcase_text, read_dcase, read_dcase_files, read_dcase_folder, read_labels, write_dcase
from whence.labels.events import Event, Events
from whence.labels.formats import FORMATS, write_events
from whence.labels.json_reading import read_json_lines
from whence.labels.starss import read_starss, read_starss_files, read_starss_folder, to_stereo
from whence.units import FRAME_S

__all__ = [
    "FORMATS",
    "FRAME_S",
    "STARSS23",
    "ClassList",
    "ClipEvents",
    "Event",
    "Events",
    "Finding",
    "LabelError",
    "check_clips",
    "check_events",
    "dcase_text",
    "read_class_list",
    "read_dcase",
    "read_dcase_files",
    "read_dcase_folder",
    "read_json_lines",
    "read_labels",
    "read_starss",
    "read_starss_files",
    "read_starss_folder",
    "to_stereo",
    "write_dcase",
    "write_events",
]
