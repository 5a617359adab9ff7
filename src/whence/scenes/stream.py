"""A stream of rendered batches: batch number in, clips out, the same bytes in any process and any order."""

import dataclasses
import mmap
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from whence.corpora import Sounds
from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.render import RenderedBatch, render_batch
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene
from whence.scenes.settings import SceneSettings


@dataclasses.dataclass(eq=False)
class SceneStream(Dataset[RenderedBatch]):
    """An endless sequence of batches, each a function of (seed, batch number) alone.

    No state is kept between batches: worker count, order and interruptions cannot change a clip. To go on after a
    stop, ask for the next batch number.

    Args:
        seed: of the whole training.
        settings: what scenes are drawn from.
        sounds: the bank of sounds. Worker processes share it: memory maps are opened again, arrays in memory are moved
            to shared memory once.
        rooms: the bank of rooms, shared likewise.
        batch_clips: clips in a batch.
        batches_per_epoch: batches after which the epoch counter goes up by one.
        device: where clips are rendered. What is drawn does not depend on it; on a GPU the last bits of a clip do.

    Raises:
        SceneError: if a number is below one.
    """

    seed: int
    settings: SceneSettings
    sounds: Sounds
    rooms: RoomBank
    batch_clips: int
    batches_per_epoch: int
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        if self.batch_clips < 1 or self.batches_per_epoch < 1:
            raise SceneError(
                f"a stream of {self.batches_per_epoch} batches of {self.batch_clips} clips; both must be at least 1"
            )
        # Kept as long as the stream: the memory that a starting process is given must not be freed meanwhile.
        self._shared = SharedBank.of(self.sounds, "samples"), SharedBank.of(self.rooms, "responses")

    def __len__(self) -> int:
        """Batches in an epoch; numbers beyond belong to later epochs."""
        return self.batches_per_epoch

    def __getitem__(self, batch: int) -> RenderedBatch:
        """Render one batch of the whole training, counted from 0 through all epochs."""
        return self.render(self.scenes(batch))

    def render(self, scenes: Sequence[Scene]) -> RenderedBatch:
        """Render scenes that were drawn from these banks."""
        return render_batch(scenes, self.sounds, self.rooms, self.device)

    def scenes(self, batch: int) -> list[Scene]:
        """Draw the scenes of one batch without rendering them."""
        epoch, number = divmod(batch, self.batches_per_epoch)
        first = number * self.batch_clips
        return [
            draw_scene(self.seed, epoch, index, self.settings, self.sounds, self.rooms)
            for index in range(first, first + self.batch_clips)
        ]

    @property
    def is_rendered_by_workers(self) -> bool:
        """Whether processes render batches ahead; a GPU belongs to the process that trains, and they only draw."""
        return torch.device(self.device).type == "cpu"

    def loader(self, batches: Sequence[int], workers: int) -> Iterable[RenderedBatch]:
        """Give the batches of some numbers in order, prepared ahead of their use in worker processes.

        On a CPU they render, on a GPU they draw and this process renders.

        Args:
            batches: batch numbers, for instance range(step, last_step) to go on after a stop.
            workers: processes; 0 prepares in this one, when asked.
        """
        prepared = self if self.is_rendered_by_workers else DrawnBatches(self)
        loader = DataLoader(prepared, sampler=batches, batch_size=None, num_workers=workers)
        return loader if self.is_rendered_by_workers else map(self.render, loader)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the banks: their large arrays travel to a worker process by reference, not by value."""
        return {name: value for name, value in self.__dict__.items() if name not in ("sounds", "rooms")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the shared banks again."""
        self.__dict__.update(state)
        self.sounds, self.rooms = (bank.open() for bank in self._shared)


class DrawnBatches(Dataset[list[Scene]]):
    """The scenes of a stream's batches by number, drawn and not yet rendered.

    Args:
        stream: of which.
    """

    def __init__(self, stream: SceneStream) -> None:
        self.stream = stream

    def __getitem__(self, batch: int) -> list[Scene]:
        """Draw the scenes of one batch."""
        return self.stream.scenes(batch)


@dataclasses.dataclass(frozen=True)
class SharedBank:
    """A bank (any dataclass) with one large array, ready to be pickled.

    Args:
        kind: the dataclass.
        columns: its other fields by name.
        field: name of the large one.
        array: the large one, by reference: the arguments of `np.memmap`, or a tensor, which PyTorch moves to shared
            memory when it is sent.
    """

    kind: Callable[..., Any]
    columns: dict[str, Any]
    field: str
    array: tuple[Any, ...] | torch.Tensor

    @classmethod
    def of(cls, bank: Any, field: str) -> "SharedBank":
        """Take a bank apart."""
        columns = {entry.name: getattr(bank, entry.name) for entry in dataclasses.fields(bank) if entry.init}
        return cls(type(bank), columns, field, _reference(columns.pop(field)))

    def open(self) -> Any:
        """Put the bank together again; its large array is the same memory or file."""
        array = self.array.numpy() if isinstance(self.array, torch.Tensor) else np.memmap(*self.array)
        return self.kind(**self.columns, **{self.field: array})


def _reference(array: NDArray[Any]) -> tuple[Any, ...] | torch.Tensor:
    """A mapped file by name, anything else as a tensor."""
    # A slice of a mapped file has the file's name too, but not an offset of its own; its base is not the map itself.
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.flags.c_contiguous:
        return str(array.filename), array.dtype.str, "r", array.offset, array.shape
    with warnings.catch_warnings():
        # The banks are never written to.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))
