"""Events become WebVTT captions that stand on the side of the picture where the sound comes from."""

import html

from whence.labels.classes import ClassList
from whence.labels.event_text import CONVENTION, event_text
from whence.labels.events import Event, Events

# Captions nearer to the edge would be squeezed: their width is twice the way to it.
_NEAREST_EDGE_PERCENT = 15


def webvtt_text(events: Events, classes: ClassList) -> str:
    """One caption for each event, by onset.

    Args:
        events: any.
        classes: names for the captions.

    Returns:
        the text of a `.vtt` file; names cannot bring in markup.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [90], "distance_m": [2]})
    >>> print(webvtt_text(events, ClassList(("music",))).splitlines()[4])
    00:00:00.400 --> 00:00:00.500 position:15%
    """
    cues = "".join(f"\n{_cue(event, classes)}\n" for event in events)
    return f"WEBVTT\n\nNOTE {CONVENTION}\n{cues}"


def _cue(event: Event, classes: ClassList) -> str:
    """Times, place on the screen, and text."""
    # Left on the screen is 0 %; what is behind stands on its side, too.
    across = max(-90.0, min(90.0, event.azimuth_deg))
    percent = round(50 - across / 90 * (50 - _NEAREST_EDGE_PERCENT))
    text = html.escape(event_text(event, classes), quote=False)
    return f"{_clock(event.onset_s)} --> {_clock(event.offset_s)} position:{percent}%\n{text}"


def _clock(time_s: float) -> str:
    """Hours, minutes, seconds and milliseconds."""
    milliseconds = round(time_s * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
