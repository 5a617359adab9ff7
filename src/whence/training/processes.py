"""The processes of one training: one, or as many as `torchrun` started, each with a share of every batch."""

import atexit
import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property

import torch
from accelerate import PartialState
from accelerate.state import AcceleratorState

from whence.errors import GaveUpError, TrainingError
from whence.inference import checked_device

# Processes wait for the first while it chooses weights on thousands of clips; PyTorch would give up after 10 minutes.
_LONGEST_WAIT = timedelta(hours=3)
# How the libraries behind a process group say that one of its processes is gone.
_PEER_GONE = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "NCCL", "Timed out waiting")


class Processes:
    """The number of this process, its share of the work, and what all processes agree on.

    Batches are numbered for the whole training. With W processes, process r takes the r-th of W equal parts of each
    batch, which is batch `number * W + r` of a training with batches of that size, so that clips are the same however
    many share the work.

    Args:
        device: as `whence.inference.checked_device` takes it: `cpu`, `cuda`, `cuda:1`, `mps`, or None for the best
            there is.

    Raises:
        InferenceError: there is no such device.
        TrainingError: several processes for one device, or more on this machine than it has GPUs.
    """

    def __init__(self, device: str | None = None) -> None:
        wanted = torch.device(checked_device(device))
        _check_shared(wanted)
        if wanted.type == "cuda" and wanted.index is not None:
            # Accelerate takes the current one.
            torch.cuda.set_device(wanted)
        if PartialState._shared_state and PartialState().device.type != wanted.type:
            # Accelerate stays on the device of the first training of a program.
            AcceleratorState._reset_state(reset_partial_state=True)
        # Accelerate looks for other processes on the CPU only if it is told to compute there.
        self._state = PartialState(cpu=wanted.type == "cpu", timeout=_LONGEST_WAIT)
        # The communication threads must end before the interpreter does.
        atexit.register(self._state.destroy_process_group)

    @property
    def device(self) -> torch.device:
        """Where this process computes; of several processes on a machine each has its own GPU."""
        device: torch.device = self._state.device
        return device

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

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean of numbers over all processes; the same in all of them."""
        if self.count == 1:
            return values
        total = values.clone()
        torch.distributed.all_reduce(total)
        return total / self.count

    @contextlib.contextmanager
    def all_alive(self) -> Iterator[None]:
        """Say in one sentence within the block that another process of the training has ended.

        Raises:
            GaveUpError: the connection to another process is lost.
        """
        try:
            yield
        except RuntimeError as error:
            if self.count > 1 and any(word in str(error) for word in _PEER_GONE):
                raise GaveUpError(
                    "another process of this training has ended, and its message says why; the same command continues"
                ) from error
            raise


def _check_shared(device: torch.device) -> None:
    """Refuse several processes on one device; `torchrun` says how many there are, on all machines and on this one."""
    count, here = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if "LOCAL_RANK" not in os.environ or count == 1:
        return
    if device.type == "mps" or device.index is not None:
        raise TrainingError(
            f"device '{device}' is one device for {count} processes; with torchrun, choose cuda (each process takes "
            "its own GPU) or cpu"
        )
    if device.type == "cuda" and here > torch.cuda.device_count():
        raise TrainingError(
            f"{here} processes on this machine share {torch.cuda.device_count()} GPUs; start as many processes as it "
            "has GPUs (--nproc-per-node)"
        )
