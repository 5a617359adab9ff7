"""A stream of rendered batches: batch number in, clips out, the same bytes whoever asks and in whatever order."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from whence.corpora import Sounds
from whence.errors import SceneError
from whence.scenes.draw import draw_scene
from whence.scenes.render import RenderedBatch, render_batch
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Scene
from whence.scenes.settings import SceneSettings
from whence.scenes.shared_arrays import SharedBank


class SceneStream(Dataset[RenderedBatch]):
    """An endless row of batches, each a function of (seed, batch number) alone.

    Nothing is remembered from one batch to the next: no worker count, no order, no interruption can change a clip.
    To go on after a stop, ask for the next batch number.

    Args:
        seed: of the whole training.
        settings: what scenes are drawn from.
        sounds: the bank of sounds. Worker processes share it: memory maps are opened anew, arrays in memory are moved
            to shared memory once.
        rooms: the bank of rooms, shared likewise.
        batch_clips: clips in a batch.
        batches_per_epoch: after so many batches the epoch counter goes up by one.
        device: where clips are rendered.

    Raises:
        SceneError: if a number is below one.
    """

    def __init__(
        self,
        seed: int,
        settings: SceneSettings,
        sounds: Sounds,
        rooms: RoomBank,
        batch_clips: int,
        batches_per_epoch: int,
        device: torch.device | str = "cpu",
    ) -> None:
        if batch_clips < 1 or batches_per_epoch < 1:
            raise SceneError(f"a stream of {batches_per_epoch} batches of {batch_clips} clips; both must be at least 1")
        self.seed = seed
        self.settings = settings
        self.sounds = sounds
        self.rooms = rooms
        self.batch_clips = batch_clips
        self.batches_per_epoch = batches_per_epoch
        self.device = torch.device(device)
        # Kept for as long as the stream: the memory that a starting process is given must not be freed meanwhile.
        self._shared = SharedBank.of(sounds, "samples"), SharedBank.of(rooms, "responses")

    def __len__(self) -> int:
        """Batches in an epoch; numbers beyond belong to later epochs."""
        return self.batches_per_epoch

    def __getitem__(self, batch: int) -> RenderedBatch:
        """Render one batch of the whole training, counted from 0 through all epochs."""
        return render_batch(self.scenes(batch), self.sounds, self.rooms, self.device)

    def scenes(self, batch: int) -> list[Scene]:
        """Draw the scenes of one batch without rendering them."""
        epoch, place = divmod(batch, self.batches_per_epoch)
        first = place * self.batch_clips
        return [
            draw_scene(self.seed, epoch, index, self.settings, self.sounds, self.rooms)
            for index in range(first, first + self.batch_clips)
        ]

    def loader(self, batches: Sequence[int], workers: int) -> "DataLoader[RenderedBatch]":
        """Render the given batches in order, ahead of their use in so many processes (0: in this one).

        Args:
            batches: batch numbers, for instance range(step, last_step) to go on after a stop.
            workers: processes.

        Raises:
            SceneError: worker processes for a device that is not the CPU.
        """
        if workers and self.device.type != "cpu":
            raise SceneError(f"{workers} workers cannot share the device {self.device}; use 0 workers there")
        return DataLoader(self, sampler=batches, batch_size=None, num_workers=workers)

    def __getstate__(self) -> dict[str, Any]:
        """What travels to a worker process: the banks' large arrays by reference, not by value."""
        return {name: value for name, value in self.__dict__.items() if name not in ("sounds", "rooms")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the arrays up again."""
        self.__dict__.update(state)
        self.sounds, self.rooms = (bank.open() for bank in self._shared)
