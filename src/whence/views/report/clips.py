"""The worst clips of the page: ranked by mistakes, each to play, to see, to read, and with its label files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.errors import WhenceError
from whence.labels import dcase_text, json_frames_text
from whence.metrics import HIT, outcomes
from whence.text import counted, shown
from whence.views.palette import styles_of
from whence.views.report.markup import Child, Markup, chart, element, join, numbers
from whence.views.report.sounds import LONGEST_S, ClipSound, write_sound
from whence.views.report.timeline import legend, timeline
from whence.views.tables import direction, metres

if TYPE_CHECKING:
    from whence.audio import Channels, Microphones
    from whence.labels import ClassList, Events
    from whence.metrics import Evaluation

# The label file has all events; a page with more than these is hard to read.
_MOST_EVENTS = 100


class WorstClip(NamedTuple):
    """A clip and its mistakes, counted over (frame, source) rows of all frames."""

    clip: int
    """Position among the reference clips."""
    name: str
    missed: int
    false_alarms: int
    misplaced: int
    references: int
    mistakes_by_frame: NDArray[np.int64]
    """(2, mistaken frame) the frames with mistakes, and how many of all three kinds each has."""

    @property
    def mistakes(self) -> int:
        """All three kinds together, by which clips are ranked."""
        return self.missed + self.false_alarms + self.misplaced


def worst_clips(evaluation: Evaluation, most: int) -> list[WorstClip]:
    """Return clips ranked by misses, false alarms and misplaced pairs under the strict protocol.

    A pair that is misplaced is one mistake, although it has a row on both sides.

    Returns:
        at most so many clips with at least one mistake, the worst first; equal ones by name.
    """
    counts = evaluation.counts["strict"]
    kinds = np.stack([counts.misses, counts.false_alarms, counts.misplaced, counts.references]).sum(axis=2).astype(int)
    total = kinds[:3].sum(axis=0)
    names = evaluation.pairing.clip_names
    order = sorted(np.flatnonzero(total).tolist(), key=lambda clip: (-total[clip], names[clip]))[:most]
    by_frame = _mistakes_by_frame(evaluation, order)
    found = []
    for clip in order:
        missed, false_alarms, misplaced, references = kinds[:, clip].tolist()
        found.append(WorstClip(clip, names[clip], missed, false_alarms, misplaced, references, by_frame[clip]))
    return found


def _mistakes_by_frame(evaluation: Evaluation, clips: list[int]) -> dict[int, NDArray[np.int64]]:
    """For each of the clips, the frames with mistakes and how many each has, as two rows."""
    pairing = evaluation.pairing
    outcome = outcomes(pairing, evaluation.settings)
    # A misplaced pair is counted on the side of its reference; predictions add their false alarms.
    paired = np.zeros(len(pairing.predictions.frame), dtype=bool)
    paired[pairing.prediction_row] = True
    wrong = (
        (pairing.references, outcome.references != HIT),
        (pairing.predictions, (outcome.predictions != HIT) & ~paired),
    )
    found: dict[int, NDArray[np.int64]] = {}
    for clip in clips:
        frames = []
        for side, mistaken in wrong:  # the rows of a clip are adjacent
            first, end = np.searchsorted(side.clip, (clip, clip + 1)).tolist()
            frames.append(side.frame[first:end][mistaken[first:end]])
        found[clip] = np.stack(np.unique(np.concatenate(frames), return_counts=True)).astype(np.int64)
    return found


def clip_section(
    rank: int,
    worst: WorstClip,
    events: tuple[Events, Events | None],
    sound: Path | None,
    folder: Path,
    classes: ClassList,
    microphones: Microphones | None = None,
    channels: Channels | None = None,
) -> tuple[Markup, str]:
    """Write the files of a clip and the part of the page that shows it.

    Args:
        rank: 1 for the worst; files are named by it, never by the clip.
        worst: the clip.
        events: reference and prediction; None where there is no prediction file.
        sound: its sound file, if there is one.
        folder: of the report.
        classes: their names.
        microphones: what the sound was recorded with; None where that is not known.
        channels: which channels of the sound are used; None for those there are.

    Returns:
        the section, and a sentence if the sound could not be used.
    """
    reference, prediction = events
    stem, files = f"{rank:03d}", folder / "clips"
    clip_sound, failure = _written_sound(sound, files / stem, microphones, channels)
    name = shown(worst.name)
    styles = styles_of(index for table in events if table is not None for index in table.class_index.tolist())
    kinds = (
        f"{worst.mistakes:,} mistakes: {worst.missed:,} missed, {worst.false_alarms:,} false alarms, "
        f"{worst.misplaced:,} misplaced, of {counted(worst.references, 'reference row')}."
    )
    links = [_link(stem, "reference", reference, files, classes), Markup(", ")]
    if prediction is None:
        links.append(element("span", "no prediction file"))
    else:
        links.append(_link(stem, "prediction", prediction, files, classes))
    figure = timeline(
        name, reference, reference[:0] if prediction is None else prediction, styles, worst.mistakes_by_frame,
        clip_sound, f"clips/{stem}.png", microphones is not None and microphones.is_full_circle,
    )  # fmt: skip
    section = element(
        "article",
        element("h3", f"{rank}. {name}"),
        element("p", f"{kinds} Labels: ", *links),
        _player(clip_sound, failure, stem, name),
        chart(f"events of {name} over time", figure),
        legend(styles, classes),
        _event_table(name, events, classes),
        class_="clip",
        id=f"clip-{rank}",
    )
    return section, failure


def _written_sound(
    sound: Path | None, target: Path, microphones: Microphones | None, channels: Channels | None
) -> tuple[ClipSound | None, str]:
    """The clip's sound for the page, or why it cannot be used."""
    if sound is None:
        return None, ""
    try:
        return write_sound(sound, target, microphones, channels), ""
    except WhenceError as error:
        return None, str(error)


