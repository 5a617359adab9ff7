"""A sound in the middle of being read: what is known about it, and its samples in blocks, once, from the start."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.errors import AudioError

# Outside of this no sound is recorded; a header that says so is damaged.
LOWEST_RATE_HZ = 1_000
HIGHEST_RATE_HZ = 1_000_000
# The level from which a sample counts as full scale, where the format does not end earlier.
FULL_SCALE = 0.9999


@dataclass(frozen=True)
class SoundInfo:
    """What a sound's header says, before anything is decoded.

    Args:
        sample_rate_hz: samples per second and channel.
        channel_count: how many channels.
        sample_count: samples per channel as promised, which a damaged file may not hold; nothing where not said.
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
        """Seconds as promised; NaN where not said."""
        return math.nan if self.sample_count is None else self.sample_count / self.sample_rate_hz


@dataclass
class Sound:
    """One sound being read.

    Args:
        name: as shown in messages.
        info: what its header says.
        blocks: yields (sample, channel) float32 blocks of no fixed length that may be overwritten by the next; it
            ends where nothing more can be decoded, and then sets `damage` if that is not the sound's own end.
        check_unchanged: raises AudioError if the file is no longer what it was when opened.
        clip_level: from here on a sample of this format is at full scale.
        integers: whether its format cannot hold anything but numbers in [-1, 1].
        length_unknown: whether the promise is a stand-in of a program that could not know.
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
            raise AudioError(f"{self.name}: impossible header (rate {rate})")
        if self.info.channel_count < 1:
            raise AudioError(f"{self.name}: impossible header ({self.info.channel_count} channels)")
