"""Every format that events can be written in, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from whence.errors import LabelError
from whence.files import written_whole
from whence.labels.audacity import audacity_text, audacity_texts_by_class
from whence.labels.classes import STARSS23, ClassList
from whence.labels.dcase import dcase_text
from whence.labels.elan import elan_text
from whence.labels.events import Events
from whence.labels.jams import jams_text
from whence.labels.json_lines import json_events_text, json_frames_text
from whence.labels.odas import odas_text
from whence.labels.sonic_visualiser import azimuth_text, regions_text
from whence.labels.webvtt import webvtt_text
from whence.text import shown


class LabelFormat(NamedTuple):
    """One way to write events down."""

    texts: Callable[[Events, ClassList], dict[str, str]]
    """The files of the format: their endings and their texts."""
    endings: tuple[str, ...]
    """What is added to a clip's name; `<class>` stands for a class's name."""
    description: str
    """One line for people."""


def _dcase(events: Events, classes: ClassList) -> dict[str, str]:
    return {".csv": dcase_text(events)}


def _audacity(events: Events, classes: ClassList) -> dict[str, str]:
    return {".txt": audacity_text(events, classes)}


def _audacity_by_class(events: Events, classes: ClassList) -> dict[str, str]:
    return {f".{name}.txt": text for name, text in audacity_texts_by_class(events, classes).items()}


def _sonic_visualiser(events: Events, classes: ClassList) -> dict[str, str]:
    # The text is CSV, but a .csv beside the predictions would be taken for a clip's labels.
    return {".regions.txt": regions_text(events, classes), ".azimuth.txt": azimuth_text(events, classes)}


def _elan(events: Events, classes: ClassList) -> dict[str, str]:
    return {".elan.txt": elan_text(events, classes)}


def _jams(events: Events, classes: ClassList) -> dict[str, str]:
    return {".jams": jams_text(events, classes)}


def _json(events: Events, classes: ClassList) -> dict[str, str]:
    return {".jsonl": json_events_text(events, classes)}


def _json_frames(events: Events, classes: ClassList) -> dict[str, str]:
    return {".frames.jsonl": json_frames_text(events, classes)}


def _odas(events: Events, classes: ClassList) -> dict[str, str]:
    return {".odas.json": odas_text(events, classes)}


def _webvtt(events: Events, classes: ClassList) -> dict[str, str]:
    return {".vtt": webvtt_text(events, classes)}


FORMATS: dict[str, LabelFormat] = {
    "dcase": LabelFormat(_dcase, (".csv",), "DCASE 2025 Task 3: a row for each frame and source"),
    "audacity": LabelFormat(_audacity, (".txt",), "Audacity: one label track"),
    "audacity-by-class": LabelFormat(_audacity_by_class, (".<class>.txt",), "Audacity: a label track for each class"),
    "sonic-visualiser": LabelFormat(
        _sonic_visualiser, (".regions.txt", ".azimuth.txt"), "Sonic Visualiser: CSV of a region and a time value layer"
    ),
    "elan": LabelFormat(_elan, (".elan.txt",), "ELAN: tab-delimited text, a tier for each class"),
    "jams": LabelFormat(_jams, (".jams",), "JAMS: open tags, and directions beside them"),
    "json": LabelFormat(_json, (".jsonl",), "JSON Lines: a line for each event"),
    "json-frames": LabelFormat(_json_frames, (".frames.jsonl",), "JSON Lines: a line for each frame and source"),
    "odas": LabelFormat(_odas, (".odas.json",), "ODAS: unit vectors frame by frame, x ahead, y to the left"),
    "webvtt": LabelFormat(_webvtt, (".vtt",), "WebVTT: captions on the side of the sound"),
}


def write_events(path: str | Path, events: Events, format_name: str, classes: ClassList = STARSS23) -> list[Path]:
    """Write events in one of the formats, each file whole or not at all.

    Args:
        path: where to, without ending; an ending of the format may stand there and is not doubled.
        events: any.
        format_name: a key of FORMATS.
        classes: names for the texts.

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
        raise LabelError(f"no format {shown(format_name)}; there are: {', '.join(FORMATS)}")
    chosen = FORMATS[format_name]
    texts = chosen.texts(events, classes)
    name = Path(path).name
    ending = next((ending for ending in chosen.endings if name.endswith(ending) and name != ending), "")
    targets = {Path(path).with_name(name.removesuffix(ending) + added): text for added, text in texts.items()}
    for target, text in targets.items():
        with written_whole(target) as file:
            file.write(text.encode("utf-8"))
    return list(targets)
