"""A sound that passes by in segments leaves a report."""

import numpy as np
from numpy.typing import NDArray

from whence.audio.report import SignalReport
from whence.audio.sound import FULL_SCALE

# Channels that differ less than this, against the loudest of the frame, are one channel twice (-80 dB).
_SAME = 1e-4
# Just over full scale, so that rounding does not hide a clipped sample; a hot float recording is no clipped one.
_NOT_BEYOND = 1 + 1e-6


class Tally:
    """Counts what is worth knowing about one sound, in constant memory.

    Args:
        channel_count: how many channels.
        sample_rate_hz: for times.
        frame: samples in a tenth of a second.
        clip_level: from here on a sample is at full scale.

    >>> tally = Tally(2, 10, 1)
    >>> tally.add(np.array([[0.5, 0.5], [0.5, np.nan]], np.float32))
    >>> tally.report().not_numbers, tally.report().identical_s
    ((0, 1), 0.1)
    """

    def __init__(self, channel_count: int, sample_rate_hz: int, frame: int, clip_level: float = FULL_SCALE) -> None:
        self._rate = sample_rate_hz
        self._frame = frame
        self._clip_level = clip_level
        self.sample_count = 0
        self._peak = np.zeros(channel_count)
        self._sum = np.zeros(channel_count)
        self.not_numbers = np.zeros(channel_count, dtype=np.int64)
        self._first = np.full(channel_count, -1, dtype=np.int64)
        self._clipped = 0
        self._sounding = 0
        self._identical = 0

    def add(self, segment: NDArray[np.float32]) -> None:
        """Count the next samples.

        Args:
            segment: (channel, sample); whole frames in every call but the last, so that frames lie where they would
                lie if the sound came in one piece.
        """
        if not segment.shape[1]:
            return
        # One look at the sum spares a look at every sample: NaN and infinity survive adding.
        with np.errstate(invalid="ignore"):
            sums = segment.sum(axis=1, dtype=np.float64)
        if not np.isfinite(sums).all():
            segment = self._add_not_numbers(segment)
            sums = segment.sum(axis=1, dtype=np.float64)
        self._sum += sums
        starts = np.arange(0, segment.shape[1], self._frame)
        peaks = np.maximum(np.maximum.reduceat(segment, starts, axis=1), -np.minimum.reduceat(segment, starts, axis=1))
        self._peak = np.maximum(self._peak, peaks.max(axis=1))
        if peaks.max() >= self._clip_level:
            magnitude = np.abs(segment)
            self._clipped += int(((magnitude >= self._clip_level) & (magnitude <= _NOT_BEYOND)).sum())
        self._add_frames(segment, starts, peaks.max(axis=0))
        self.sample_count += segment.shape[1]

    def _add_not_numbers(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        """Count the samples that are not numbers and put zeros in a copy."""
        wrong = ~np.isfinite(segment)
        new = wrong.any(axis=1) & (self._first < 0)
        self._first[new] = self.sample_count + wrong.argmax(axis=1)[new]
        self.not_numbers += wrong.sum(axis=1)
        return np.where(wrong, np.float32(0), segment)

    def _add_frames(self, segment: NDArray[np.float32], starts: NDArray[np.int64], peaks: NDArray[np.float32]) -> None:
        """Count frames that hold any sound, and those of them whose channels are the same."""
        lengths = np.diff(starts, append=segment.shape[1])
        self._sounding += int(lengths[peaks > 0].sum())
        if len(segment) < 2:
            return
        # One sample of each frame rules nearly all of them out.
        with np.errstate(over="ignore"):
            near = np.abs(segment[:, starts] - segment[0, starts]).max(axis=0) <= _SAME * peaks
            for frame in np.flatnonzero(near & (peaks > 0)):
                part = segment[:, starts[frame] : starts[frame] + lengths[frame]]
                if np.abs(part - part[0]).max() <= _SAME * peaks[frame]:
                    self._identical += int(lengths[frame])

    def report(self, promised_count: int | None = None, damage: str | None = None) -> SignalReport:
        """What has been counted so far.

        Args:
            promised_count: samples per channel by the header, where it says so.
            damage: why decoding stopped early, where it did.
        """
        rate = self._rate
        return SignalReport(
            sample_rate_hz=rate,
            sample_count=self.sample_count,
            peak=tuple(self._peak.tolist()),
            dc_offset=tuple((self._sum / max(self.sample_count, 1)).tolist()),
            clipped_fraction=self._clipped / max(self.sample_count * len(self._peak), 1),
            sounding_s=self._sounding / rate,
            identical_s=self._identical / rate,
            not_numbers=tuple(self.not_numbers.tolist()),
            first_not_number_s=tuple(None if at < 0 else at / rate for at in self._first.tolist()),
            promised_s=None if promised_count is None else promised_count / rate,
            damage=damage,
        )
