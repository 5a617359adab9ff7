"""What was noticed about a sound, in numbers and in sentences, counted segment by segment."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.audio.sound import FULL_SCALE

# Below this a recording lacks much of what distinguishes the classes.
_LOW_RATE_HZ = 16_000
# Less than one label frame missing is not reported.
TOLERATED_GAP_S = 0.1
_REPORTED_CLIPPED = 1e-3
# Lossy coders overshoot full scale: white noise by 3 dB.
_REPORTED_PEAK = 1.5
_DEAD_TO_LIVE = 1e-4  # -80 dB
_MOSTLY = 0.95
_SOMETIMES = 0.1
_COPIED = 0.9
# Channels that differ less than this, relative to the loudest sample of the frame, are one channel twice (-80 dB).
_SAME = 1e-4
# Just over full scale, so that rounding does not hide a clipped sample; a float recording beyond it is not clipped.
_NOT_BEYOND = 1 + 1e-6


@dataclass(frozen=True)
class SignalReport:
    """What was noticed about a sound before anything was corrected.

    Args:
        sample_rate_hz: as recorded.
        sample_count: samples per channel.
        peak: the highest magnitude of each channel, 1 is full scale.
        dc_offset: the mean of each channel.
        clipped_fraction: share of all samples at full scale, 0..1.
        sounding_s: seconds that hold something other than digital silence, counted in tenths.
        identical_s: seconds of those in which all channels are the same.
        not_numbers: how many samples of each channel are NaN or infinite.
        first_not_number_s: when the first of them is in each channel; None where there is none.
        promised_s: duration by the header; None where it does not say.
        damage: why decoding stopped early, where it did and the header does not say how much is missing.
        notes: what else is wrong with the file, as predicates.
    """

    sample_rate_hz: int
    sample_count: int
    peak: tuple[float, ...]
    dc_offset: tuple[float, ...]
    clipped_fraction: float
    sounding_s: float
    identical_s: float
    not_numbers: tuple[int, ...]
    first_not_number_s: tuple[float | None, ...]
    promised_s: float | None = None
    damage: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds that the file holds."""
        return self.sample_count / self.sample_rate_hz

    @property
    def silent(self) -> bool:
        """Whether every sample is zero."""
        return not any(self.peak) and not any(self.not_numbers)

    @property
    def dead_channel(self) -> str | None:
        """The channel that is 80 dB or more under the other, "left" or "right"; None if there is none."""
        if len(self.peak) != 2 or self.silent or min(self.peak) > _DEAD_TO_LIVE * max(self.peak):
            return None
        return "left" if self.peak[0] < self.peak[1] else "right"

    @property
    def one_sided(self) -> bool:
        """Whether no direction can be told at all: silence, one silent channel, or one channel copied."""
        return self.silent or self.dead_channel is not None or self.identical_s > _COPIED * self.sounding_s

    @property
    def missing_s(self) -> float:
        """Seconds that the header promises and the file does not hold."""
        return max((self.promised_s or 0.0) - self.duration_s, 0.0)

    def not_numbers_sentence(self) -> str:
        """How many samples are not numbers and when the first is; empty if there are none."""
        count = sum(self.not_numbers)
        if not count:
            return ""
        found = [(at, channel) for channel, at in enumerate(self.first_not_number_s) if at is not None]
        first_s, channel = min(found)
        where = f" ({channel_name(channel, len(self.peak))})" if len(self.peak) > 1 else ""
        verb = "sample is not a number" if count == 1 else "samples are not numbers"
        return f"{count} {verb}, first at {first_s:.2f} s{where}"

    def warnings(self, name: str | None = None) -> list[str]:
        """Return what the user should know, one sentence each, most important first.

        Args:
            name: of the sound, put into each sentence.

        Returns:
            an empty list for a sound that is as it should be; silence is no fault.

        >>> report = SignalReport(8_000, 80_000, (0.5, 0.0), (0.0, 0.0), 0.0, 10.0, 0.0, (0, 0), (None, None))
        >>> report.warnings("a.wav")
        ['a.wav at 8 kHz holds nothing above 4 kHz; expect worse', 'a.wav: right channel is silent']
        """
        return self.losses(name) + self.doubts(name)

    def losses(self, name: str | None = None) -> list[str]:
        """Return the warnings about missing sound, and about a file that says something else than it holds."""
        found = [self._cut_short() or ("" if self.sample_count else "holds no sound"), *self.notes]
        return [f"{name or 'the signal'} {text}" for text in found if text]

    def doubts(self, name: str | None = None) -> list[str]:
        """Return the warnings about sound that is not what a stereo recording should be."""
        dead = self.dead_channel
        found = [
            self.not_numbers_sentence(),
            self._identical(),
            f"{dead} channel is silent" if dead else "",
            self._clipped(),
            self._peak(),
        ]
        low = self._low_rate()
        low_rate = [f"{name or 'the signal'} {low}"] if low else []
        return low_rate + [f"{name}: {text}" if name else text for text in found if text]

    def _cut_short(self) -> str:
        if self.promised_s is not None and self.missing_s >= TOLERATED_GAP_S:
            return f"is cut short: {self.duration_s:.1f} of {self.promised_s:.1f} s"
        return f"is read only up to {self.duration_s:.1f} s ({self.damage})" if self.damage else ""

    def _low_rate(self) -> str:
        if self.sample_rate_hz >= _LOW_RATE_HZ or not self.sample_count:
            return ""
        rate, half = f"{self.sample_rate_hz / 1000:g}", f"{self.sample_rate_hz / 2000:g}"
        return f"at {rate} kHz holds nothing above {half} kHz; expect worse"

    def _identical(self) -> str:
        if not self.identical_s or self.identical_s < _SOMETIMES * self.sounding_s:
            return ""
        whole = self.identical_s >= _MOSTLY * self.sounding_s
        consequence = "every azimuth will be 0" if whole else "azimuths there will be 0"
        lengths = f"{seconds(self.identical_s)} of {seconds(self.sounding_s)} s"
        channels = "left and right" if len(self.peak) == 2 else "all channels"
        return f"{channels} are identical in {lengths}: this looks like mono copied twice; {consequence}"

    def _clipped(self) -> str:
        clipped = self.clipped_fraction
        return f"{clipped:.1%}".replace("%", " %") + " of samples are clipped" if clipped >= _REPORTED_CLIPPED else ""

    def _peak(self) -> str:
        peak = max(self.peak, default=0.0)
        return f"peak {peak:.1f}, scaled" if peak >= _REPORTED_PEAK and math.isfinite(peak) else ""


