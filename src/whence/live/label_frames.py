"""A signal that comes in chunks, cut into whole label frames of 100 ms."""

import numpy as np
from numpy.typing import NDArray

from whence.units import FRAME_SAMPLES


class LabelFrames:
    """Keeps what does not fill a frame yet.

    >>> frames = LabelFrames()
    >>> [frames.push(np.zeros((2, 2_000), np.float32)).shape[1] for _ in range(3)], frames.count
    ([0, 2400, 2400], 2)
    """

    def __init__(self) -> None:
        self.count = 0
        self._rest = np.zeros((2, 0), np.float32)

    def push(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add a (2, sample) chunk and give all frames that are whole now, (2, frames * 2400)."""
        joined = np.concatenate([self._rest, signal], axis=1)
        whole = joined.shape[1] // FRAME_SAMPLES
        # A copy, so that a view does not keep all of a long chunk alive.
        self._rest = joined[:, whole * FRAME_SAMPLES :].copy()
        self.count += whole
        return joined[:, : whole * FRAME_SAMPLES]
