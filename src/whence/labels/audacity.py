"""Events become Audacity label tracks: tab-separated start, end and text, in seconds."""

import re
from collections.abc import Iterable

from whence.labels.classes import ClassList
from whence.labels.event_text import class_name, event_text
from whence.labels.events import Event, Events
from whence.text import safe_cell


def audacity_text(events: Events, classes: ClassList) -> str:
    r"""One label track with all events, by onset.

    Args:
        events: any.
        classes: names for the texts.

    Returns:
        one line for each event; import it with File > Import > Labels.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns(
    ...     {"frame": [4, 5], "class_index": [0, 0], "azimuth_deg": [38, 38], "distance_m": [2, 2]})
    >>> audacity_text(events, ClassList(("music",)))
    '0.400000\t0.600000\tmusic 38L 2.0m\n'
    """
    return _track(events, classes)


def audacity_texts_by_class(events: Events, classes: ClassList) -> dict[str, str]:
    """One label track for each class that occurs, since Audacity draws overlapping labels over each other.

    Returns:
        the class's name, made fit for a file name -> the text of its track, in the order of the class list.

    Raises:
        LabelError: a class that is not in the list.

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
        name = _file_part(class_name(class_index, classes))
        # Two names may differ only in letters that cannot stand in a file name, or that some systems take as equal.
        while name.casefold() in taken:
            name = f"{name}-{class_index}"
        taken.add(name.casefold())
        texts[name] = _track(tracks[class_index], classes)
    return texts


def _track(events: Iterable[Event], classes: ClassList) -> str:
    """The lines of one track; Audacity writes six decimals itself."""
    return "".join(
        f"{event.onset_s:.6f}\t{event.offset_s:.6f}\t{safe_cell(event_text(event, classes))}\n" for event in events
    )


def _file_part(name: str) -> str:
    """The name in letters, digits and dashes, and never long."""
    return re.sub(r"[^\w]+", "-", name).strip("-")[:60] or "class"
