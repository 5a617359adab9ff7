"""A sound in pieces of a wanted length, whatever pieces it comes in."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from whence.audio.levelling import segment_samples
from whence.audio.sound import Sound

# From (sample, channel) blocks of a file to the (channel, sample) that is wanted of it.
Mix: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def segmented(sound: Sound, mix: Mix) -> Iterator[NDArray[np.float32]]:
    """The (channel, sample) segments, 10 s long but for the last, that a sound is corrected and counted in."""
    # A copy, because the decoder uses its buffer again, with each channel in one stretch of memory.
    mixed = (np.array(mix(block), order="C") for block in sound.blocks())
    if not sound.integers:
        mixed = (_without_denormals(block) for block in mixed)
    return regrouped(mixed, segment_samples(sound.info))


def _without_denormals(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zeros for numbers so small that processors slow down on them; they are 750 dB under full scale."""
    return np.where(np.abs(block) < np.finfo(np.float32).tiny, np.float32(0), block)


def regrouped(pieces: Iterator[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """The same samples in pieces of `size`, the last of what is left."""
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
    """The pieces as one array; a piece that is alone is not copied."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
