"""Every format that events can be written in, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from whence.errors import LabelError
from whence.files import written_whole
from whence.labels import annotation_programs as programs, marker_files
from whence.labels.classes import STARSS23, ClassList
from whence.labels.dcase import dcase_text
from whence.labels.events import Events
from whence.labels.json_lines import json_events_text, json_frames_text
from whence.labels.odas import odas_text
from whence.text import shown


@dataclass(frozen=True)
class LabelFormat:
    """One way to write events.

    Args:
        description: one line for a help text.
        writers: what is added to a clip's name -> the function that makes the text. For an ending with `<class>` it
            makes a text for each class that occurs, by the class's name.
        names_clip: whether the text holds the clip's name, which the functions then take as a third argument.
        needs_positions: whether every row needs a direction, which events of a mono sound do not have.
        names_microphones: whether the text has a place for them; the functions then take their name as `microphones`.
    """

    description: str
    writers: Mapping[str, Callable[..., str | dict[str, str]]]
    names_clip: bool = False
    needs_positions: bool = False
    names_microphones: bool = False

    @property
    def endings(self) -> tuple[str, ...]:
        """What is added to a clip's name."""
        return tuple(self.writers)

    def texts(
        self, events: Events, classes: ClassList, clip: str = "", microphones: str | None = None
    ) -> dict[str, str]:
        """The texts of the format's files by ending, for a clip of this name, recorded with these microphones.

        Raises:
            LabelError: the events do not fit the format, or have a class that is not in the list.
        """
        texts: dict[str, str] = {}
        more: dict[str, str | None] = {"microphones": microphones} if self.names_microphones else {}
        for ending, writer in self.writers.items():
            made = writer(events, classes, *([clip] if self.names_clip else []), **more)
            by_class = {"": made} if isinstance(made, str) else made
            texts |= {ending.replace("<class>", name): text for name, text in by_class.items()}
        return texts


FORMATS: dict[str, LabelFormat] = {
    "dcase": LabelFormat(
        "DCASE 2025 Task 3: a row for each frame and source",
        {".csv": lambda events, classes: dcase_text(events)},
        needs_positions=True,
    ),
    "audacity": LabelFormat("Audacity: one label track", {".txt": programs.audacity_text}),
    "audacity-by-class": LabelFormat(
        "Audacity: a label track for each class", {".<class>.txt": programs.audacity_texts_by_class}
    ),
    # The text is CSV, but a .csv beside the predictions would be taken for a clip's labels.
    "sonic-visualiser": LabelFormat(
        "Sonic Visualiser: CSV of a region and a time value layer",
        {
            ".regions.txt": programs.sonic_visualiser_regions_text,
            ".azimuth.txt": programs.sonic_visualiser_azimuth_text,
        },
        needs_positions=True,
    ),
    "elan": LabelFormat("ELAN: tab-delimited text, a tier for each class", {".elan.txt": programs.elan_text}),
    "jams": LabelFormat(
        "JAMS: open tags, and directions beside them", {".jams": programs.jams_text}, names_microphones=True
    ),
    "json": LabelFormat("JSON Lines: a line for each event", {".jsonl": json_events_text}, names_microphones=True),
    "json-frames": LabelFormat(
        "JSON Lines: a line for each frame and source", {".frames.jsonl": json_frames_text}, names_microphones=True
    ),
    "odas": LabelFormat(
        "ODAS: unit vectors frame by frame, x ahead, y to the left", {".odas.json": odas_text}, needs_positions=True
    ),
    "raven": LabelFormat("Raven: a selection table", {".selections.txt": marker_files.raven_text}),
    "praat": LabelFormat("Praat: a TextGrid with a tier for each class", {".TextGrid": marker_files.textgrid_text}),
    # Their programs list .csv files, but a .csv beside the predictions would be taken for a clip's labels.
    "reaper": LabelFormat("REAPER: a list of regions (CSV)", {".reaper.txt": marker_files.reaper_text}),
    "audition": LabelFormat("Adobe Audition: a list of markers", {".audition.txt": marker_files.audition_text}),
    "rttm": LabelFormat(
        "RTTM: classes and times without directions", {".rttm": marker_files.rttm_text}, names_clip=True
    ),
    "webvtt": LabelFormat("WebVTT: captions on the side of the sound", {".vtt": programs.webvtt_text}),
}


def write_events(
    path: str | Path,
    events: Events,
    format_name: str,
    classes: ClassList = STARSS23,
    microphones: str | None = None,
) -> list[Path]:
    """Write events in one of the formats, each file whole or not at all.

    Args:
        path: where to, without ending; an ending of the format is not doubled.
        events: any.
        format_name: a key of FORMATS.
        classes: names for the texts.
        microphones: name of what it was recorded with, for the formats that have a place for it.

    Returns:
        the files written. Some formats are several files; "audacity-by-class" is none where there are no events.

    Raises:
        LabelError: no such format, or the events do not fit it; nothing is written then.
        OSError: when the disk refuses.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> [file.name for file in write_events(folder / "street", Events.empty(), "sonic-visualiser")]
    ['street.regions.txt', 'street.azimuth.txt']
    """
    if format_name not in FORMATS:
        raise LabelError(f"no format {shown(format_name)}", remedy=f"there are: {', '.join(FORMATS)}")
    chosen = FORMATS[format_name]
    name = Path(path).name
    ending = next((ending for ending in chosen.endings if name.endswith(ending) and name != ending), "")
    stem = name.removesuffix(ending)
    texts = chosen.texts(events, classes, stem, microphones)
    targets = {Path(path).with_name(stem + added): text for added, text in texts.items()}
    for target, text in targets.items():
        with written_whole(target) as file:
            file.write(text.encode("utf-8"))
    return list(targets)
