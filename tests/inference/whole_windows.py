"""The slow twin of streams: windows over a recording of known length, and their values put together."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.units import FRAME_SAMPLES


@dataclass(frozen=True)
class Window:
    """A stretch of a recording and the part of it that counts.

    Args:
        first_frame: where the window begins, label frames.
        taken: label frames of the recording that are taken from this window: first and end.
    """

    first_frame: int
    taken: tuple[int, int]


def cut_windows(frame_count: int, window_frames: int = 50, hop_frames: int = 25) -> list[Window]:
    """Cover a recording with windows; every frame is taken from the window in whose middle it lies best.

    Windows overlap so that a network sees what comes before and after. Values are taken, not averaged: tracks of one
    window may have another order in the next.

    Args:
        frame_count: of the recording.
        window_frames: of a window; a shorter recording is one window, padded by the caller.
        hop_frames: from one window to the next, at most window_frames.

    Returns:
        windows in order; their taken parts follow each other without gap or overlap.

    >>> [(w.first_frame, w.taken) for w in cut_windows(90)]
    [(0, (0, 38)), (25, (38, 58)), (40, (58, 90))]
    """
    if frame_count <= window_frames:
        return [Window(0, (0, frame_count))]
    last = frame_count - window_frames
    firsts = sorted({*range(0, last, hop_frames), last})
    # Halfway between the middles of two neighbours is as far from the one as from the other.
    edges = [
        0,
        *(math.ceil((a + b + window_frames) / 2) for a, b in itertools.pairwise(firsts)),
        frame_count,
    ]
    return [Window(first, (edges[i], edges[i + 1])) for i, first in enumerate(firsts)]


def window_audio(
    signal: NDArray[np.float32], windows: Sequence[Window], window_frames: int = 50
) -> Iterator[NDArray[np.float32]]:
    """The samples of each window, (2, window_frames * 2400), zeros beyond the end of the recording."""
    length = window_frames * FRAME_SAMPLES
    for window in windows:
        first = window.first_frame * FRAME_SAMPLES
        part = signal[:, first : first + length]
        yield np.pad(part, ((0, 0), (0, length - part.shape[1]))) if part.shape[1] < length else part


def put_together(values: Sequence[NDArray[np.float32]], windows: Sequence[Window]) -> NDArray[np.float32]:
    """The taken parts of each window's values (L, ...) end to end: values of the whole recording."""
    return np.concatenate(
        [
            part[window.taken[0] - window.first_frame : window.taken[1] - window.first_frame]
            for part, window in zip(values, windows, strict=True)
        ]
    )
