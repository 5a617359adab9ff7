"""Samples that are in memory already are read like a file."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.audio.sound import Sound, SoundInfo
from whence.errors import AudioError

_BLOCK_SAMPLES = 1 << 16
_MOST_CHANNELS = 64  # an array with more rows has its axes exchanged
_NUMBER = (int, float, np.integer, np.floating)
# What full scale is in each type.
_FULL_SCALE = {"float32": 1.0, "float64": 1.0, "int16": 2.0**15, "int32": 2.0**31}


def array_sound(pair: tuple[Any, ...]) -> Sound:
    """Take an array and its sample rate for a sound.

    Args:
        pair: (array, sample_rate_hz); the array is (channel, sample), float with full scale 1, or int16 or int32.

    Returns:
        the sound; the array is not copied as a whole.

    Raises:
        AudioError: another shape or type.
    """
    if len(pair) != 2 or not isinstance(pair[0], np.ndarray) or not isinstance(pair[1], _NUMBER):
        raise AudioError("a sound in memory is given as (array, sample_rate_hz), the array shaped (channel, sample)")
    array, rate = pair
    if array.dtype.name not in _FULL_SCALE:
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
        blocks=lambda: _blocks(array),
        check_unchanged=lambda: None,
        integers=array.dtype.kind == "i",
    )


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    """(sample, channel) float32 pieces of the array."""
    scale = 1 / _FULL_SCALE[array.dtype.name]
    for start in range(0, array.shape[1], _BLOCK_SAMPLES):
        piece = array[:, start : start + _BLOCK_SAMPLES].T
        # A float64 beyond what float32 holds becomes infinite, and is then refused by name and place.
        with np.errstate(over="ignore"):
            yield (piece if scale == 1 else piece * scale).astype(np.float32)
