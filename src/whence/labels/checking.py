"""Labels that can be read but are probably wrong become findings: where, what, and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.labels.classes import ClassList
from whence.labels.clips import ClipEvents
from whence.labels.events import Events
from whence.text import counted, one_line, shown
from whence.units import FRAMES_PER_SECOND

FURTHEST_M = 100.0
# Events with nothing within so many frames of each other do not happen; numbers of samples or milliseconds look so.
_APART_FRAMES = 50
_ENOUGH_FRAMES = 3
_DAY_FRAMES = 24 * 3600 * FRAMES_PER_SECOND
# The official scorer keeps this many rows of one class in a frame; one more overwrites the first.
MOST_SCORED = 10
# Networks with three tracks, the usual number, cannot learn more sources of one class at a time.
MOST_TRACKS = 3

# No real set of labels is always this near; metres written into the column of centimetres are.
_SUSPICIOUSLY_NEAR_M = 0.2
# Half a turn in radians, rounded to a whole number.
_RADIANS_UP_TO = 3.0
# With fewer rows than this, small angles prove nothing.
_ENOUGH_ROWS = 50

Severity = Literal["problem", "suspicious"]


@dataclass(frozen=True)
class Finding:
    """Something about labels that a person should look at; `whence check --json` has these fields.

    Args:
        severity: "problem" if scoring or training goes wrong, "suspicious" if it may be intended.
        place: the file, or the clip with the first frame and class concerned.
        sentence: what is wrong, with the number of rows.
        remedy: what to do about it.

    >>> print(Finding("suspicious", "a7, frame 3, music", "distance 0 (1 row)", "write centimetres"))
    a7, frame 3, music: distance 0 (1 row); write centimetres
    """

    severity: Severity
    place: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}; {self.remedy}"


class _Rule(NamedTuple):
    """A rule and the rows that break it."""

    severity: Severity
    broken: NDArray[np.bool_]
    sentence: str
    remedy: str


def check_events(events: Events, classes: ClassList, frame_count: int | None = None, clip: str = "") -> list[Finding]:
    """Check the labels of one clip.

    Args:
        events: as read.
        classes: the list that the class column points into.
        frame_count: label frames of the clip; without it, rows beyond its end are not found.
        clip: its name, for the findings.

    Returns:
        at most one finding for each rule, which counts the rows and names the first.

    >>> events = Events.from_columns({"frame": [50], "class_index": [0], "azimuth_deg": [0], "distance_m": [1]})
    >>> print(*check_events(events, ClassList(("bell",)), frame_count=50))
    frame 50, bell: beyond the end of the clip, which has 50 frames (1 row); frames count from 0 in steps of 100 ms
    """
    return list(_by_clip(ClipEvents.from_mapping({clip: events}), classes, {clip: frame_count}))


def check_clips(
    clips: ClipEvents,
    classes: ClassList,
    frame_count: int | Mapping[str, int] | None = None,
    *,
    full_circle: bool = False,
) -> list[Finding]:
    r"""Check the labels of many clips, each on its own and all together.

    Args:
        clips: as read from a folder.
        classes: the list that the class column points into.
        frame_count: label frames of every clip, or of the clips named; other ends are not checked.
        full_circle: whether the labels are of Ambisonics, whose azimuths reach 180 degrees.

    Returns:
        findings about the whole first, then those of `check_events` in the order of the clips.

    >>> events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0], "distance_m": [0.02]})
    >>> print(*check_clips(ClipEvents.from_mapping({"a7": events}), ClassList(("bell", "dog"))), sep="\n")
    all clips: no events of: dog; nothing can be learned or scored for them
    all clips: no source is further away than 0.02 m; files hold centimetres; were metres written?
    """
    ends = frame_count if isinstance(frame_count, Mapping) else dict.fromkeys(clips.names, frame_count)
    return [*_about_all(clips.events, classes), *_by_clip(clips, classes, ends, full_circle)]


def _by_clip(
    clips: ClipEvents, classes: ClassList, ends: Mapping[str, int | None], full_circle: bool = False
) -> Iterator[Finding]:
    """The findings of each clip, in the order of the clips and then of the rules."""
    events, clip = clips.events, clips.clip_of_row()
    found: list[tuple[int, Finding]] = []
    for rule in _rules(events, clip, classes, _end_of_row(clips, ends), full_circle):
        # The rows of a clip are consecutive, so the first row of each is the first broken one.
        concerned, first, count = np.unique(clip[rule.broken], return_index=True, return_counts=True)
        rows = np.flatnonzero(rule.broken)[first]
        for position, row, rows_broken in zip(concerned.tolist(), rows.tolist(), count.tolist(), strict=True):
            name = clips.names[position]
            sentence = rule.sentence.format(frames=ends.get(name)) + f" ({counted(rows_broken, 'row')})"
            place = (f"{shown(name)}, " if name else "") + _frame_and_class(events, row, classes)
            found.append((position, Finding(rule.severity, place, sentence, rule.remedy)))
    yield from (finding for _, finding in sorted(found, key=lambda pair: pair[0]))


def _end_of_row(clips: ClipEvents, ends: Mapping[str, int | None]) -> NDArray[np.int64]:
    """The number of frames of each row's clip; very large where not known."""
    known = [ends.get(name) for name in clips.names]
    frames = np.array([np.iinfo(np.int64).max if end is None else end for end in known], dtype=np.int64)
    return frames[clips.clip_of_row()]


