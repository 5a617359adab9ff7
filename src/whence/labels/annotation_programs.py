"""Events become files of annotation programs: Audacity, ELAN, Sonic Visualiser, JAMS and WebVTT.

Every function takes events and the class list that names them, and raises a LabelError for a class that is not in
the list. Foreign names cannot bring in line breaks, formulas or markup.
"""

import csv
import html
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from whence.labels.classes import ClassList, class_name
from whence.labels.events import Event, Events
from whence.text import safe_cell
from whence.units import FRAMES_PER_SECOND

# Files in which a comment can be written carry this one.
CONVENTION = "azimuth in degrees, 0 ahead, positive (L) to the left, negative (R) to the right; distance in metres"

# JAMS knows no namespace for directions, and its library refuses documents with an unknown one. So directions are
# in "blob", which takes any value, and this schema of the values is in the annotation's sandbox. Its form is that
# of a JAMS namespace: written to a file, `jams.schema.add_namespace` takes it.
SOUND_DIRECTION: dict[str, Any] = {
    "sound_direction": {
        "value": {
            "type": "object",
            "properties": {
                "class": {"type": "string"},
                "source": {"type": "integer"},
                "azimuth_deg": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
                "distance_m": {"type": ["number", "null"], "minimum": 0},
            },
            "required": ["class", "source", "azimuth_deg", "distance_m"],
        },
        "dense": False,
        "description": f"Which sound comes from where: {CONVENTION}; null where not known.",
    }
}
# WebVTT captions nearer to the edge would be squeezed: their width is twice the way to it.
_NEAREST_EDGE_PERCENT = 15


def side(azimuth_deg: float) -> str:
    """Return whole degrees and the side; nothing where the direction is not known.

    >>> side(38.2), side(-27.0), side(0.3), side(math.nan)
    ('38L', '27R', '0', '')
    """
    if math.isnan(azimuth_deg):
        return ""
    whole = round(azimuth_deg)
    return f"{abs(whole)}{'L' if whole > 0 else 'R' if whole < 0 else ''}"


def event_text(event: Event, classes: ClassList) -> str:
    """Return class, direction and, where known, distance, as label tracks show them.

    >>> event_text(Event(0, 0, 0.0, 0.2, 38.2, 2.04, 1.0), ClassList(("music",)))
    'music 38L 2.0m'
    """
    distance = "" if math.isnan(event.distance_m) else f"{event.distance_m:.1f}m"
    parts = (class_name(event.class_index, classes), side(event.azimuth_deg), distance)
    return " ".join(part for part in parts if part)


def audacity_text(events: Iterable[Event], classes: ClassList) -> str:
    r"""Return an Audacity label track: tab-separated start and end in seconds and text, by onset.

    Import it with File > Import > Labels.

    >>> events = Events.from_columns(
    ...     {"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 38], "distance_m": [2, 2]})
    >>> audacity_text(events, ClassList(("music",)))
    '0.400000\t0.600000\tmusic 38L 2.0m\n'
    """
    # Audacity writes six decimals itself.
    return "".join(
        f"{event.onset_s:.6f}\t{event.offset_s:.6f}\t{safe_cell(event_text(event, classes))}\n" for event in events
    )


def audacity_texts_by_class(events: Events, classes: ClassList) -> dict[str, str]:
    """Return a label track for each class that occurs, since Audacity draws overlapping labels over each other.

    Returns:
        the class's name, made fit for a file name -> the text of its track, in the order of the class list.

    >>> events = Events.from_columns({"frame": [0, 0], "class_index": [1, 0], "azimuth_deg": [0, 0]})
    >>> list(audacity_texts_by_class(events, ClassList(("dog", "door, closing"))))
    ['dog', 'door-closing']
    """
    tracks: dict[int, list[Event]] = {}
    for event in events:
        tracks.setdefault(event.class_index, []).append(event)
    texts: dict[str, str] = {}
    taken: set[str] = set()
    for class_index in sorted(tracks):
        name = re.sub(r"[^\w]+", "-", class_name(class_index, classes)).strip("-")[:60] or "class"
        # Two names may differ only in letters that a file name cannot hold, or that some systems take as equal.
        while name.casefold() in taken:
            name = f"{name}-{class_index}"
        taken.add(name.casefold())
        texts[name] = audacity_text(tracks[class_index], classes)
    return texts


def elan_text(events: Events, classes: ClassList) -> str:
    r"""Return tab-separated tier, begin and end in seconds, annotation, without a header line.

    Annotations of one ELAN tier cannot overlap, so a second source of a class goes to the tier "music 2".
    Import it with File > Import > CSV / Tab-delimited Text File.

    >>> events = Events.from_columns(
    ...     {"frame": [0, 0], "class_index": [0, 0], "source": [0, 1], "azimuth_deg": [38, -38]})
    >>> elan_text(events, ClassList(("music",)))
    'music\t0.000\t0.100\tmusic 38L\nmusic 2\t0.000\t0.100\tmusic 38R\n'
    """
    lines = []
    tier_ends_s: dict[int, list[float]] = {}
    for event in events:
        ends_s = tier_ends_s.setdefault(event.class_index, [])
        tier = next((tier for tier, end_s in enumerate(ends_s) if end_s <= event.onset_s), len(ends_s))
        ends_s[tier : tier + 1] = [event.offset_s]
        name = safe_cell(class_name(event.class_index, classes)) + (f" {tier + 1}" if tier else "")
        lines.append(f"{name}\t{event.onset_s:.3f}\t{event.offset_s:.3f}\t{safe_cell(event_text(event, classes))}\n")
    return "".join(lines)


