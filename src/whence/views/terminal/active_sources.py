"""The sources that sound now: final events, smoothed over a few frames and fading out after their last one."""

import math
from dataclasses import dataclass, replace

from whence.labels import Events

# How fast a shown position follows a new one; a jump to another side is followed at once.
_FOLLOW = 0.4
_JUMP_DEG = 30.0
_FADING_FRAMES = 3
_GONE_FRAMES = 15


@dataclass(frozen=True)
class ActiveSource:
    """One source as it is shown.

    Args:
        class_index: position in the class list.
        source: tells sources of one class apart.
        since_frame: the label frame in which it began.
        azimuth_deg: positive to the left, smoothed.
        distance_m: smoothed; NaN where not known.
        score: confidence, 0..1, smoothed.
        silent_frames: label frames since its last event.
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


class ActiveSources:
    """Follow the events of a stream.

    >>> sources = ActiveSources()
    >>> rows = Events.from_columns({"frame": [0], "class_index": [8], "azimuth_deg": [30], "distance_m": [2]})
    >>> [begun.class_index for begun in sources.update(rows, 1)], len(sources.now())
    ([8], 1)
    >>> _ = sources.update(Events.empty(), 30)
    >>> sources.now()
    []
    """

    def __init__(self) -> None:
        self._frame_count = 0
        # With the label frame of each source's last event.
        self._sources: dict[tuple[int, int], tuple[ActiveSource, int]] = {}

    def update(self, events: Events, frame_count: int) -> list[ActiveSource]:
        """Add events that became final and return the sources that began with them.

        Args:
            events: in the order of their frames.
            frame_count: label frames that are final now.
        """
        begun = []
        names = ("frame", "class_index", "source", "azimuth_deg", "distance_m", "score")
        columns = (getattr(events, name).tolist() for name in names)
        for frame, class_index, source, *position in zip(*columns, strict=True):
            before, last = self._sources.get((class_index, source), (None, 0))
            if before is None or frame - last > _GONE_FRAMES:
                now = ActiveSource(class_index, source, frame, *position)
                begun.append(now)
            else:
                now = _followed(before, *position)
            self._sources[class_index, source] = (now, frame)
        self._frame_count = frame_count
        self._sources = {
            key: (one, last) for key, (one, last) in self._sources.items() if frame_count - 1 - last <= _GONE_FRAMES
        }
        return begun

    def now(self) -> list[ActiveSource]:
        """Return what is to be shown, from left to right."""
        shown = [
            replace(one, silent_frames=max(self._frame_count - 1 - last, 0)) for one, last in self._sources.values()
        ]
        return sorted(shown, key=lambda one: -one.azimuth_deg)


def _followed(before: ActiveSource, azimuth_deg: float, distance_m: float, score: float) -> ActiveSource:
    """A source a part of the way to its newest position."""
    # The short way round, which leads over the back on a full circle.
    turn_deg = math.remainder(azimuth_deg - before.azimuth_deg, 360.0)
    if abs(turn_deg) < _JUMP_DEG:
        azimuth_deg = math.remainder(before.azimuth_deg + _FOLLOW * turn_deg, 360.0)
    if not (math.isnan(distance_m) or math.isnan(before.distance_m)):
        distance_m = before.distance_m + _FOLLOW * (distance_m - before.distance_m)
    score = before.score + _FOLLOW * (score - before.score)
    return replace(before, azimuth_deg=azimuth_deg, distance_m=distance_m, score=score)
