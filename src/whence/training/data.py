"""Where training clips come from: endless scenes or a fixed set of clips, in batches asked for by number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from whence.corpora.dcase2025 import AudioFrameDataset
from whence.labels import Events
from whence.scenes.stream import SceneStream
from whence.training.errors import TrainingError


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips with their labels.

    Args:
        audio: (clip, 2, sample) float32.
        events: one table per clip.
        names: of the clips, for messages.
    """

    audio: torch.Tensor
    events: Sequence[Events]
    names: Sequence[str]


class TrainingData(Protocol):
    """Anything that gives batch number n of a training, the same whoever asks and whenever."""

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """The numbered batches in order; `epoch_steps` of them make an epoch."""


class SceneData:
    """Scenes mixed on the fly: no clip is seen twice.

    Args:
        stream: its own batch size is not used.
    """

    def __init__(self, stream: SceneStream) -> None:
        self.stream = stream

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Render ahead in so many processes."""
        stream = self.stream
        stream = SceneStream(
            stream.seed, stream.settings, stream.sounds, stream.rooms, batch_clips, epoch_steps, stream.device
        )
        for number, rendered in zip(numbers, stream.loader(numbers, workers), strict=True):
            epoch, place = divmod(number, epoch_steps)
            first = place * batch_clips
            names = [f"scene seed {stream.seed}, epoch {epoch}, index {first + i}" for i in range(batch_clips)]
            yield Batch(rendered.audio, rendered.events, names)


class ClipData:
    """A fixed set of clips, shuffled anew each epoch, channels swapped at random.

    Args:
        clips: with labels.
        seed: of order and swaps.
        swap_probability: how often a clip is mirrored, sound and labels.

    Raises:
        TrainingError: if there are no clips.
    """

    def __init__(self, clips: AudioFrameDataset, seed: int, swap_probability: float = 0.5) -> None:
        if not len(clips):
            raise TrainingError("no clips to train on")
        self.clips = clips
        self.seed = seed
        self.swap_probability = swap_probability

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Read ahead in so many processes."""
        dataset = _NumberedBatches(self, batch_clips, epoch_steps)
        yield from DataLoader(dataset, sampler=numbers, batch_size=None, num_workers=workers)

    def clip_numbers(self, number: int, batch_clips: int, epoch_steps: int) -> list[int]:
        """The clips of one batch: the set shuffled by (seed, round), rounds end to end."""
        first = number * batch_clips
        count = len(self.clips)
        rounds: dict[int, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
        chosen = []
        for position in range(first, first + batch_clips):
            turn, place = divmod(position, count)
            if turn not in rounds:
                rounds[turn] = np.random.default_rng([self.seed, turn, 0]).permutation(count)
            chosen.append(int(rounds[turn][place]))
        return chosen


class _NumberedBatches(Dataset[Batch]):
    """Batches of clips by number, for loader processes."""

    def __init__(self, data: ClipData, batch_clips: int, epoch_steps: int) -> None:
        self.data, self.batch_clips, self.epoch_steps = data, batch_clips, epoch_steps

    def __getitem__(self, number: int) -> Batch:
        data = self.data
        swapped = np.random.default_rng([data.seed, number, 1]).random(self.batch_clips) < data.swap_probability
        audio, events, names = [], [], []
        for clip, swap in zip(data.clip_numbers(number, self.batch_clips, self.epoch_steps), swapped, strict=True):
            signal, table = data.clips[clip]
            audio.append(torch.from_numpy(np.ascontiguousarray(signal[::-1]) if swap else signal))
            events.append(table.mirrored() if swap else table)
            names.append(data.clips.clips[clip].sound.name)
        return Batch(torch.stack(audio), events, names)
