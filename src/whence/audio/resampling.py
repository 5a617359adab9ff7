"""Change the sample rate of a signal piece by piece, with the same result as in one piece."""

import numpy as np
import soxr
from numpy.typing import NDArray

_STEP = 1 << 14  # samples whose transpose fits into the processor's cache


class Resampling:
    """A stream of (channel, sample) pieces, resampled by soxr's HQ filter (aliases 140 dB down).

    Args:
        channel_count: how many channels.
        rate_in_hz: of the input.
        rate_out_hz: of the output; if it is the same, samples pass through unchanged.

    >>> resampling = Resampling(2, 48_000, 24_000)
    >>> pieces = [resampling.push(np.zeros((2, 4_800), np.float32)), resampling.finish()]
    >>> sum(piece.shape[1] for piece in pieces)
    2400
    """

    def __init__(self, channel_count: int, rate_in_hz: int, rate_out_hz: int) -> None:
        self._nothing = np.zeros((channel_count, 0), dtype=np.float32)
        self._last = self._nothing
        self._given = 0
        self._stream = None
        if rate_in_hz != rate_out_hz:
            self._stream = soxr.ResampleStream(rate_in_hz, rate_out_hz, channel_count, dtype="float32", quality="HQ")

    def push(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next piece and return the samples that are ready, maybe none yet.

        Args:
            piece: (channel, sample).

        Returns:
            (channel, sample) contiguous.
        """
        if self._stream is None or not piece.shape[1]:
            return np.ascontiguousarray(piece)
        self._last = piece[:, -1:]
        ready = [
            self._stream.resample_chunk(np.ascontiguousarray(piece[:, start : start + _STEP].T)).T
            for start in range(0, piece.shape[1], _STEP)
        ]
        self._given += sum(part.shape[1] for part in ready)
        # Joined into a new array, because joined transposes would not be contiguous.
        whole = np.empty((len(piece), sum(part.shape[1] for part in ready)), dtype=np.float32)
        return np.concatenate(ready, axis=1, out=whole)

    def finish(self) -> NDArray[np.float32]:
        """Return the remaining samples; however short the sound, at least one in all."""
        if self._stream is None:
            return self._nothing
        ready = self._stream.resample_chunk(np.ascontiguousarray(self._nothing.T), last=True)
        if not self._given and not len(ready):
            return self._last.copy()
        return np.ascontiguousarray(ready.T)
