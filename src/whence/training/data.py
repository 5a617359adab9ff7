"""Training data in batches by number; endless scenes; and the processes that prepare batches."""

import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from whence.audio import Microphones, named_microphones
from whence.errors import GaveUpError, WhenceError, WorkerDiedError
from whence.labels import Events
from whence.scenes import DrawnBatches, RenderedBatch, SceneStream, draw_scene, render_batch

_Item = TypeVar("_Item")
_SHARED_MEMORY_REMEDY = "make room in /dev/shm (docker: --shm-size=2g), raise ulimit -f and -n, or give --workers 0"
# The pair of recorded clips: stereo from Ambisonics, as the challenge makes it.
_RECORDED = named_microphones("dcase")


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips with their labels.

    Args:
        audio: (clip, 2, sample) float32.
        events: one table per clip.
        names: of the clips, for messages.
        numbers: of the clips in a fixed set; empty where no clip comes twice.
        microphones: the pair of each clip; empty where they are not known.
    """

    audio: torch.Tensor
    events: Sequence[Events]
    names: Sequence[str]
    numbers: Sequence[int] = ()
    microphones: Sequence[Microphones] = ()


class Example(NamedTuple):
    """One clip of a batch.

    Args:
        audio: (2, sample) float32.
        events: its labels.
        name: for messages.
        number: in a fixed set; None where no clip comes twice.
        microphones: the pair.
    """

    audio: torch.Tensor
    events: Events
    name: str
    number: int | None = None
    microphones: Microphones = _RECORDED


def batch_of(examples: Sequence[Example]) -> Batch:
    """Return clips of equal length as a batch."""
    audio, events, names, numbers, microphones = zip(*examples, strict=True)
    fixed = [number for number in numbers if number is not None]
    return Batch(torch.stack(audio), events, names, fixed, microphones)


class TrainingData(Protocol):
    """Anything that gives batch number n of a training, always the same for the same n."""

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield the numbered batches in order; `epoch_steps` of them are an epoch."""


class SceneData:
    """Scenes mixed on the fly; no clip comes twice.

    Args:
        stream: of scenes; its own batch size is not used. Its device renders batches of scenes alone; scenes beside
            recorded clips are rendered on the CPU.
    """

    def __init__(self, stream: SceneStream) -> None:
        self.stream = stream

    def batches(self, numbers: range, batch_clips: int, epoch_steps: int, workers: int) -> Iterator[Batch]:
        """Yield batches that `workers` processes render in advance, or draw for a GPU."""
        stream = self.stream
        stream = SceneStream(
            stream.seed, stream.settings, stream.sounds, stream.rooms, batch_clips, epoch_steps, stream.device
        )
        rendered_batches: Iterator[RenderedBatch] = (
            loaded(stream, numbers, workers)
            if stream.is_rendered_by_workers
            else map(stream.render, loaded(DrawnBatches(stream), numbers, workers))
        )
        for number, rendered in zip(numbers, rendered_batches, strict=True):
            epoch, step = divmod(number, epoch_steps)
            first = step * batch_clips
            names = [self._name(epoch, first + i) for i in range(batch_clips)]
            yield Batch(rendered.audio, rendered.events, names, microphones=rendered.microphones)

    def examples(self, positions: Sequence[int], epoch_clips: int) -> list[Example]:
        """Return the scenes at some positions of the whole training, counted in clips."""
        if not positions:
            return []
        stream, places = self.stream, [divmod(position, epoch_clips) for position in positions]
        scenes = [draw_scene(stream.seed, *place, stream.settings, stream.sounds, stream.rooms) for place in places]
        # Loader processes ask for them, and a GPU belongs to the process that trains.
        rendered = render_batch(scenes, stream.sounds, stream.rooms)
        return [
            Example(audio, events, self._name(*place), microphones=microphones)
            for audio, events, microphones, place in zip(
                rendered.audio, rendered.events, rendered.microphones, places, strict=True
            )
        ]

    def _name(self, epoch: int, index: int) -> str:
        return f"scene seed {self.stream.seed}, epoch {epoch}, index {index}"


class _ErrorsAsValues(Dataset[Any], Generic[_Item]):
    """A dataset that returns its own errors as values: a loader process would wrap them in its traceback."""

    def __init__(self, inner: Dataset[_Item]) -> None:
        self.inner = inner

    def __getitem__(self, number: int) -> _Item | WhenceError:
        try:
            item = self.inner[number]
            if get_worker_info() is not None:
                _share(item)
        except WhenceError as error:
            return error
        return item


def _share(item: Any) -> None:
    """Move the tensors of an item into shared memory, through which a loader process hands them over.

    Torch would do it in a thread of its own, whose errors are printed and leave the training waiting for ever.

    Raises:
        GaveUpError: the system gives no shared memory.
    """
    if isinstance(item, torch.Tensor):
        try:
            item.share_memory_()  # type: ignore[no-untyped-call]
        except (RuntimeError, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            what = f"a process that prepares batches cannot write shared memory ({reason})"
            raise GaveUpError(what, remedy=_SHARED_MEMORY_REMEDY) from None
    elif isinstance(item, list | tuple):
        for part in item:
            _share(part)
    elif is_dataclass(item):
        for part in fields(item):
            _share(getattr(item, part.name))


def loaded(dataset: Dataset[_Item], numbers: range, workers: int) -> Iterator[_Item]:
    """Yield the numbered items in order, made by `workers` processes.

    Raises:
        WhenceError: raised by the dataset, in any process.
        GaveUpError: a process cannot write shared memory.
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
        what = "a process that prepares batches was killed (out of memory, or /dev/shm is full?)"
        raise WorkerDiedError(what) from None


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
