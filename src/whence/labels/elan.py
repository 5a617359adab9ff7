"""Events become tab-delimited text that ELAN imports: tier, begin, end, annotation."""

from whence.labels.classes import ClassList
from whence.labels.event_text import class_name, event_text
from whence.labels.events import Event, Events
from whence.text import safe_cell


def elan_text(events: Events, classes: ClassList) -> str:
    r"""One line for each event; a class has as many tiers as its events overlap.

    Annotations of one ELAN tier cannot overlap, so a second source of a class goes to the tier "music 2".

    Args:
        events: any.
        classes: names for tiers and texts.

    Returns:
        tab-separated tier, begin and end in seconds, annotation, without a header line; import it with
        File > Import > CSV / Tab-delimited Text File.

    Raises:
        LabelError: a class that is not in the list.

    >>> events = Events.from_columns(
    ...     {"frame": [0, 0], "class_index": [0, 0], "source": [0, 1], "azimuth_deg": [38, -38]})
    >>> elan_text(events, ClassList(("music",)))
    'music\t0.000\t0.100\tmusic 38L\nmusic 2\t0.000\t0.100\tmusic 38R\n'
    """
    lines = []
    lane_ends: dict[int, list[float]] = {}
    for event in events:
        lane = _free_lane(lane_ends.setdefault(event.class_index, []), event)
        name = safe_cell(class_name(event.class_index, classes))
        tier = f"{name} {lane + 1}" if lane else name
        text = safe_cell(event_text(event, classes))
        lines.append(f"{tier}\t{event.onset_s:.3f}\t{event.offset_s:.3f}\t{text}\n")
    return "".join(lines)


def _free_lane(ends_s: list[float], event: Event) -> int:
    """The first lane that is free at the event's onset, now taken until its offset."""
    lane = next((lane for lane, end_s in enumerate(ends_s) if end_s <= event.onset_s), len(ends_s))
    ends_s[lane : lane + 1] = [event.offset_s]
    return lane
