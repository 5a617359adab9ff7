"""A sound that is being read, from a file or from memory: what is known about it, and its samples in blocks."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.errors import AudioError

# No sound is recorded outside of these; a header that says so is damaged.
LOWEST_RATE_HZ = 1_000
HIGHEST_RATE_HZ = 1_000_000
# The level from which a sample counts as full scale, where the format does not end earlier.
FULL_SCALE = 0.9999
_MOST_CHANNELS = 64
_BLOCK_SAMPLES = 1 << 16
_NUMBER = (int, float, np.integer, np.floating)
# What full scale is in each type of array.
_FULL_SCALE_OF = {
    **dict.fromkeys(("float16", "float32", "float64"), 1.0),
    **{"int8": 2.0**7, "uint8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31},
}
# Silence in a type without negative numbers.
_MIDDLE_OF = {"uint8": 2.0**7}


@dataclass(frozen=True)
class SoundInfo:
    """What a sound's header says, before anything is decoded.

    Args:
        sample_count: samples per channel as promised, None where the header does not say; a damaged file holds fewer.
        format: for people, such as "WAV PCM_16".
        channel_names: of its channels, in order; empty where the file does not tell, and the usual order is meant.

    >>> SoundInfo(24_000, 2, 120_000, "WAV PCM_16").duration_s
    5.0
    """

    sample_rate_hz: int
    channel_count: int
    sample_count: int | None
    format: str
    channel_names: tuple[str, ...] = ()

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
        notes: what the file does not say of itself, such as damage within it, as predicates: "has no sound from 1.0 to
            2.0 s". Complete when the blocks have ended.
    """

    name: str
    info: SoundInfo
    blocks: Callable[[], Iterator[NDArray[np.float32]]]
    check_unchanged: Callable[[], None]
    clip_level: float = FULL_SCALE
    integers: bool = False
    length_unknown: bool = False
    damage: str | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rate = self.info.sample_rate_hz
        if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
            raise AudioError(f"impossible header (rate {rate})", where=self.name)
        if self.info.channel_count < 1:
            raise AudioError(f"impossible header ({self.info.channel_count} channels)", where=self.name)


def array_sound(pair: tuple[Any, ...]) -> Sound:
    """Return an array and its sample rate as a sound.

    Args:
        pair: (array, sample_rate_hz); the array is (channel, sample), NumPy's or PyTorch's. One with more than 64 rows
            and at most 64 columns is (sample, channel), as soundfile returns it. Floats have full scale 1, int8, uint8,
            int16 and int32 that of their type.

    Returns:
        the sound, without a copy of the whole array.

    Raises:
        AudioError: another shape or type.
    """
    if len(pair) != 2 or not isinstance(pair[1], _NUMBER):
        raise AudioError("a sound in memory is given as (array, sample_rate_hz), the array shaped (channel, sample)")
    array, rate = _numpy(pair[0]), pair[1]
    if array.dtype.name not in _FULL_SCALE_OF:
        raise AudioError(f"the array holds {array.dtype}; a sound is one of {', '.join(_FULL_SCALE_OF)}")
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2:
        raise AudioError(f"the array is shaped {array.shape}; a sound is shaped (channel, sample)")
    if array.shape[0] > _MOST_CHANNELS >= array.shape[1] > 0:
        array = array.T
    if array.shape[0] > _MOST_CHANNELS:
        raise AudioError(f"the array is shaped {array.shape}; a sound has at most {_MOST_CHANNELS} channels")
    if not float(rate).is_integer():
        raise AudioError(f"the array: a sample rate is a whole number of Hz, not {rate}")
    return Sound(
        name="the array",
        info=SoundInfo(int(rate), array.shape[0], array.shape[1], f"array {array.dtype}"),
        blocks=lambda: _array_blocks(array),
        check_unchanged=lambda: None,
        integers=array.dtype.kind in "iu",
    )


def _numpy(array: Any) -> NDArray[Any]:
    """An array of NumPy, without a copy; PyTorch's tensors may be on a GPU and need gradients."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
        # NumPy has no bfloat16.
        array = (array.float() if str(array.dtype) == "torch.bfloat16" else array).numpy()
    if not isinstance(array, np.ndarray):
        what = f"a sound in memory is an array of NumPy or PyTorch, not {type(array).__name__}"
        raise AudioError(what, remedy="give (array, sample_rate_hz)")
    return array


def full_scale_one(signal: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples as float32 with full scale 1.

    Args:
        signal: of any shape; floats stay as they are, int8, uint8, int16 and int32 are divided by their full scale.

    Raises:
        AudioError: numbers of another type, of which nobody knows the full scale.

    >>> full_scale_one(np.array([-32768, 16384], np.int16)).tolist()
    [-1.0, 0.5]
    """
    name = signal.dtype.name
    if name == "float32":
        return signal
    if name not in _FULL_SCALE_OF:
        raise AudioError(f"the signal holds {signal.dtype}; a sound is one of {', '.join(_FULL_SCALE_OF)}")
    # A float64 beyond what float32 holds becomes infinite, and is refused later with its position.
    with np.errstate(over="ignore"):
        centred = signal - _MIDDLE_OF[name] if name in _MIDDLE_OF else signal
        scale = 1 / _FULL_SCALE_OF[name]
        return (centred if scale == 1 else centred * scale).astype(np.float32)


def _array_blocks(array: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    """Yield (sample, channel) float32 pieces of the array."""
    for start in range(0, array.shape[1], _BLOCK_SAMPLES):
        yield full_scale_one(array[:, start : start + _BLOCK_SAMPLES].T)
