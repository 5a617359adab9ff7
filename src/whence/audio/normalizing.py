"""Segments of a sound without constant offset and without peaks over full scale, the same however it is read.

Both corrections need to know what follows, and a sound may be a day long. So they look one segment (10 s) ahead:
the offset, a property of the recorder that does not change, is measured in the first segment and subtracted from all;
the level is lowered when a segment holds a higher peak than all before, and stays there. For a sound of up to 10 s
this is the usual peak normalization; in a longer one every sample depends only on itself, its segment and those
before, never on how many samples are asked for at a time. All channels get one gain, because the level difference
between left and right is the direction.

A click that is far louder than everything around it says nothing about the level of the recording: such moments are
lowered by themselves, and nothing after them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whence.audio.sound import Sound, SoundInfo
from whence.units import FRAME_S

# From the (sample, channel) blocks of a file to the (channel, sample) that is wanted of it.
Mix: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]

SEGMENT_S = 10.0
_MOST_SEGMENT_SAMPLES = 2_000_000
# An offset is removed where it would add energy to the lowest band: relative to the sound, and in absolute terms.
_OFFSET_TO_SOUND = 0.1
_LEAST_OFFSET = 1e-3
# In less than a second, the mean belongs to the shape of a sound; removing it would put a step into its silence.
_OFFSET_FRAMES = 10
# Moments are looked for in steps of this part of a frame (5 ms).
_STEPS_OF_FRAME = 20
# At most 1 step in 50 is a moment (0.2 s of a segment), and must be 12 dB over all the others.
_STEPS_A_MOMENT = 50
_MOMENT_TO_REST = 4.0


def frame_samples(info: SoundInfo) -> int:
    """Samples in a tenth of a second at a sound's own rate."""
    return max(round(info.sample_rate_hz * FRAME_S), 1)


