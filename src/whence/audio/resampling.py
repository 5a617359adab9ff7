"""Change the sample rate of a signal piece by piece, with the same result as in one piece."""

import numpy as np
import soxr
from numpy.typing import NDArray

_STEP = 1 << 14  # samples whose transpose fits into the processor's cache
# The filter begins anew after so long, so that a recording can be entered there with the same result, bit for bit.
STRETCH_S = 300
# Far longer than any of the filters (a hundred samples of the lower rate).
_OVERLAP_S = 1


class Resampling:
    """A stream of (channel, sample) pieces, resampled by soxr's HQ filter (aliases 140 dB down).

    Every five minutes a new filter begins; it is given the second before, and the old one the second after, so that
    neither hears an edge.

    Args:
        channel_count: how many channels.
        rate_in_hz: of the input.
        rate_out_hz: of the output; if it is the same, samples pass through unchanged.
        before: the second before the first piece, (channel, rate_in_hz), where that begins a later stretch; None for
            the beginning of a sound.

    >>> resampling = Resampling(2, 48_000, 24_000)
    >>> pieces = [resampling.push(np.zeros((2, 4_800), np.float32)), resampling.finish()]
    >>> sum(piece.shape[1] for piece in pieces)
    2400
    """

    def __init__(
        self, channel_count: int, rate_in_hz: int, rate_out_hz: int, before: NDArray[np.float32] | None = None
    ) -> None:
        self._rates = rate_in_hz, rate_out_hz
        self._nothing = np.zeros((channel_count, 0), dtype=np.float32)
        self._passes = rate_in_hz == rate_out_hz
        self._overlap = _OVERLAP_S * rate_in_hz
        self._stretch = STRETCH_S * rate_in_hz
        self._last = self._nothing
        self._given = 0 if before is None else before.shape[1]
        # The end of what was taken, for the next filter.
        self._before = self._nothing if before is None else before
        # What has come behind the end of this stretch.
        self._behind = self._nothing
        self._taken = 0
        self._filter = None if self._passes else _Filter(self._rates, self._before)

    def push(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next piece and return the samples that are ready, maybe none yet.

        Args:
            piece: (channel, sample).

        Returns:
            (channel, sample) contiguous.
        """
        if self._filter is None or not piece.shape[1]:
            return np.ascontiguousarray(piece)
        self._last = piece[:, -1:].copy()
        ready, rest = [self._nothing], piece
        while rest.shape[1]:
            space = self._stretch - self._taken
            if space:
                ready.append(self._take(rest[:, :space]))
                rest = rest[:, space:]
                continue
            missing = self._overlap - self._behind.shape[1]
            self._behind = np.concatenate((self._behind, rest[:, :missing]), axis=1)
            rest = rest[:, missing:]
            if self._behind.shape[1] == self._overlap:
                ready.append(self._next_stretch())
        return self._counted(ready)

    def finish(self) -> NDArray[np.float32]:
        """Return the remaining samples; however short the sound, at least one in all."""
        if self._filter is None:
            return self._nothing
        ready = [self._next_stretch()] if self._behind.shape[1] else []
        whole = self._counted([*ready, self._filter.take(self._nothing, last=True)])
        return whole if self._given else self._last

    def _take(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample samples of this stretch, and keep its last second."""
        assert self._filter is not None
        self._taken += piece.shape[1]
        self._before = np.concatenate((self._before, piece[:, -self._overlap :]), axis=1)[:, -self._overlap :]
        return self._filter.take(piece)

    def _next_stretch(self) -> NDArray[np.float32]:
        """Return the rest of this stretch and the beginning of the next."""
        assert self._filter is not None
        missing = STRETCH_S * self._rates[1] - self._filter.given
        end = self._filter.take(self._behind, last=True)[:, :missing]
        behind, self._behind = self._behind, self._nothing
        self._filter, self._taken = _Filter(self._rates, self._before), 0
        return np.concatenate((end, self._take(behind)), axis=1)

    def _counted(self, ready: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Join samples and count them."""
        count = sum(part.shape[1] for part in ready)
        self._given += count
        # Joined into a new array, because joined transposes would not be contiguous.
        return np.concatenate(ready, axis=1, out=np.empty((len(self._nothing), count), dtype=np.float32))


class _Filter:
    """The filter of one stretch.

    Args:
        rates: of the input and the output.
        before: (channel, sample) before the stretch, a whole second or nothing, whose result is left out.
    """

    def __init__(self, rates: tuple[int, int], before: NDArray[np.float32]) -> None:
        self._stream = soxr.ResampleStream(*rates, len(before), dtype="float32", quality="HQ")
        self.given = 0
        self._left_out = before.shape[1] * rates[1] // rates[0]
        if before.shape[1]:
            self.take(before)

    def take(self, piece: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Take the next piece and return what is ready; with the last piece, all that remains."""
        starts = range(0, piece.shape[1], _STEP)
        parts = [self._chunk(piece[:, start : start + _STEP]) for start in starts]
        ready = np.concatenate(
            [piece[:, :0], *parts, *([self._chunk(piece[:, :0], last=True)] if last else [])], axis=1
        )
        gone = min(self._left_out, ready.shape[1])
        self._left_out -= gone
        self.given += ready.shape[1] - gone
        return ready[:, gone:]

    def _chunk(self, piece: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """(channel, sample): what is ready after a little more."""
        ready: NDArray[np.float32] = self._stream.resample_chunk(np.ascontiguousarray(piece.T), last=last)
        return ready.T
