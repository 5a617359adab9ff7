"""Events become a JAMS document: an open tag for each event, and its direction beside it."""

import json
import math
from typing import Any

from whence.labels.classes import ClassList
from whence.labels.event_text import CONVENTION, class_name
from whence.labels.events import Event, Events

# JAMS knows no namespace for directions, and its library refuses documents with an unknown one. So directions stand
# in "blob", which takes any value, and this schema of the values stands in the annotation's sandbox. Its form is that
# of a JAMS namespace: written to a file, `jams.schema.add_namespace` takes it.
SOUND_DIRECTION: dict[str, Any] = {
    "sound_direction": {
        "value": {
            "type": "object",
            "properties": {
                "class": {"type": "string"},
                "source": {"type": "integer"},
                "azimuth_deg": {"type": "number", "minimum": -180, "maximum": 180},
                "distance_m": {"type": ["number", "null"], "minimum": 0},
            },
            "required": ["class", "source", "azimuth_deg", "distance_m"],
        },
        "dense": False,
        "description": f"Which sound comes from where: {CONVENTION}; null where not known.",
    }
}


def jams_text(events: Events, classes: ClassList) -> str:
    """A JAMS document with two annotations: `tag_open` with the classes, `blob` with classes and places.

    Args:
        events: any.
        classes: names for the tags.

    Returns:
        JSON that follows the JAMS schema; the duration is the end of the last event.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [38]})
    >>> document = json.loads(jams_text(events, ClassList(("music",))))
    >>> [annotation["namespace"] for annotation in document["annotations"]]
    ['tag_open', 'blob']
    """
    whole = list(events)
    duration_s = max((event.offset_s for event in whole), default=0.0)
    tags = [_observation(event, class_name(event.class_index, classes)) for event in whole]
    places = [_observation(event, _place(event, classes)) for event in whole]
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
            _annotation("blob", places, duration_s, sandbox={"namespace": SOUND_DIRECTION}),
        ],
        "sandbox": {},
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


def _place(event: Event, classes: ClassList) -> dict[str, Any]:
    """What SOUND_DIRECTION describes."""
    return {
        "class": class_name(event.class_index, classes),
        "source": event.source,
        "azimuth_deg": round(event.azimuth_deg, 2),
        "distance_m": None if math.isnan(event.distance_m) else round(event.distance_m, 3),
    }
