"""Streams: sound comes in pieces of any size, events come out as soon as they are final."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones, corrected, full_scale_one, told_microphones
from whence.errors import InferenceError
from whence.labels import Events
from whence.units import FRAME_S, FRAME_SAMPLES

Latency = Literal["best", "low"]

_PIECE_SAMPLES = 50 * FRAME_SAMPLES


def frame_count_of(sample_count: int) -> int:
    """Count the label frames of a recording, including one that has only begun.

    >>> frame_count_of(2_400), frame_count_of(2_401), frame_count_of(1)
    (1, 2, 1)
    """
    return -(-sample_count // FRAME_SAMPLES)


class StreamModel(Protocol):
    """The part of `NetworkSystem` that a stream uses."""

    @property
    def channel_count(self) -> int:
        """How many channels its clips have."""

    def for_microphones(self, microphones: Microphones | None) -> Self:
        """Return the model for sound of these microphones; None changes nothing."""

    def with_thresholds(self, thresholds: float | None) -> Self:
        """Return the same model with one threshold for all classes; None changes nothing."""

    def values(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values (clip, frame, ...) of clips (clip, channel, sample)."""

    def decode(self, values: NDArray[np.float32]) -> Events:
        """Return the events of the values of one clip, (frame, ...)."""


@dataclass(frozen=True, eq=False)
class _Window:
    """A window with its predicted values (L, ...); None for digital silence."""

    first_frame: int
    values: NDArray[np.float32] | None


