"""Sound files become trimmed int16 waveforms, several at once, in order."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.audio import read_sound
from whence.corpora.entries import SoundEntry
from whence.corpora.sounds import to_int16
from whence.errors import AudioError, CorpusError
from whence.units import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class DecodeSettings:
    """How sounds are decoded and which are refused.

    Args:
        silence_below: samples at both ends that stay below this absolute level are cut off; 0.0001 is 80 dB under
            full scale: what encoders leave of digital silence, below the noise of any microphone.
        longest_s: a longer sound is cut off after so many seconds.
        unreadable_share: up to this share of the files may be unreadable; they are left out and named in the log.

    Raises:
        CorpusError: if a value makes no sense.
    """

    silence_below: float = 1e-4
    longest_s: float = 30.0
    unreadable_share: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.silence_below < 1:
            raise CorpusError(f"silence_below is a level from 0 to 1, not {self.silence_below}")
        if not (math.isfinite(self.longest_s) and self.longest_s * SAMPLE_RATE_HZ >= 1):
            raise CorpusError(f"longest_s must be a positive number of seconds, not {self.longest_s}")
        if not 0 <= self.unreadable_share <= 1:
            raise CorpusError(f"unreadable_share lies between 0 and 1, not {self.unreadable_share}")


@dataclass(frozen=True)
class Decoded:
    """One sound: its int16 samples and scale, or else why there are none."""

    samples: NDArray[np.int16]
    scale: np.float32
    unreadable: str = ""

    @property
    def silent(self) -> bool:
        """Whether it was read and nothing can be heard in it."""
        return not self.unreadable and not len(self.samples)


def decode_sounds(entries: Sequence[SoundEntry], settings: DecodeSettings, jobs: int) -> Iterator[Decoded]:
    """Decode sounds in the order of the list.

    Threads do, since the decoders work outside of Python's lock; only a few sounds are ahead of the caller, so that
    memory does not grow with the list.

    Args:
        entries: the sounds.
        settings: how.
        jobs: files decoded at once.

    Yields:
        one result for each entry.
    """
    ahead = 4 * jobs
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for first in range(0, len(entries), ahead):
            yield from pool.map(lambda entry: _decode(entry, settings), entries[first : first + ahead])


def trim(waveform: NDArray[np.float32], silence_below: float) -> NDArray[np.float32]:
    """Cut digital silence off both ends.

    Args:
        waveform: (sample,) float32.
        silence_below: absolute level.

    Returns:
        (sample,) a view from the first to the last sample that reaches the level and is not zero; empty if none does.

    >>> trim(np.array([0.0, 0.00005, 0.5, 0.0, -0.2, 0.0], np.float32), 1e-4)
    array([ 0.5,  0. , -0.2], dtype=float32)
    """
    heard = np.abs(waveform) >= max(silence_below, np.finfo(np.float32).tiny)
    if not heard.any():
        return waveform[:0]
    return waveform[int(heard.argmax()) : len(heard) - int(heard[::-1].argmax())]


def _decode(entry: SoundEntry, settings: DecodeSettings) -> Decoded:
    """Decode one sound."""
    try:
        waveform = read_sound(entry.path, SAMPLE_RATE_HZ)
    except AudioError as error:
        return Decoded(np.zeros(0, np.int16), np.float32(0), str(error))
    samples, scale = to_int16(trim(waveform, settings.silence_below)[: round(settings.longest_s * SAMPLE_RATE_HZ)])
    return Decoded(samples, scale)