def channel_name(channel: int, channel_count: int) -> str:
    """The name of a channel: left and right of two, else its number from 1."""
    return ("left", "right")[channel] if channel_count == 2 else f"channel {channel + 1}"


def seconds(duration_s: float) -> str:
    """Seconds as text, whole from ten on."""
    return f"{duration_s:.0f}" if duration_s >= 10 else f"{duration_s:.1f}"


class SampleCounts:
    """Counts what a report says about one sound, in constant memory.

    Args:
        channel_count: how many channels.
        sample_rate_hz: for times.
        frame: samples in a tenth of a second.
        clip_level: the level from which a sample counts as full scale.

    >>> counts = SampleCounts(2, 10, 1)
    >>> counts.add(np.array([[0.5, 0.5], [0.5, np.nan]], np.float32))
    >>> counts.report().not_numbers, counts.report().identical_s
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
            segment: (channel, sample); whole frames in every call but the last, so that frames are the same as if the
                sound came in one piece.
        """
        if not segment.shape[1]:
            return
        # The sum tells at once whether every sample is a number: NaN and infinity survive adding.
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
        # One sample of each frame is enough to exclude nearly all of them.
        with np.errstate(over="ignore"):
            near = np.abs(segment[:, starts] - segment[0, starts]).max(axis=0) <= _SAME * peaks
            for frame in np.flatnonzero(near & (peaks > 0)):
                part = segment[:, starts[frame] : starts[frame] + lengths[frame]]
                if np.abs(part - part[0]).max() <= _SAME * peaks[frame]:
                    self._identical += int(lengths[frame])

    def report(
        self, promised_count: int | None = None, damage: str | None = None, notes: Iterable[str] = ()
    ) -> SignalReport:
        """Report what has been counted so far.

        Args:
            promised_count: samples per channel by the header; None where it does not say.
            damage: why decoding stopped early; None where it did not.
            notes: what else is wrong with the file, as predicates.
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
            notes=tuple(notes),
        )