def _player(sound: ClipSound | None, failure: str, stem: str, name: str) -> Markup | None:
    """The sound's controls."""
    if failure:
        return element("p", f"Its sound could not be used: {failure}", class_="note")
    if sound is None:
        return None
    cut = element("p", f"The first {LONGEST_S / 60:g} minutes are played and drawn.", class_="note")
    player = element(
        "audio", src=f"clips/{stem}.flac", controls=True, preload="metadata", aria_label=f"sound of {name}"
    )
    return join(player, cut if sound.is_cut else None)


def _link(stem: str, side: str, events: Events, files: Path, classes: ClassList) -> Markup:
    """Write one label file and link to it: JSON Lines where a distance is unknown, which the 2025 CSV cannot hold."""
    if np.isnan(events.distance_m).any():
        ending, label_text = ".jsonl", json_frames_text(events, classes)
    else:
        ending, label_text = ".csv", dcase_text(events)
    (files / f"{stem}.{side}{ending}").write_text(label_text, encoding="utf-8", newline="\n")
    return element("a", f"{side} {ending[1:].upper()}", href=f"clips/{stem}.{side}{ending}")


def _event_table(name: str, events: tuple[Events, Events | None], classes: ClassList) -> Markup:
    """All events of both sides in words."""
    rows: list[list[Child]] = []
    for side, table in zip(("reference", "prediction"), events, strict=True):
        for event in table or ():
            rows.append(
                [
                    side,
                    f"{event.onset_s:.1f} to {event.offset_s:.1f} s",
                    shown(classes[event.class_index]),
                    direction(event.azimuth_deg),
                    metres(event.distance_m),
                ]
            )
    heading = ["side", "when", "class", "where", "distance"]
    rest = len(rows) - _MOST_EVENTS
    more = element("p", f"and {rest:,} more in the label files", class_="note") if rest > 0 else None
    return join(numbers(f"Events of {name}", heading, rows[:_MOST_EVENTS], "The events in words"), more)