def _rules(
    events: Events, clip: NDArray[np.int64], classes: ClassList, end: NDArray[np.int64], full_circle: bool
) -> list[_Rule]:
    """Every rule with the rows that break it."""
    together, repeated, moved = _compare_in_frame(events, clip)
    return [
        _Rule(
            "problem",
            events.class_index >= len(classes),
            "a class that is not in the list",
            f"this task has 0..{len(classes) - 1}",
        ),
        _Rule(
            "problem",
            events.frame >= end,
            "beyond the end of the clip, which has {frames} frames",
            "frames count from 0 in steps of 100 ms",
        ),
        _Rule(
            "problem",
            (end == np.iinfo(np.int64).max) & (events.frame >= _DAY_FRAMES),
            "later than 24 hours",
            "frames count in steps of 100 ms; are these numbers of samples?",
        ),
        _Rule(
            "problem",
            _far_apart(events, clip),
            f"every labelled frame of the clip is {_APART_FRAMES / FRAMES_PER_SECOND:g} s or more from the next",
            "frames count in steps of 100 ms; are these numbers of samples, or milliseconds?",
        ),
        _Rule(
            "problem",
            together > MOST_SCORED,
            f"more than {MOST_SCORED} sources of one class in a frame",
            f"the official scorer keeps {MOST_SCORED} and lets further ones overwrite the first; remove some",
        ),
        _Rule(
            "suspicious",
            (together > MOST_TRACKS) & (together <= MOST_SCORED),
            f"more than {MOST_TRACKS} sources of one class in a frame",
            f"a network with {MOST_TRACKS} tracks cannot learn them; is one source labelled several times?",
        ),
        _Rule(
            "suspicious", repeated, "the same row again", "the metric counts it as one more source; remove the repeats"
        ),
        _Rule("suspicious", moved, "one source at two positions in a frame", "give the two their own source numbers"),
        _Rule(
            "suspicious",
            np.abs(events.azimuth_deg) > (180 if full_circle else 90),
            f"azimuth outside {'-180..180' if full_circle else '-90..90'}",
            "wrap the angles to one turn"
            if full_circle
            else "stereo cannot tell back from front; fold the angles, or read the file with its own layout",
        ),
        _Rule(
            "suspicious",
            events.distance_m == 0,
            "distance 0",
            "the distance error is relative to it; write the centimetres from the listener",
        ),
        _Rule(
            "suspicious",
            events.distance_m > FURTHEST_M,
            f"further away than {FURTHEST_M:.0f} m",
            "files hold centimetres; were millimetres written?",
        ),
        _Rule(
            "suspicious",
            np.isnan(events.distance_m),
            "distance not known",
            "nothing about distance can be learned or scored here",
        ),
    ]


def _far_apart(events: Events, clip: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(row,) whether the row's clip has several labelled frames and no two of them are near each other."""
    if not events:
        return np.zeros(0, bool)
    labelled = np.unique(np.stack([clip, events.frame]), axis=1)
    first = np.flatnonzero(np.diff(labelled[0], prepend=-1))
    step = np.diff(labelled[1], prepend=0)
    step[first] = np.iinfo(np.int64).max
    apart = (np.minimum.reduceat(step, first) >= _APART_FRAMES) & (
        np.diff(np.append(first, labelled.shape[1])) >= _ENOUGH_FRAMES
    )
    return np.isin(clip, labelled[0][first[apart]])


def _compare_in_frame(
    events: Events, clip: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each row: how many rows of its class are in its frame; whether it repeats one; whether its source moved."""
    if not events:
        return np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool)
    # NaN differs from itself; unknown distances are taken as equal.
    distance = np.nan_to_num(events.distance_m, nan=-1.0)
    keys = (clip, events.frame, events.class_index, events.source, events.azimuth_deg, distance)
    order = np.lexsort(keys[::-1])
    as_before = [np.append(False, np.diff(key[order]) == 0) for key in keys]
    same_group = np.logical_and.reduce(as_before[:3])
    same_source = same_group & as_before[3]
    same_position = same_source & as_before[4] & as_before[5]
    group = np.cumsum(~same_group) - 1
    in_file_order = np.empty_like(order)
    in_file_order[order] = np.arange(len(order))
    together = np.bincount(group)[group]
    return together[in_file_order], same_position[in_file_order], (same_source & ~same_position)[in_file_order]


def _frame_and_class(events: Events, row: int, classes: ClassList) -> str:
    """The frame and the class of a row."""
    class_index = int(events.class_index[row])
    name = one_line(classes[class_index]) if class_index < len(classes) else f"class {class_index}"
    return f"frame {events.frame[row]}, {name}"


def _about_all(events: Events, classes: ClassList) -> Iterator[Finding]:
    """Findings that no single clip shows."""
    if not events:
        yield Finding("suspicious", "all clips", "no events at all", "is this the right folder?")
        return
    missing = np.setdiff1d(np.arange(len(classes)), events.class_index)
    if missing.size:
        names = ", ".join(one_line(classes[int(index)]) for index in missing)
        yield Finding("suspicious", "all clips", f"no events of: {names}", "nothing can be learned or scored for them")
    known = events.distance_m[~np.isnan(events.distance_m)]
    if known.size and 0 < known.max() < _SUSPICIOUSLY_NEAR_M:
        sentence = f"no source is further away than {known.max():.2f} m"
        yield Finding("suspicious", "all clips", sentence, "files hold centimetres; were metres written?")
    widest = np.abs(events.azimuth_deg).max()
    if 0 < widest <= _RADIANS_UP_TO and events.row_count >= _ENOUGH_ROWS:
        sentence = f"no azimuth is wider than {widest:.0f} degrees"
        yield Finding("suspicious", "all clips", sentence, "files hold degrees; were radians written?")
