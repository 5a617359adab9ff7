"""The processes of one training: alone, or as many as `torchrun` started, each with a share of a batch."""

import atexit
from functools import cached_property

import torch
from accelerate import PartialState

from whence.errors import TrainingError


class Processes:
    """Which process this is, and what all of them have to agree about.

    Batches are numbered for the whole training. With W processes, process r takes the r-th of W equal parts of each
    batch, which is batch `number * W + r` of a training with batches of that size, so that clips are the same however
    many share the work.

    Args:
        device: `cpu`, or None for the best there is.
    """

    def __init__(self, device: str | None = None) -> None:
        self._state = PartialState(cpu=device == "cpu")
        # The threads that talk to the others must end before the interpreter does.
        atexit.register(self._state.destroy_process_group)

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device: torch.device = self._state.device
        return device

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self._state.num_processes)

    @cached_property
    def rank(self) -> int:
        """Which one this is, from 0; the first alone writes."""
        return int(self._state.process_index)

    @property
    def is_first(self) -> bool:
        """Whether this one validates, writes and talks."""
        return self.rank == 0

    def clips_of(self, batch_clips: int) -> int:
        """How many clips of a batch are this process's.

        Raises:
            TrainingError: the batch cannot be shared out evenly.
        """
        if batch_clips % self.count:
            raise TrainingError(
                f"batches of {batch_clips} clips cannot be shared by {self.count} processes; choose a multiple"
            )
        return batch_clips // self.count

    def numbers(self, first: int, end: int) -> range:
        """This process's parts of the batches first .. end - 1, as batch numbers of `clips_of` clips."""
        return range(first * self.count + self.rank, end * self.count, self.count)

    def wait(self) -> None:
        """Until all are here."""
        self._state.wait_for_everyone()

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all hear the same answer at the same step."""
        if self.count == 1:
            return flag
        said = torch.tensor(int(flag), device=self.device)
        torch.distributed.all_reduce(said, torch.distributed.ReduceOp.MAX)
        return bool(said.item())
