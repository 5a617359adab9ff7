"""Training data: endless scenes or a fixed set of clips, in batches by number."""

import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from whence.corpora import AudioFrameDataset
from whence.errors import TrainingError, WhenceError, WorkerDiedError
from whence.labels import Events
from whence.scenes import RenderedBatch, SceneStream

_Item = TypeVar("_Item")


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips with their labels.

    Args:
        audio: (clip, 2, sample) float32.
        events: one table per clip.
        names: of the clips, for messages.
        numbers: of the clips in a fixed set; empty where no clip comes twice.
    """

    audio: torch.Tensor
    events: Sequence[Events]
    names: Sequence[str]
    numbers: Sequence[int] = ()


class TrainingData(Protocol):
    """Anything that gives batch number n of a training, always the same for the same n."""

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield the numbered batches in order; `epoch_steps` of them are an epoch."""


class SceneData:
    """Scenes mixed on the fly; no clip comes twice.

    Args:
        stream: of scenes; its own batch size is not used.
    """

    def __init__(self, stream: SceneStream) -> None:
        self.stream = stream

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield batches that `workers` processes render in advance."""
        stream = self.stream
        stream = SceneStream(
            stream.seed, stream.settings, stream.sounds, stream.rooms, batch_clips, epoch_steps, stream.device
        )
        rendered_batches: Iterator[RenderedBatch] = _loaded(stream, numbers, workers)
        for number, rendered in zip(numbers, rendered_batches, strict=True):
            epoch, step = divmod(number, epoch_steps)
            first = step * batch_clips
            names = [f"scene seed {stream.seed}, epoch {epoch}, index {first + i}" for i in range(batch_clips)]
            yield Batch(rendered.audio, rendered.events, names)


class ClipData:
    """A fixed set of clips, shuffled in each round, channels swapped at random.

    Args:
        clips: with labels.
        seed: of order and swaps.
        swap_probability: how often a clip is mirrored, sound and labels.

    Raises:
        TrainingError: if there are no clips.
    """

    def __init__(self, clips: AudioFrameDataset, seed: int, swap_probability: float = 0.5) -> None:
        if not len(clips):
            raise TrainingError("no clips to train on; name a folder that holds some")
        self.clips = clips
        self.seed = seed
        self.swap_probability = swap_probability

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield batches that `workers` processes read in advance; rounds through the clips do not end with epochs."""
        return _loaded(_ClipBatches(self, batch_clips), numbers, workers)

    def drawn(self, positions: range) -> list[tuple[int, bool]]:
        """Return which clip is at each position of the whole training, and whether it is mirrored.

        Args:
            positions: clips counted from the first of the training; rounds through the set follow each other.
        """
        count = len(self.clips)
        rounds = {turn: self._order(turn) for turn in {position // count for position in positions}}
        swaps = [np.random.default_rng([self.seed, position, 1]).random() for position in positions]
        return [
            (int(rounds[position // count][position % count]), bool(swap < self.swap_probability))
            for position, swap in zip(positions, swaps, strict=True)
        ]

    def _order(self, turn: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Return the order of one round."""
        return np.random.default_rng([self.seed, turn, 0]).permutation(len(self.clips))


class _ClipBatches(Dataset[Batch]):
    """Batches of clips by number, for loader processes."""

    def __init__(self, data: ClipData, batch_clips: int) -> None:
        self.data, self.batch_clips = data, batch_clips

    def __getitem__(self, number: int) -> Batch:
        clips = self.data.clips
        audio, events, names, numbers = [], [], [], []
        for clip, swap in self.data.drawn(range(number * self.batch_clips, (number + 1) * self.batch_clips)):
            signal_, table = clips[clip]
            audio.append(torch.from_numpy(np.ascontiguousarray(signal_[::-1]) if swap else signal_))
            events.append(table.mirrored() if swap else table)
            names.append(clips.clips[clip].sound.name)
            numbers.append(clip)
        return Batch(torch.stack(audio), events, names, numbers)


class _ErrorsAsValues(Dataset[Any], Generic[_Item]):
    """A dataset that returns its own errors as values: a loader process would wrap them in its traceback."""

    def __init__(self, inner: Dataset[_Item]) -> None:
        self.inner = inner

    def __getitem__(self, number: int) -> _Item | WhenceError:
        try:
            return self.inner[number]
        except WhenceError as error:
            return error


def _loaded(dataset: Dataset[_Item], numbers: range, workers: int) -> Iterator[_Item]:
    """Yield the numbered items in order, made by `workers` processes.

    Raises:
        WhenceError: raised by the dataset, in any process.
        WorkerDiedError: a process was killed.
    """
    loader = DataLoader(
        _ErrorsAsValues(dataset), sampler=numbers, batch_size=None, num_workers=workers, worker_init_fn=_ignore_signals
    )
    try:
        for item in _started(loader):
            if isinstance(item, WhenceError):
                raise item
            yield item
    except (RuntimeError, ConnectionError, EOFError) as error:
        # The last two: the process was killed while it sent a batch.
        if isinstance(error, RuntimeError) and "exited unexpectedly" not in str(error):
            raise
        raise WorkerDiedError("a process that prepares batches was killed (out of memory?)") from None


def _started(loader: "DataLoader[Any]") -> Iterator[Any]:
    """Start a loader, and remove the signal handler that it installs.

    The handler would raise as soon as a process dies, even halfway through an update of the weights. Without it the
    loss is noticed when the next batch is due, a few seconds later.
    """
    handler = signal.getsignal(signal.SIGCHLD)
    if getattr(handler, "__module__", "").startswith("torch."):
        # An earlier loader of this process has left its handler.
        handler = signal.SIG_DFL
    items = iter(loader)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, handler)
    return items


def _ignore_signals(_: int) -> None:
    """Ignore Ctrl-C and a scheduler's SIGTERM, which reach every process; only the one that trains reacts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
