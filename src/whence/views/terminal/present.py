"""What sounds now: rows that became final, smoothed over a few frames and fading out after the last."""

import math
from dataclasses import dataclass

from whence.labels import Events

# How fast a shown place follows a new one; a jump to another side is followed at once.
_FOLLOW = 0.4
_JUMP_DEG = 30.0
_FADING_FRAMES = 3
_GONE_FRAMES = 15


@dataclass(frozen=True)
class Sounding:
    """One source as it is shown.

    Args:
        class_index: position in the class list.
        source: tells sources of one class apart.
        since_frame: the label frame in which it began.
        azimuth_deg: positive to the left, smoothed.
        distance_m: smoothed; NaN where not known.
        score: how sure, 0..1, smoothed.
        silent_frames: label frames since it was last heard.
    """

    class_index: int
    source: int
    since_frame: int
    azimuth_deg: float
    distance_m: float
    score: float
    silent_frames: int = 0

    @property
    def fading(self) -> bool:
        """Whether it has just fallen silent."""
        return self.silent_frames > _FADING_FRAMES


class Present:
    """Follows the rows of a stream.

    >>> present = Present()
    >>> rows = Events.from_columns({"frame": [0], "class_index": [8], "azimuth_deg": [30], "distance_m": [2]})
    >>> [begun.class_index for begun in present.follow(rows, 1)], len(present.now())
    ([8], 1)
    >>> _ = present.follow(Events.empty(), 30)
    >>> present.now()
    []
    """

    def __init__(self) -> None:
        self._frame_count = 0
        self._sources: dict[tuple[int, int], tuple[Sounding, int]] = {}

    def follow(self, events: Events, frame_count: int) -> list[Sounding]:
        """Take rows that became final.

        Args:
            events: rows in the order of their frames.
            frame_count: label frames that are final now.

        Returns:
            the sources that began in these rows.
        """
        begun = []
        columns = (
            events.frame,
            events.class_index,
            events.source,
            events.azimuth_deg,
            events.distance_m,
            events.score,
        )
        for frame, class_index, source, *place in zip(*(column.tolist() for column in columns), strict=True):
            before, last = self._sources.get((class_index, source), (None, 0))
            if before is None or frame - last > _GONE_FRAMES:
                now = Sounding(class_index, source, frame, *place)
                begun.append(now)
            else:
                now = _followed(before, *place)
            self._sources[class_index, source] = (now, frame)
        self._frame_count = frame_count
        self._sources = {key: (one, last) for key, (one, last) in self._sources.items() if self._recent(last)}
        return begun

    def _recent(self, last_frame: int) -> bool:
        return self._frame_count - 1 - last_frame <= _GONE_FRAMES

    def now(self) -> list[Sounding]:
        """What is to be shown, from the left to the right."""
        shown = [
            Sounding(
                one.class_index,
                one.source,
                one.since_frame,
                one.azimuth_deg,
                one.distance_m,
                one.score,
                max(self._frame_count - 1 - last, 0),
            )
            for one, last in self._sources.values()
        ]
        return sorted(shown, key=lambda one: -one.azimuth_deg)


def _followed(before: Sounding, azimuth_deg: float, distance_m: float, score: float) -> Sounding:
    """A source a part of the way to its newest place."""
    if abs(azimuth_deg - before.azimuth_deg) < _JUMP_DEG:
        azimuth_deg = before.azimuth_deg + _FOLLOW * (azimuth_deg - before.azimuth_deg)
    if not (math.isnan(distance_m) or math.isnan(before.distance_m)):
        distance_m = before.distance_m + _FOLLOW * (distance_m - before.distance_m)
    score = before.score + _FOLLOW * (score - before.score)
    return Sounding(before.class_index, before.source, before.since_frame, azimuth_deg, distance_m, score)
