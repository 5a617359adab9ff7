from .azimuth import fold_to_front as fold_to_front, wrap as wrap
from .checking import Finding as Finding, Severity as Severity, check_clips as check_clips, check_events as check_events
from .classes import (
    STARSS23 as STARSS23,
    ClassList as ClassList,
    class_name as class_name,
    read_class_list as read_class_list,
)
from .clips import ClipEvents as ClipEvents
from .dcase import (
    dcase_text as dcase_text,
    read_dcase as read_dcase,
    read_dcase_files as read_dcase_files,
    read_dcase_folder as read_dcase_folder,
    read_labels as read_labels,
    read_named_files as read_named_files,
    read_starss as read_starss,
    read_starss_files as read_starss_files,
    read_starss_folder as read_starss_folder,
    to_stereo as to_stereo,
    write_dcase as write_dcase,
)
from .detections import Detection as Detection, Detections as Detections
from .events import Event as Event, Events as Events
from .formats import FORMATS as FORMATS, write_events as write_events
from .integer_csv import clips_from_files as clips_from_files, parse_exactly as parse_exactly
from .json_lines import (
    json_events_text as json_events_text,
    json_frames_text as json_frames_text,
    read_json_lines as read_json_lines,
)
from .label_files import (
    FAILURE_COLUMNS as FAILURE_COLUMNS,
    LabelFile as LabelFile,
    find_files as find_files,
    is_failure_list as is_failure_list,
    read_tree as read_tree,
)
from .label_set import LabelSet as LabelSet
from .layouts import DCASE_2025 as DCASE_2025, Layout as Layout
from .odas import SLOTS as SLOTS, odas_message as odas_message, odas_slots as odas_slots, unit_vectors as unit_vectors