class _Centred:
    """Windows of five seconds every 2.5; each frame is taken from the window whose centre is nearest.

    The result is that of windows over the whole recording, whose length need not be known in advance.
    """

    window_frames = 50
    hop_frames = 25
    latency_s = window_frames * FRAME_S

    def __init__(self) -> None:
        self._last: _Window | None = None

    def next_firsts(self, final: int, frame_count: int, ended: bool) -> list[int]:
        """Return the first frames of the next windows that are complete, whatever their values will be."""
        last = None if self._last is None else self._last.first_frame
        following = 0 if last is None else last + self.hop_frames
        firsts = list(range(following, frame_count - self.window_frames + 1, self.hop_frames))
        last = firsts[-1] if firsts else last
        end = max(frame_count - self.window_frames, 0)
        is_new = last is None or end > last
        return [*firsts, end] if ended and is_new and frame_count else firsts

    def final_parts(self, window: _Window) -> list[tuple[_Window, int]]:
        """Return windows with the ends of the frames that are final from each, in order."""
        parts = []
        if self._last is not None:
            edge = math.ceil((self._last.first_frame + window.first_frame + self.window_frames) / 2)
            parts.append((self._last, edge))
        self._last = window
        # No later window can be nearer to the frames up to the centre; the others wait for the next window.
        return [*parts, (window, window.first_frame + self.window_frames // 2 + 1)]

    def last_part(self, frame_count: int) -> list[tuple[_Window, int]]:
        """Return the last window, from which the remaining frames are taken when the sound has ended."""
        return [] if self._last is None else [(self._last, frame_count)]


class _Latest:
    """Windows of two seconds that end now; the values of their last 200 ms are final at once."""

    window_frames = 20
    hop_frames = 2
    latency_s = hop_frames * FRAME_S

    def next_firsts(self, final: int, frame_count: int, ended: bool) -> list[int]:
        """Return the first frame of the next window; negative while the sound is shorter than a window."""
        end = min(final + self.hop_frames, frame_count) if ended else final + self.hop_frames
        return [end - self.window_frames] if final < end <= frame_count else []

    def final_parts(self, window: _Window) -> list[tuple[_Window, int]]:
        """Return the window and its end."""
        return [(window, window.first_frame + self.window_frames)]

    def last_part(self, frame_count: int) -> list[tuple[_Window, int]]:
        """Return nothing: no frame waits."""
        return []


class EventStream(Protocol):
    """The part of `Stream` that `feed_blocks` uses."""

    def feed(self, signal: NDArray[Any]) -> Events:
        """Return the rows that this piece, (channel, sample), makes final."""

    def finish(self) -> Events:
        """Return all remaining rows."""


def feed_blocks(
    stream: EventStream, blocks: Iterable[NDArray[np.float32]]
) -> Iterator[tuple[NDArray[np.float32], Events]]:
    """Feed blocks to a stream, then finish it.

    Yields:
        each block (channel, sample) with the rows that became final; at last no samples with the remaining rows.
    """
    block = np.zeros((2, 0), np.float32)
    for block in blocks:
        yield block, stream.feed(block)
    yield block[:, :0], stream.finish()


_PLANS: dict[str, type[_Centred] | type[_Latest]] = {"best": _Centred, "low": _Latest}


class Stream:
    """The events of a recording that is still going on.

    The events are the same whatever the sizes of the pieces, and memory does not grow with the recording.

    Args:
        system: whose events these are.
        latency: `best` sees five seconds around every moment and gives what `detect` gives for the whole recording;
            `low` sees the last two seconds and gives events every 200 ms.
        threshold: one threshold for all classes instead of the system's own.
        microphones: what the sound is recorded with: a description, its name, or None where that is not known.
            Gains and exchanged channels of the description are corrected. Ambisonics are four channels.

    Attributes:
        microphones: the description.
        channel_count: how many channels the sound has.
        latency_s: the longest time from a sound to its event, without the time to compute it.
        frame_count: label frames that are final.

    Raises:
        AudioError: there are no such microphones.
        InferenceError: there is no such latency, or the threshold is not in 0..1.
    """

    def __init__(
        self,
        system: StreamModel,
        *,
        latency: Latency = "best",
        threshold: float | None = None,
        microphones: Microphones | str | None = None,
    ) -> None:
        if latency not in _PLANS:
            raise InferenceError(f"latency is {latency!r}; it must be one of: {', '.join(_PLANS)}")
        self.microphones = told_microphones(microphones)
        self.system = system.with_thresholds(threshold).for_microphones(self.microphones)
        self.channel_count = self.system.channel_count if self.microphones is None else self.microphones.channel_count
        self._plan = _PLANS[latency]()
        self.latency_s = self._plan.latency_s
        self.frame_count = 0
        # Zeros before the beginning, as many as a window may reach back.
        self._buffer = np.zeros((self.system.channel_count, self._plan.window_frames * FRAME_SAMPLES), np.float32)
        self._buffer_first = -self._plan.window_frames
        self._sample_count = 0
        self._ended = False

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """Process the next piece of sound.

        Args:
            signal: (channel, any number of samples) at 24 kHz; of two channels left first. Floats have full scale 1,
                integers that of their type. Samples that are not numbers count as 0.

        Returns:
            rows of the frames that have become final; frames count from the beginning of the stream.

        Raises:
            AudioError: the signal holds numbers of another type.
            InferenceError: the signal has another shape, or the stream has ended.
        """
        if signal.ndim != 2 or signal.shape[0] != self.channel_count:
            shape = f"({self.channel_count}, sample)"
            raise InferenceError(f"a signal has the shape {shape}, this one {signal.shape}")
        if self._ended:
            raise InferenceError("this stream has ended; begin another")
        signal = full_scale_one(signal)
        # One such sample would otherwise be in every average from here on.
        if not np.isfinite(signal).all():
            signal = np.where(np.isfinite(signal), signal, np.float32(0))
        signal = corrected(signal, self.microphones)
        found = [Events.empty()]
        # A whole recording at once goes through in pieces too, so that memory stays bounded.
        for first in range(0, signal.shape[1], _PIECE_SAMPLES):
            piece = signal[:, first : first + _PIECE_SAMPLES]
            self._buffer = np.concatenate((self._buffer, piece), axis=1, dtype=np.float32)
            self._sample_count += piece.shape[1]
            found.append(self._process(self._sample_count // FRAME_SAMPLES))
        return Events.concatenate(found)

    def finish(self) -> Events:
        """End the stream and return the rows of all remaining frames, including one that has only begun."""
        self._ended = True
        frame_count = frame_count_of(self._sample_count)
        found = [self._process(frame_count)]
        found += [self._rows(window, end, frame_count) for window, end in self._plan.last_part(frame_count)]
        return Events.concatenate(found)

    def _process(self, frame_count: int) -> Events:
        """Predict every window that is complete by now, all at once, and return the rows that become final."""
        plan, found = self._plan, [Events.empty()]
        while firsts := plan.next_firsts(self.frame_count, frame_count, self._ended):
            for window in self._windows(firsts):
                found += [self._rows(part, end, frame_count) for part, end in plan.final_parts(window)]
            self._forget(firsts[-1])
        return Events.concatenate(found)

    def _windows(self, firsts: list[int]) -> list[_Window]:
        """Predict windows, given by their first frames."""
        audio = np.concatenate([self._audio(first) for first in firsts])
        # Digital silence holds no events; networks have not seen it in training and might predict some.
        sounding = [bool(window.any()) for window in audio]
        predicted = iter(self.system.values(audio[sounding]) if any(sounding) else ())
        return [_Window(first, next(predicted) if loud else None) for first, loud in zip(firsts, sounding, strict=True)]

    def _audio(self, first: int) -> NDArray[np.float32]:
        """(1, channel, sample): the window from a label frame, zeros beyond the end of the sound."""
        begin = (first - self._buffer_first) * FRAME_SAMPLES
        length = self._plan.window_frames * FRAME_SAMPLES
        audio = self._buffer[:, begin : begin + length]
        return np.pad(audio, ((0, 0), (0, length - audio.shape[1])))[None]

    def _forget(self, first: int) -> None:
        """Drop the sound that no later window needs: each begins after the one before."""
        gone = first - self._buffer_first
        self._buffer, self._buffer_first = self._buffer[:, gone * FRAME_SAMPLES :], first

    def _rows(self, window: _Window, end: int, frame_count: int) -> Events:
        """Return the rows of a window from the first frame that is not final up to `end`, which makes them final."""
        begin, end = self.frame_count, min(end, frame_count)
        if begin >= end:
            return Events.empty()
        self.frame_count = end
        if window.values is None:
            return Events.empty()
        values = window.values[begin - window.first_frame : end - window.first_frame]
        return self.system.decode(values).shifted(begin)
