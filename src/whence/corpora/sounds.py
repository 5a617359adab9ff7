"""Sounds with their classes: listed on disk (`SoundEntry`), and decoded into one int16 array (`Sounds`)."""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from whence.errors import CorpusError
from whence.labels import ClassList

# Class indices of sounds that are mixed in but never labelled.
BACKGROUND = -1
INTERFERENCE = -2
# The smallest peak that is scaled up; anything quieter is silence.
_SMALLEST_PEAK = 1e-9


@dataclass(frozen=True)
class SoundEntry:
    """One sound file with its class.

    Args:
        path: the file.
        class_index: position in the class list, or BACKGROUND or INTERFERENCE.
        recording: the original recording, speaker, uploader or artist, which splits keep together.
        name: unique within its corpus, for people and logs.
        split: `train`, `val` or `test`, another word of the corpus's own, or empty.
        licence: as the corpus states it, empty where it does not.
    """

    path: Path
    class_index: int
    recording: str
    name: str
    split: str = ""
    licence: str = ""


def to_int16(waveform: NDArray[np.float32]) -> tuple[NDArray[np.int16], np.float32]:
    """Scale a waveform to use the whole int16 range.

    A quiet sound keeps 15 bits of resolution, so the rounding error stays 96 dB below its own peak.

    Args:
        waveform: (sample,) float32, any level.

    Returns:
        (sample,) int16, and the scale that gives the waveform back: int16 * scale.

    >>> samples, scale = to_int16(np.array([0.0, 0.004, -0.001], np.float32))
    >>> samples.tolist(), round(float(samples[1] * scale), 6)
    ([0, 32767, -8192], 0.004)
    """
    peak = max(float(np.abs(waveform).max(initial=0.0)), _SMALLEST_PEAK)
    scale = np.float32(peak / 32767)
    return np.round(waveform / scale).astype(np.int16), scale


class _MappedSamples(NamedTuple):
    """Where the samples of a memory map are."""

    path: str
    offset: int
    sample_count: int


@dataclass(frozen=True, eq=False)
class Sounds:
    """Mono sounds at 24 kHz with their classes, held as int16 so that hours fit into memory or map from a file.

    Args:
        samples: (sample,) int16, all sounds end to end; may be a memory map.
        first_sample: (sound + 1,) int64; sound i is samples[first_sample[i]:first_sample[i + 1]].
        scale: (sound,) float32; a sound's waveform is int16 * scale, so that quiet sounds keep their resolution.
        class_index: (sound,) int32; position in `classes`, or BACKGROUND or INTERFERENCE.
        recording: (sound,) the original recording or speaker, which splits keep together.
        name: (sound,) unique; for messages.
        classes: the class list that class_index points into.

    Raises:
        CorpusError: the columns do not fit each other.
    """

    samples: NDArray[np.int16]
    first_sample: NDArray[np.int64]
    scale: NDArray[np.float32]
    class_index: NDArray[np.int32]
    recording: tuple[str, ...]
    name: tuple[str, ...]
    classes: ClassList

    def __post_init__(self) -> None:
        count = len(self.name)
        lengths = {len(self.first_sample) - 1, len(self.scale), len(self.class_index), len(self.recording), count}
        if lengths != {count}:
            raise CorpusError(f"a sound table's columns differ in length: {sorted(lengths)}")
        if count and (int(self.first_sample[-1]) > len(self.samples) or (np.diff(self.first_sample) <= 0).any()):
            raise CorpusError("a sound table's bounds do not fit its samples; make the cache again")

    def __len__(self) -> int:
        return len(self.name)

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle: of samples mapped from a file only their location."""
        state = dict(vars(self))
        # A view of a map does not know its own offset in the file; it is pickled by value.
        if isinstance(self.samples, np.memmap) and isinstance(self.samples.base, mmap.mmap):
            state["samples"] = _MappedSamples(str(self.samples.filename), self.samples.offset, len(self.samples))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(mapped := state["samples"], _MappedSamples):
            state["samples"] = np.memmap(mapped.path, "<i2", "r", mapped.offset, (mapped.sample_count,))
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def waveform(self, sound: int) -> NDArray[np.float32]:
        """Return one whole sound, (sample,) float32."""
        first, end = self.first_sample[sound], self.first_sample[sound + 1]
        waveform: NDArray[np.float32] = self.samples[first:end].astype(np.float32)
        waveform *= self.scale[sound]
        return waveform

    def of_class(self, class_index: int) -> NDArray[np.intp]:
        """Return the indices of all sounds of one class (or of BACKGROUND, INTERFERENCE)."""
        return np.flatnonzero(self.class_index == class_index)

    @classmethod
    def from_waveforms(
        cls,
        waveforms: list[NDArray[np.float32]],
        class_index: list[int],
        name: list[str],
        recording: list[str],
        classes: ClassList,
    ) -> Self:
        """Return sounds in memory; each waveform is scaled to use the whole int16 range."""
        scaled = [to_int16(waveform) for waveform in waveforms]
        return cls(
            samples=np.concatenate([samples for samples, _ in scaled]) if scaled else np.zeros(0, np.int16),
            first_sample=np.cumsum([0, *(len(samples) for samples, _ in scaled)], dtype=np.int64),
            scale=np.array([scale for _, scale in scaled], dtype=np.float32),
            class_index=np.array(class_index, dtype=np.int32),
            recording=tuple(recording),
            name=tuple(name),
            classes=classes,
        )
