"""The last minute of sound and what was heard in it, in memory that never grows."""

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events
from whence.units import FRAME_SAMPLES

KEPT_FRAMES = 600


class LastMinute:
    """A ring of label frames, and the rows that belong to them.

    Args:
        kept_frames: how many are kept.

    >>> minute = LastMinute(kept_frames=2)
    >>> for level in (0.1, 0.2, 0.3):
    ...     minute.hear(np.full((2, 2_400), level, np.float32))
    >>> minute.first_frame, minute.end_frame, minute.sound()[0, [0, -1]]
    (1, 3, array([0.2, 0.3], dtype=float32))
    """

    def __init__(self, kept_frames: int = KEPT_FRAMES) -> None:
        self.end_frame = 0
        self._kept_frames = kept_frames
        self._ring = np.zeros((2, kept_frames * FRAME_SAMPLES), np.float32)
        self._events = Events.empty()

    @property
    def first_frame(self) -> int:
        """The oldest frame that is still here."""
        return max(self.end_frame - self._kept_frames, 0)

    def hear(self, frames: NDArray[np.float32]) -> None:
        """Add whole label frames, (2, frames * 2400); the oldest give way."""
        size = self._ring.shape[1]
        self.end_frame += frames.shape[1] // FRAME_SAMPLES
        # Of a chunk longer than the ring only the end can stay.
        new = frames[:, -size:]
        place = (self.end_frame * FRAME_SAMPLES - new.shape[1]) % size
        before_the_seam = new[:, : size - place]
        self._ring[:, place : place + before_the_seam.shape[1]] = before_the_seam
        self._ring[:, : new.shape[1] - before_the_seam.shape[1]] = new[:, size - place :]

    def know(self, events: Events) -> None:
        """Add rows that became final, with absolute frame numbers."""
        kept = self._events[self._events.frame >= self.first_frame]
        self._events = Events.concatenate([kept, events])

    def sound(self) -> NDArray[np.float32]:
        """(2, sample): everything from `first_frame` to `end_frame`."""
        if not self.first_frame:
            return self._ring[:, : self.end_frame * FRAME_SAMPLES].copy()
        seam = self.end_frame % self._kept_frames * FRAME_SAMPLES
        return np.concatenate([self._ring[:, seam:], self._ring[:, :seam]], axis=1)

    def events_between(self, first_frame: int, end_frame: int) -> Events:
        """The known rows of these frames."""
        return self._events.between(first_frame, end_frame)
