"""A sound that is being read, from a file or from memory: what is known about it, and its samples in blocks."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import AudioError

# No sound is recorded outside of these; a header that says so is damaged.
LOWEST_RATE_HZ = 1_000
HIGHEST_RATE_HZ = 1_000_000
# The level from which a sample counts as full scale, where the format does not end earlier.
FULL_SCALE = 0.9999
# An array with more rows has its axes exchanged.
_MOST_CHANNELS = 64
_BLOCK_SAMPLES = 1 << 16
_NUMBER = (int, float, np.integer, np.floating)
# What full scale is in each type of array.
_FULL_SCALE_OF = {"float32": 1.0, "float64": 1.0, "int16": 2.0**15, "int32": 2.0**31}


@dataclass(frozen=True)
class SoundInfo:
    """What a sound's header says, before anything is decoded.

    Args:
        sample_count: samples per channel as promised, None where the header does not say; a damaged file holds fewer.
        format: for people, such as "WAV PCM_16".

    >>> SoundInfo(24_000, 2, 120_000, "WAV PCM_16").duration_s
    5.0
    """

    sample_rate_hz: int
    channel_count: int
    sample_count: int | None
    format: str

    @property
    def duration_s(self) -> float:
        """Seconds as promised; NaN where the header does not say."""
        return math.nan if self.sample_count is None else self.sample_count / self.sample_rate_hz


@dataclass
class Sound:
    """One sound being read.

    Args:
        name: as shown in messages.
        info: what its header says.
        blocks: yields (sample, channel) float32 blocks of any length, each valid until the next; it ends where
            nothing more can be decoded, and then sets `damage` if that is not the sound's own end.
        check_unchanged: raises AudioError if the file has changed since it was opened.
        clip_level: the level from which a sample of this format is at full scale.
        integers: whether its format can hold only numbers in [-1, 1].
        length_unknown: whether the promise is a placeholder of a program that could not know the length.
        damage: why decoding stopped early, once it has.
    """

    name: str
    info: SoundInfo
    blocks: Callable[[], Iterator[NDArray[np.float32]]]
    check_unchanged: Callable[[], None]
    clip_level: float = FULL_SCALE
    integers: bool = False
    length_unknown: bool = False
    damage: str | None = None

    def __post_init__(self) -> None:
        rate = self.info.sample_rate_hz
        if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
            raise AudioError(f"impossible header (rate {rate})", where=self.name)
        if self.info.channel_count < 1:
            raise AudioError(f"impossible header ({self.info.channel_count} channels)", where=self.name)


def array_sound(pair: tuple[Any, ...]) -> Sound:
    """Return an array and its sample rate as a sound.

    Args:
        pair: (array, sample_rate_hz); the array is (channel, sample), float with full scale 1, or int16 or int32.

    Returns:
        the sound, without a copy of the whole array.

    Raises:
        AudioError: another shape or type.
    """
    if len(pair) != 2 or not isinstance(pair[0], np.ndarray) or not isinstance(pair[1], _NUMBER):
        raise AudioError("a sound in memory is given as (array, sample_rate_hz), the array shaped (channel, sample)")
    array, rate = pair
    if array.dtype.name not in _FULL_SCALE_OF:
        raise AudioError(f"the array holds {array.dtype}; a sound is float32, float64, int16 or int32")
    if array.ndim != 2:
        raise AudioError(f"the array is shaped {array.shape}; a sound is shaped (channel, sample)")
    if array.shape[0] > _MOST_CHANNELS >= array.shape[1] > 0:
        raise AudioError(f"the array is shaped {array.shape}; channels come first: (channel, sample)")
    if not float(rate).is_integer():
        raise AudioError(f"the array: a sample rate is a whole number of Hz, not {rate}")
    return Sound(
        name="the array",
        info=SoundInfo(int(rate), array.shape[0], array.shape[1], f"array {array.dtype}"),
        blocks=lambda: _array_blocks(array),
        check_unchanged=lambda: None,
        integers=array.dtype.kind == "i",
    )


def _array_blocks(array: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    """Yield (sample, channel) float32 pieces of the array."""
    scale = 1 / _FULL_SCALE_OF[array.dtype.name]
    for start in range(0, array.shape[1], _BLOCK_SAMPLES):
        piece = array[:, start : start + _BLOCK_SAMPLES].T
        # A float64 beyond what float32 holds becomes infinite, and is refused later with its position.
        with np.errstate(over="ignore"):
            yield (piece if scale == 1 else piece * scale).astype(np.float32)
