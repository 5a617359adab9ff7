"""One of the worst clips on the page: play it, see it, read its events, open its label files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import WhenceError
from whence.labels import dcase_text, json_frames_text
from whence.text import counted, shown
from whence.views.report.markup import Child, Markup, element, join
from whence.views.report.sounds import LONGEST_S, Heard, make_ready
from whence.views.report.tables import chart, numbers
from whence.views.report.timeline import legend, timeline
from whence.views.tables import metres

if TYPE_CHECKING:
    from whence.labels import ClassList, Events
    from whence.views.report.ranking import WorstClip

# More events than this nobody reads on a page; the label file has them all.
_MOST_EVENTS = 100


def clip_section(
    rank: int,
    worst: WorstClip,
    events: tuple[Events, Events | None],
    sound: Path | None,
    folder: Path,
    classes: ClassList,
) -> tuple[Markup, str]:
    """Write the files of a clip and the part of the page that shows it.

    Args:
        rank: 1 for the worst; the files are called by it, never by the clip.
        worst: the clip.
        events: reference and prediction; None where there is no prediction file.
        sound: where its sound lies, if it is known.
        folder: of the report.
        classes: names.

    Returns:
        the section, and a sentence if the sound could not be used, else nothing.
    """
    reference, prediction = events
    stem, files = f"{rank:03d}", folder / "clips"
    heard, failure = _heard(sound, files / stem)
    name = shown(worst.name)
    present = sorted({index for table in events if table is not None for index in table.class_index.tolist()})
    kinds = (
        f"{worst.mistakes:,} mistakes: {worst.missed:,} missed, {worst.false_alarms:,} invented, "
        f"{worst.misplaced:,} misplaced, of {counted(worst.references, 'reference row')}."
    )
    links = [_link(stem, "reference", reference, files, classes)]
    links.append(Markup(", "))
    links.append(
        _link(stem, "prediction", prediction, files, classes)
        if prediction is not None
        else element("span", "no prediction file")
    )
    figure = timeline(
        name, reference, reference[:0] if prediction is None else prediction, worst.mistakes_by_frame, heard,
        f"clips/{stem}.png",
    )  # fmt: skip
    section = element(
        "article",
        element("h3", f"{rank}. {name}"),
        element("p", f"{kinds} Labels: ", *links),
        _player(heard, failure, stem, name),
        chart(f"events of {name} over time", figure),
        legend(present, classes),
        _event_table(name, events, classes),
        class_="clip",
        id=f"clip-{rank}",
    )
    return section, failure


def _heard(sound: Path | None, target: Path) -> tuple[Heard | None, str]:
    """The clip's sound made ready, or why not."""
    if sound is None:
        return None, ""
    try:
        return make_ready(sound, target), ""
    except WhenceError as error:
        return None, str(error)


def _player(heard: Heard | None, failure: str, stem: str, name: str) -> Markup | None:
    """The sound's controls."""
    if failure:
        return element("p", f"Its sound could not be used: {failure}", class_="note")
    if heard is None:
        return None
    cut = element("p", f"The first {LONGEST_S / 60:g} minutes are played and drawn.", class_="note")
    player = element(
        "audio", src=f"clips/{stem}.flac", controls=True, preload="metadata", aria_label=f"sound of {name}"
    )
    return join(player, cut if heard.is_cut else None)


def _link(stem: str, side: str, events: Events, files: Path, classes: ClassList) -> Markup:
    """Write one label file and link to it; the 2025 layout cannot say that a distance is not known."""
    ending, label_text = ".csv", ""
    if np.isnan(events.distance_m).any():
        ending, label_text = ".jsonl", json_frames_text(events, classes)
    else:
        label_text = dcase_text(events)
    (files / f"{stem}.{side}{ending}").write_text(label_text, encoding="utf-8", newline="\n")
    return element("a", f"{side} {ending[1:].upper()}", href=f"clips/{stem}.{side}{ending}")


def _event_table(name: str, events: tuple[Events, Events | None], classes: ClassList) -> Markup:
    """All events of both sides in words."""
    rows: list[list[Child]] = []
    for side, table in zip(("reference", "prediction"), events, strict=True):
        for event in table or ():
            where = "left" if event.azimuth_deg >= 0 else "right"
            rows.append(
                [
                    side,
                    f"{event.onset_s:.1f} to {event.offset_s:.1f} s",
                    shown(classes[event.class_index]),
                    f"{abs(event.azimuth_deg):.0f}° {where}",
                    metres(event.distance_m),
                ]
            )
    heading = ["side", "when", "class", "where", "distance"]
    rest = len(rows) - _MOST_EVENTS
    more = element("p", f"and {rest:,} more in the label files", class_="note") if rest > 0 else None
    return join(numbers(f"Events of {name}", heading, rows[:_MOST_EVENTS], "The events in words"), more)