def sonic_visualiser_regions_text(events: Events, classes: ClassList) -> str:
    """Return CSV for a region layer of Sonic Visualiser: start, azimuth (the height), duration, text.

    >>> events = Events.from_columns({"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 38]})
    >>> print(sonic_visualiser_regions_text(events, ClassList(("music",))).splitlines()[1])
    0.4,38.0,0.2,music 38L
    """
    rows = (
        (
            f"{event.onset_s:.1f}",
            f"{event.azimuth_deg:.1f}",
            f"{event.offset_s - event.onset_s:.1f}",
            safe_cell(event_text(event, classes)),
        )
        for event in events
    )
    return _csv("start s, azimuth, duration s, label", rows)


def sonic_visualiser_azimuth_text(events: Events, classes: ClassList) -> str:
    """Return CSV for a time value layer of Sonic Visualiser: a point for each row at the start of its frame.

    Several sources are best drawn with the plot type "points".

    >>> events = Events.from_columns({"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 39]})
    >>> sonic_visualiser_azimuth_text(events, ClassList(("music",))).splitlines()[1:]
    ['0.4,38.0,music', '0.5,39.0,music']
    """
    ordered = events.sorted()
    names = {index: safe_cell(class_name(index, classes)) for index in set(ordered.class_index.tolist())}
    columns = (ordered.frame.tolist(), ordered.azimuth_deg.tolist(), ordered.class_index.tolist())
    rows = (
        (f"{frame / FRAMES_PER_SECOND:.1f}", f"{azimuth_deg:.1f}", names[class_index])
        for frame, azimuth_deg, class_index in zip(*columns, strict=True)
    )
    return _csv("time s, azimuth, label", rows)


def _csv(columns: str, rows: Iterable[Sequence[str]]) -> str:
    """The rows under a comment line, which Sonic Visualiser skips."""
    text = io.StringIO()
    text.write(f"# {columns}; {CONVENTION}\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def jams_text(events: Events, classes: ClassList, microphones: str | None = None) -> str:
    """Return a JAMS document with two annotations: `tag_open` with the classes, `blob` with classes and directions.

    Returns:
        JSON that follows the JAMS schema; the duration is the end of the last event. The name of the microphones is in
        the sandbox, where it is given.

    >>> events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [38]})
    >>> document = json.loads(jams_text(events, ClassList(("music",))))
    >>> [annotation["namespace"] for annotation in document["annotations"]]
    ['tag_open', 'blob']
    """
    whole = list(events)
    duration_s = max((event.offset_s for event in whole), default=0.0)
    tags = [_observation(event, class_name(event.class_index, classes)) for event in whole]
    directions = [_observation(event, _direction(event, classes)) for event in whole]
    document = {
        "file_metadata": {
            "title": "",
            "artist": "",
            "release": "",
            "duration": duration_s,
            "identifiers": {},
            "jams_version": "0.3.4",
        },
        "annotations": [
            _annotation("tag_open", tags, duration_s, sandbox={}),
            _annotation("blob", directions, duration_s, sandbox={"namespace": SOUND_DIRECTION}),
        ],
        "sandbox": {} if microphones is None else {"microphones": microphones},
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _annotation(
    namespace: str, data: list[dict[str, Any]], duration_s: float, sandbox: dict[str, Any]
) -> dict[str, Any]:
    """One annotation of the whole file."""
    return {
        "namespace": namespace,
        "annotation_metadata": {"annotation_tools": "whence", "annotation_rules": CONVENTION},
        "data": data,
        "sandbox": sandbox,
        "time": 0.0,
        "duration": duration_s,
    }


def _observation(event: Event, value: object) -> dict[str, Any]:
    """One observation with the times of an event."""
    duration_s = round(event.offset_s - event.onset_s, 3)
    return {"time": event.onset_s, "duration": duration_s, "value": value, "confidence": event.score}


def _direction(event: Event, classes: ClassList) -> dict[str, Any]:
    """What SOUND_DIRECTION describes."""
    return {
        "class": class_name(event.class_index, classes),
        "source": event.source,
        "azimuth_deg": None if math.isnan(event.azimuth_deg) else round(event.azimuth_deg, 2),
        "distance_m": None if math.isnan(event.distance_m) else round(event.distance_m, 3),
    }


def webvtt_text(events: Events, classes: ClassList) -> str:
    """Return a WebVTT caption for each event, on the side of the picture where the sound comes from.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [90], "distance_m": [2]})
    >>> print(webvtt_text(events, ClassList(("music",))).splitlines()[4])
    00:00:00.400 --> 00:00:00.500 position:15%
    """
    cues = "".join(f"\n{_cue(event, classes)}\n" for event in events)
    return f"WEBVTT\n\nNOTE {CONVENTION}\n{cues}"


def _cue(event: Event, classes: ClassList) -> str:
    """Times, position on the screen, and text."""
    # Left on the screen is 0 %; a source behind is shown on its side, too.
    across = 0.0 if math.isnan(event.azimuth_deg) else max(-90.0, min(90.0, event.azimuth_deg))
    percent = round(50 - across / 90 * (50 - _NEAREST_EDGE_PERCENT))
    text = html.escape(event_text(event, classes), quote=False)
    return f"{_clock(event.onset_s)} --> {_clock(event.offset_s)} position:{percent}%\n{text}"


def _clock(time_s: float) -> str:
    """Hours, minutes, seconds and milliseconds."""
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
