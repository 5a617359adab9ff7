"""Recorded training data: a fixed set of clips, or Ambisonic recordings seen from any start and any viewing angle."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from whence.corpora import AudioFrameDataset, StereoWindows, check_lengths, draw_clip
from whence.errors import TrainingError
from whence.scenes import SceneSettings, augment_clip, draw_clip_augmentation
from whence.scenes.transforms import apply_peak_protection, apply_scene_mixing, draw_scene_mixing
from whence.training.data import Batch, Example, batch_of, loaded

_SWAP_PROBABILITY = 0.5


class RealData(ABC):
    """Recorded clips by number: the first, second, third ... recorded clip of a whole training.

    Args:
        seed: of everything drawn.
        augmentation: the settings of scenes by which clips are augmented and mixed in pairs; None swaps the channels of
            every other clip and changes nothing else.
    """

    def __init__(self, seed: int, augmentation: SceneSettings | None = None) -> None:
        self.seed = seed
        self.augmentation = augmentation

    @abstractmethod
    def read(self, numbers: range) -> list[Example]:
        """Read the numbered clips, without augmentation."""

    @abstractmethod
    def read_any(self, rng: np.random.Generator) -> Example:
        """Read a clip drawn at random, without augmentation."""

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield batches that `workers` processes read in advance; rounds through the clips do not end with epochs."""
        return loaded(_RealBatches(self, batch_clips), numbers, workers)

    def examples(self, numbers: range) -> list[Example]:
        """Return the numbered clips as they are trained on, a function of the seed and their numbers."""
        change = self._swapped if self.augmentation is None else self._augmented
        return [change(plain, number) for number, plain in zip(numbers, self.read(numbers), strict=True)]

    def is_swapped(self, number: int) -> bool:
        """Return whether a clip is mirrored where there is no other augmentation."""
        return bool(np.random.default_rng([self.seed, number, 1]).random() < _SWAP_PROBABILITY)

    def _swapped(self, plain: Example, number: int) -> Example:
        if not self.is_swapped(number):
            return plain
        return plain._replace(audio=plain.audio.flip(0), events=plain.events.mirrored())

    def _augmented(self, plain: Example, number: int) -> Example:
        """Augment a clip; sometimes mix in another one, augmented by itself. The result fits full scale."""
        settings = self.augmentation
        assert settings is not None
        rng = np.random.default_rng([self.seed, number, 2])
        level_db = draw_scene_mixing(rng, settings.scene_mixing)
        drawn = draw_clip_augmentation(rng, settings, plain.audio.shape[-1])
        audio, events = augment_clip(plain.audio, plain.events, drawn)
        name = plain.name
        if level_db is not None:
            other = self.read_any(rng)
            drawn = draw_clip_augmentation(rng, settings, other.audio.shape[-1])
            audio, events = apply_scene_mixing(audio, events, *augment_clip(other.audio, other.events, drawn), level_db)
            name = f"{name} + {other.name}"
        return Example(apply_peak_protection(audio[None])[0], events, name, plain.number)


class ClipData(RealData):
    """A fixed set of clips, shuffled in each round.

    Args:
        clips: with labels.
        seed: of order, swaps and augmentation.
        augmentation: see `RealData`.

    Raises:
        TrainingError: if there are no clips.
    """

    def __init__(self, clips: AudioFrameDataset, seed: int, augmentation: SceneSettings | None = None) -> None:
        super().__init__(seed, augmentation)
        if not len(clips):
            raise TrainingError("no clips to train on; name a folder that holds some")
        self.clips = clips

    def read(self, numbers: range) -> list[Example]:
        """Read the clips at these positions of the whole training; rounds through the set follow each other."""
        count = len(self.clips)
        rounds = {turn: self._order(turn) for turn in {number // count for number in numbers}}
        return [self._read(int(rounds[number // count][number % count])) for number in numbers]

    def read_any(self, rng: np.random.Generator) -> Example:
        """Read a clip drawn at random."""
        return self._read(int(rng.integers(len(self.clips))))

    def _order(self, turn: int) -> NDArray[np.int64]:
        """Return the order of one round."""
        return np.random.default_rng([self.seed, turn, 0]).permutation(len(self.clips))

    def _read(self, clip: int) -> Example:
        signal, table = self.clips[clip]
        return Example(torch.from_numpy(signal), table, self.clips.clips[clip].name, clip)


class RecordingData(RealData):
    """Ambisonic recordings in stereo: every clip has a start and a viewing angle of its own.

    A recording is drawn the more often the longer it is, start and angle evenly, as for the published clips.

    Args:
        windows: the recordings.
        seed: of windows, swaps and augmentation.
        augmentation: see `RealData`.

    Raises:
        CorpusError: there are no recordings, or one is shorter than five seconds.
    """

    def __init__(self, windows: StereoWindows, seed: int, augmentation: SceneSettings | None = None) -> None:
        super().__init__(seed, augmentation)
        check_lengths(windows)
        self.windows = windows

    def read(self, numbers: range) -> list[Example]:
        """Convert the windows at these positions of the whole training."""
        return [self.read_any(np.random.default_rng([self.seed, number, 3])) for number in numbers]

    def read_any(self, rng: np.random.Generator) -> Example:
        """Draw a window and convert it."""
        clip, signal = draw_clip(self.windows, rng)
        return Example(torch.from_numpy(signal), clip.read_events(self.windows.classes), clip.name)


class _RealBatches(Dataset[Batch]):
    """Batches of recorded clips by number, for loader processes."""

    def __init__(self, data: RealData, batch_clips: int) -> None:
        self.data, self.batch_clips = data, batch_clips

    def __getitem__(self, number: int) -> Batch:
        return batch_of(self.data.examples(range(number * self.batch_clips, (number + 1) * self.batch_clips)))
