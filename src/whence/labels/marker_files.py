"""Events become regions, markers and tiers of other programs: Raven, Praat, REAPER, Audition and RTTM.

Every function takes events and the class list that names them, and raises a LabelError for a class that is not in
the list. Foreign names cannot bring in line breaks or formulas.
"""

import csv
import io
import math
import re

from whence.labels.annotation_programs import event_text
from whence.labels.classes import ClassList, class_name
from whence.labels.events import Event, Events
from whence.text import one_line, safe_cell
from whence.units import SAMPLE_RATE_HZ


def raven_text(events: Events, classes: ClassList) -> str:
    r"""Return a selection table of Raven: a selection for each event over the whole range of frequencies.

    Open it with File > Open Sound Selection Table. Azimuths are in degrees, positive to the left.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38], "score": [0.5]})
    >>> raven_text(events, ClassList(("music",))).splitlines()[1].split("\t")[3:8]
    ['0.400', '0.500', '0.0', '12000.0', 'music']
    """
    header = ("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)")
    lines = ["\t".join((*header, "Class", "Azimuth (deg)", "Distance (m)", "Score"))]
    for number, event in enumerate(events, 1):
        distance = "" if math.isnan(event.distance_m) else f"{event.distance_m:.2f}"
        azimuth = "" if math.isnan(event.azimuth_deg) else f"{event.azimuth_deg:.1f}"
        where = (f"{event.onset_s:.3f}", f"{event.offset_s:.3f}", "0.0", f"{SAMPLE_RATE_HZ / 2}")
        name = safe_cell(class_name(event.class_index, classes))
        cells = (str(number), "Spectrogram 1", "1", *where, name, azimuth, distance)
        lines.append("\t".join((*cells, f"{event.score:.2f}")))
    return "\n".join(lines) + "\n"


def textgrid_text(events: Events, classes: ClassList) -> str:
    """Return a TextGrid of Praat with an interval tier for each class.

    Intervals of a tier cannot overlap, so a second source of a class goes to the tier "music 2". The grid ends with the
    last event.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> [line.strip() for line in textgrid_text(events, ClassList(("music",))).splitlines() if "text" in line]
    ['text = ""', 'text = "music 38L"']
    """
    end_s = max((event.offset_s for event in events), default=0.0)
    tiers: dict[str, list[Event]] = {}
    for event in events:
        name, number = one_line(class_name(event.class_index, classes)), 1
        while (tier := tiers.setdefault(f"{name} {number}" if number > 1 else name, [])) and (
            tier[-1].offset_s > event.onset_s
        ):
            number += 1
        tier.append(event)
    span = f"xmin = 0\nxmax = {end_s:.3f}\n"
    text = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n{span}'
    if not tiers:
        return text + "tiers? <absent>\n"
    text += f"tiers? <exists>\nsize = {len(tiers)}\nitem []:\n"
    for number, name in enumerate(sorted(tiers), 1):
        intervals = _covering(tiers[name], classes, end_s)
        text += f'    item [{number}]:\n        class = "IntervalTier"\n        name = {_quoted(name)}\n'
        text += f"        xmin = 0\n        xmax = {end_s:.3f}\n        intervals: size = {len(intervals)}\n"
        for place, (first_s, last_s, label) in enumerate(intervals, 1):
            text += f"        intervals [{place}]:\n            xmin = {first_s:.3f}\n            xmax = {last_s:.3f}\n"
            text += f"            text = {_quoted(label)}\n"
    return text


def _covering(events: list[Event], classes: ClassList, end_s: float) -> list[tuple[float, float, str]]:
    """Intervals (start, end, label) without gaps from 0 to the end: Praat knows no others."""
    intervals, now_s = [], 0.0
    for event in events:
        if event.onset_s > now_s:
            intervals.append((now_s, event.onset_s, ""))
        intervals.append((event.onset_s, event.offset_s, one_line(event_text(event, classes))))
        now_s = event.offset_s
    return [*intervals, (now_s, end_s, "")] if now_s < end_s else intervals


def _quoted(text: str) -> str:
    """A string of a TextGrid, in which a quotation mark is doubled."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def reaper_text(events: Events, classes: ClassList) -> str:
    """Return a list of regions of REAPER, for "Import regions/markers" in its Region/Marker Manager.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> reaper_text(events, ClassList(("music",))).splitlines()
    ['#,Name,Start,End,Length', 'R1,music 38L,0:00.400,0:00.500,0:00.100']
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("#", "Name", "Start", "End", "Length"))
    for number, event in enumerate(events, 1):
        times = (_minutes(time_s) for time_s in (event.onset_s, event.offset_s, event.offset_s - event.onset_s))
        writer.writerow((f"R{number}", safe_cell(event_text(event, classes)), *times))
    return text.getvalue()


def audition_text(events: Events, classes: ClassList) -> str:
    r"""Return a list of markers of Adobe Audition, for "Import Markers from File" in its Markers panel.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> audition_text(events, ClassList(("music",))).splitlines()[1]
    'music 38L\t0:00.400\t0:00.100\tdecimal\tCue\t'
    """
    lines = ["Name\tStart\tDuration\tTime Format\tType\tDescription"]
    for event in events:
        start, duration = _minutes(event.onset_s), _minutes(event.offset_s - event.onset_s)
        lines.append(f"{safe_cell(event_text(event, classes))}\t{start}\t{duration}\tdecimal\tCue\t")
    return "\n".join(lines) + "\n"


def _minutes(time_s: float) -> str:
    """Minutes, seconds and milliseconds; from an hour on with hours in front."""
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours}:{minutes:02}:{seconds:02}.{milliseconds:03}" if hours else f"{minutes}:{seconds:02}.{milliseconds:03}"
    )


def rttm_text(events: Events, classes: ClassList, clip: str) -> str:
    r"""Return Rich Transcription Time Marked lines; each class stands where a speaker's name would.

    Directions have no field in this format and are left out. Names may hold no spaces there.

    >>> events = Events.from_columns({"frame": [4], "class_index": [0], "azimuth_deg": [38]})
    >>> rttm_text(events, ClassList(("water tap",)), "street")
    'SPEAKER street 1 0.400 0.100 <NA> <NA> water_tap 1.000 <NA>\n'
    """
    lines = []
    for event in events:
        duration_s, name = event.offset_s - event.onset_s, _one_word(class_name(event.class_index, classes))
        times = f"{event.onset_s:.3f} {duration_s:.3f}"
        lines.append(f"SPEAKER {_one_word(clip)} 1 {times} <NA> <NA> {name} {event.score:.3f} <NA>\n")
    return "".join(lines)


def _one_word(text: str) -> str:
    """The text without spaces."""
    return re.sub(r"\s+", "_", one_line(text)) or "<NA>"
