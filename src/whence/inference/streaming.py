"""Sound comes in pieces of any size, events come out as soon as they are final."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from whence.errors import InferenceError
from whence.inference.windows import frame_count_of
from whence.labels import Events
from whence.units import FRAME_S, FRAME_SAMPLES

Latency = Literal["best", "low"]

_PIECE_SAMPLES = 50 * FRAME_SAMPLES


class StreamModel(Protocol):
    """What a stream needs of a system; `NetworkSystem` has it."""

    def with_thresholds(self, thresholds: float | None) -> Self:
        """The same with one threshold for all classes; None leaves everything as it is."""

    def values(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is where in each frame of clips (clip, 2, sample), (clip, frame, ...)."""

    def decode(self, values: NDArray[np.float32]) -> Events:
        """The events of the values of one clip, (frame, ...)."""


@dataclass(frozen=True, eq=False)
class _Heard:
    """A window that the networks have heard; `values` (L, ...) is None for digital silence."""

    first_frame: int
    values: NDArray[np.float32] | None


class _Centred:
    """Windows of five seconds every 2.5; each frame is taken from the window in whose middle it lies best.

    The windows and the parts kept are those of a recording whose length is known, without knowing it.
    """

    window_frames = 50
    hop_frames = 25
    latency_s = window_frames * FRAME_S

    def __init__(self) -> None:
        self._last: _Heard | None = None

    def next_firsts(self, final: int, frame_count: int, ended: bool) -> list[int]:
        """The first frames of the next windows that can be heard, which do not depend on what is heard."""
        last = None if self._last is None else self._last.first_frame
        following = 0 if last is None else last + self.hop_frames
        firsts = list(range(following, frame_count - self.window_frames + 1, self.hop_frames))
        last = firsts[-1] if firsts else last
        end = max(frame_count - self.window_frames, 0)
        is_new = last is None or end > last
        return [*firsts, end] if ended and is_new and frame_count else firsts

    def final_parts(self, heard: _Heard, final: int, frame_count: int, ended: bool) -> list[tuple[_Heard, int]]:
        """Windows with the ends of the frames that are final from each, in order."""
        parts = []
        if self._last is not None:
            parts.append((self._last, math.ceil((self._last.first_frame + heard.first_frame + self.window_frames) / 2)))
        self._last = heard
        # Up to the middle nothing that comes can lie better; the rest waits for the next window.
        return [*parts, (heard, heard.first_frame + self.window_frames // 2 + 1)]

    def last_part(self, frame_count: int) -> list[tuple[_Heard, int]]:
        """What the last window still holds when the sound has ended."""
        return [] if self._last is None else [(self._last, frame_count)]


class _Latest:
    """Short windows that end now; what they say about their last 200 ms is final at once."""

    window_frames = 20
    hop_frames = 2
    latency_s = hop_frames * FRAME_S

    def next_firsts(self, final: int, frame_count: int, ended: bool) -> list[int]:
        """The first frame of the next window, alone; negative while less has been heard than a window holds."""
        end = min(final + self.hop_frames, frame_count) if ended else final + self.hop_frames
        return [end - self.window_frames] if final < end <= frame_count else []

    def final_parts(self, heard: _Heard, final: int, frame_count: int, ended: bool) -> list[tuple[_Heard, int]]:
        """The window and its end."""
        return [(heard, heard.first_frame + self.window_frames)]

    def last_part(self, frame_count: int) -> list[tuple[_Heard, int]]:
        """Nothing waits."""
        return []


class EventStream(Protocol):
    """What `feed_blocks` needs of a stream; `Stream` has it."""

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """Return the rows that this piece, (2, sample), makes final."""

    def finish(self) -> Events:
        """Return all remaining rows."""


def feed_blocks(
    stream: EventStream, blocks: Iterable[NDArray[np.float32]]
) -> Iterator[tuple[NDArray[np.float32], Events]]:
    """Feed blocks to a stream, then finish it.

    Yields:
        each block (2, sample) with the rows that became final; at last a block of no samples with the remaining rows.
    """
    for block in blocks:
        yield block, stream.feed(block)
    yield np.zeros((2, 0), np.float32), stream.finish()


_PLANS: dict[str, type[_Centred] | type[_Latest]] = {"best": _Centred, "low": _Latest}


class Stream:
    """A recording that is still going on, heard by a system.

    The events are the same whatever the sizes of the pieces, and memory does not grow with the recording.

    Args:
        system: of networks.
        latency: `best` hears five seconds around every moment and gives what `detect` gives for the whole recording;
            `low` hears two seconds up to now and answers every 200 ms.
        threshold: one threshold for all classes instead of the system's own.

    Attributes:
        latency_s: the longest time from a sound to its event, computing not counted.
        frame_count: label frames that are final.

    Raises:
        InferenceError: there is no such latency, or the threshold is not in 0..1.
    """

    def __init__(self, system: StreamModel, *, latency: Latency = "best", threshold: float | None = None) -> None:
        if latency not in _PLANS:
            raise InferenceError(f"latency is {latency!r}; it must be one of: {', '.join(_PLANS)}")
        self.system = system.with_thresholds(threshold)
        self._plan = _PLANS[latency]()
        self.latency_s = self._plan.latency_s
        self.frame_count = 0
        # As many frames before the first final one as a window may reach back, so that no window begins before it.
        self._kept = np.zeros((2, self._plan.window_frames * FRAME_SAMPLES), np.float32)
        self._kept_from = -self._plan.window_frames
        self._sample_count = 0
        self._ended = False

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """Hear some more.

        Args:
            signal: (2, any number of samples) float32 at 24 kHz, left first.

        Returns:
            rows of the frames that have become final; frames count from the beginning of the stream.

        Raises:
            InferenceError: the signal has another shape, or the stream has ended.
        """
        if signal.ndim != 2 or signal.shape[0] != 2:
            raise InferenceError(f"a signal has the shape (2, sample), this one {signal.shape}")
        if self._ended:
            raise InferenceError("this stream has ended; begin another")
        found = [Events.empty()]
        # A whole recording at once goes through like many pieces.
        for first in range(0, signal.shape[1], _PIECE_SAMPLES):
            piece = signal[:, first : first + _PIECE_SAMPLES]
            self._kept = np.concatenate((self._kept, piece), axis=1, dtype=np.float32)
            self._sample_count += piece.shape[1]
            found.append(self._hear(self._sample_count // FRAME_SAMPLES))
        return Events.concatenate(found)

    def finish(self) -> Events:
        """End the stream: rows of all frames that were not final yet; a frame that has begun counts."""
        self._ended = True
        frame_count = frame_count_of(self._sample_count)
        found = [self._hear(frame_count)]
        found += [self._rows(heard, end, frame_count) for heard, end in self._plan.last_part(frame_count)]
        return Events.concatenate(found)

    def _hear(self, frame_count: int) -> Events:
        """Hear every window that can be heard by now, several at a time where there are."""
        plan, found = self._plan, [Events.empty()]
        while firsts := plan.next_firsts(self.frame_count, frame_count, self._ended):
            for heard in self._heard(firsts):
                parts = plan.final_parts(heard, self.frame_count, frame_count, self._ended)
                found += [self._rows(heard, end, frame_count) for heard, end in parts]
            self._forget(firsts[-1])
        return Events.concatenate(found)

    def _heard(self, firsts: list[int]) -> list[_Heard]:
        """What the networks say about windows, given by their first frames."""
        audio = np.concatenate([self._audio(first) for first in firsts])
        # Digital silence holds nothing; networks never heard it in training and might think otherwise.
        sounding = [bool(window.any()) for window in audio]
        said = iter(self.system.values(audio[sounding]) if any(sounding) else ())
        return [_Heard(first, next(said) if sounds else None) for first, sounds in zip(firsts, sounding, strict=True)]

    def _audio(self, first: int) -> NDArray[np.float32]:
        """(1, 2, sample): the window from a label frame, zeros beyond the end of the sound."""
        begin = (first - self._kept_from) * FRAME_SAMPLES
        length = self._plan.window_frames * FRAME_SAMPLES
        audio = self._kept[:, begin : begin + length]
        return np.pad(audio, ((0, 0), (0, length - audio.shape[1])))[None]

    def _forget(self, first: int) -> None:
        """Drop the sound that no later window can reach: each begins after the one before."""
        gone = first - self._kept_from
        self._kept, self._kept_from = self._kept[:, gone * FRAME_SAMPLES :], first

    def _rows(self, heard: _Heard, end: int, frame_count: int) -> Events:
        """The rows of a window from the first frame that is not final yet up to `end`, which then are final."""
        begin, end = self.frame_count, min(end, frame_count)
        if begin >= end:
            return Events.empty()
        self.frame_count = end
        if heard.values is None:
            return Events.empty()
        kept = heard.values[begin - heard.first_frame : end - heard.first_frame]
        return self.system.decode(kept).shifted(begin)
