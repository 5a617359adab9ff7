"""The processes of one training: one, or as many as `torchrun` started, each with a share of every batch."""

import atexit
from functools import cached_property

import torch
from accelerate import PartialState

from whence.errors import TrainingError


class Processes:
    """The number of this process, its share of the work, and what all processes agree on.

    Batches are numbered for the whole training. With W processes, process r takes the r-th of W equal parts of each
    batch, which is batch `number * W + r` of a training with batches of that size, so that clips are the same however
    many share the work.

    Args:
        device: `cpu`, or None for the best there is.
    """

    def __init__(self, device: str | None = None) -> None:
        self._state = PartialState(cpu=device == "cpu")
        # The communication threads must end before the interpreter does.
        atexit.register(self._state.destroy_process_group)

    @cached_property
    def count(self) -> int:
        """The number of processes."""
        return int(self._state.num_processes)

    @cached_property
    def rank(self) -> int:
        """The number of this process, from 0; only the first writes."""
        return int(self._state.process_index)

    @property
    def is_first(self) -> bool:
        """Whether this process validates, writes and logs."""
        return self.rank == 0

    def clips_of(self, batch_clips: int) -> int:
        """Return the number of clips of a batch that this process takes.

        Raises:
            TrainingError: the batch cannot be shared out evenly.
        """
        if batch_clips % self.count:
            raise TrainingError(
                f"batches of {batch_clips} clips cannot be shared by {self.count} processes; choose a multiple"
            )
        return batch_clips // self.count

    def numbers(self, first: int, end: int) -> range:
        """Return this process's parts of the batches first .. end - 1, as numbers of batches of `clips_of` clips."""
        return range(first * self.count + self.rank, end * self.count, self.count)

    def wait(self) -> None:
        """Wait for all processes."""
        self._state.wait_for_everyone()

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process; the same in all of them."""
        if self.count == 1:
            return flag
        highest = torch.tensor(int(flag), device=self._state.device)
        torch.distributed.all_reduce(highest, torch.distributed.ReduceOp.MAX)
        return bool(highest.item())