def segment_samples(info: SoundInfo) -> int:
    """Samples in a segment at a sound's own rate: 10 s of whole frames, or two million samples if that is less."""
    frame = frame_samples(info)
    return min(round(SEGMENT_S / FRAME_S), max(_MOST_SEGMENT_SAMPLES // frame, 1)) * frame


def segmented(sound: Sound, mix: Mix) -> Iterator[NDArray[np.float32]]:
    """Yield the (channel, sample) segments, all 10 s long but the last, that a sound is corrected and counted in."""
    # A copy, because the decoder reuses its buffer, with each channel contiguous in memory.
    mixed = (np.array(mix(block), order="C") for block in sound.blocks())
    if not sound.integers:
        mixed = (_without_denormals(block) for block in mixed)
    return regrouped(mixed, segment_samples(sound.info))


def _without_denormals(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zeros for numbers so small that processors slow down on them; they are 750 dB under full scale."""
    return np.where(np.abs(block) < np.finfo(np.float32).tiny, np.float32(0), block)


def regrouped(pieces: Iterator[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """Yield the same samples in pieces of `size`, the last of what is left."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for piece in pieces:
        rest = piece
        while count + rest.shape[1] >= size:
            yield joined([*held, rest[:, : size - count]])
            rest, held, count = rest[:, size - count :], [], 0
        if rest.shape[1]:
            held.append(rest)
            count += rest.shape[1]
    if count:
        yield joined(held)


def joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The pieces as one array; a single piece is not copied."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


class Normalizer:
    """Corrects the segments of one sound, in order.

    Args:
        frame: samples in a tenth of a second: how long a change of gain takes.
        offset: of each channel, where earlier segments are known; None before the first.
        gain: after them.

    >>> normalizer = Normalizer(frame=4)
    >>> normalizer.apply(np.array([[2.0, -1.0], [0.5, 0.0]], np.float32))
    array([[ 1.  , -0.5 ],
           [ 0.25,  0.  ]], dtype=float32)
    """

    def __init__(self, frame: int, offset: Sequence[float] | None = None, gain: float = 1.0) -> None:
        self._frame = frame
        self._offset = None if offset is None else np.array(offset, dtype=np.float64)[:, None]
        self.gain = gain

    @property
    def offset(self) -> list[float]:
        """What is subtracted from each channel; 0 where nothing is."""
        return [] if self._offset is None else self._offset[:, 0].tolist()

    def look(self, segment: NDArray[np.float32]) -> NDArray[np.float64] | NDArray[np.float32]:
        """Take note of the next segment, and return it without offset.

        Args:
            segment: (channel, sample), finite, of any length.
        """
        return self._looked(segment)[0]

    def _looked(self, segment: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """The segment without offset, and the peaks of its steps where some of them are moments."""
        if self._offset is None:
            self._offset = self._measured(segment)
        # In double precision a sum of the largest float32 numbers cannot overflow.
        centred = segment - self._offset if self._offset.any() else segment
        peak, peaks = float(max(centred.max(initial=0), -centred.min(initial=0))), None
        if peak * self.gain > 1:
            steps = self._step_peaks(centred)
            rest = _rest_of(steps)
            if peak > max(rest, 1 / self.gain) * _MOMENT_TO_REST:
                peak, peaks = float(steps[steps <= rest * _MOMENT_TO_REST].max(initial=0)), steps
        if peak * self.gain > 1:
            self.gain = 1 / peak
        return centred, peaks

    def apply(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        """Correct the next segment.

        Args:
            segment: (channel, sample), finite, of any length.

        Returns:
            the same shape, within [-1, 1]; the segment itself where nothing is to be done.
        """
        first, before = self._offset is None, self.gain
        centred, peaks = self._looked(segment)
        if self.gain == 1 and peaks is None:
            return centred.astype(np.float32, copy=False)
        level = np.full(segment.shape[1], self.gain)
        if not first and before != self.gain:
            # A sudden step is a click, which may be detected as an event.
            level[: self._frame] = np.linspace(before, self.gain, self._frame, endpoint=False)[: len(level)]
        if peaks is not None:
            level *= self._lowered(peaks, len(level))
        corrected: NDArray[np.float32] = np.clip(centred * level, -1, 1).astype(np.float32)
        return corrected

    def _step_peaks(self, segment: NDArray[Any]) -> NDArray[np.float64]:
        """The highest magnitude over all channels in each step of a segment."""
        starts = np.arange(0, segment.shape[1], max(self._frame // _STEPS_OF_FRAME, 1))
        high, low = np.maximum.reduceat(segment, starts, axis=1), np.minimum.reduceat(segment, starts, axis=1)
        peaks: NDArray[np.float64] = np.maximum(high, -low).max(axis=0).astype(np.float64)
        return peaks

    def _lowered(self, peaks: NDArray[np.float64], sample_count: int) -> NDArray[np.float64]:
        """The further gain of each sample: falling in the step before a moment, and rising in the step after it."""
        gains = 1 / np.maximum(peaks * self.gain, 1)
        # At the border of two steps, the lower of their gains.
        borders = np.minimum(np.append(gains, gains[-1]), np.insert(gains, 0, gains[0]))
        step = max(self._frame // _STEPS_OF_FRAME, 1)
        lowered: NDArray[np.float64] = np.interp(np.arange(sample_count), np.arange(len(borders)) * step, borders)
        return lowered

    def _measured(self, segment: NDArray[np.float32]) -> NDArray[np.float64]:
        """(channel, 1): the offset of each channel that has one; too short a sound has none, only a shape."""
        if segment.shape[1] < _OFFSET_FRAMES * self._frame:
            return np.zeros((len(segment), 1))
        mean = segment.mean(axis=1, dtype=np.float64, keepdims=True)
        large = np.abs(mean) >= _LEAST_OFFSET
        if large.any():
            large &= np.abs(mean) >= _OFFSET_TO_SOUND * segment.std(axis=1, dtype=np.float64, keepdims=True)
        return np.where(large, mean, 0.0)


def _rest_of(peaks: NDArray[np.float64]) -> float:
    """The highest of the peaks of steps but for as many of them as may be moments."""
    moments = -(-len(peaks) // _STEPS_A_MOMENT) if len(peaks) > _STEPS_OF_FRAME else 0
    return float(np.partition(peaks, len(peaks) - 1 - moments)[len(peaks) - 1 - moments])
