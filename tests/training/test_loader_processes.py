"""Processes that prepare batches: their faults end the training in one sentence."""

import resource
import signal
from dataclasses import dataclass

import pytest
import torch
from torch.utils.data import Dataset

from whence.errors import MACHINE_GAVE_UP, GaveUpError
from whence.training.data import loaded


@dataclass(frozen=True)
class Sounds:
    audio: torch.Tensor
    names: list[str]


class WithoutSharedMemory(Dataset):
    """Batches of a process that, from its second on, may write no file of more than a kilobyte."""

    def __getitem__(self, number):
        if number:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        return [Sounds(torch.full((2, 5000), float(number)), ["a"])]


def _waits(*_):
    raise TimeoutError("the training waits")


def test_a_process_that_cannot_write_shared_memory_says_so_and_the_training_stops():
    signal.signal(signal.SIGALRM, _waits)
    signal.alarm(60)
    batches = loaded(WithoutSharedMemory(), range(3), 1)
    assert next(batches)[0].audio[0, 0] == 0
    with pytest.raises(GaveUpError, match=r"cannot write shared memory \(.*\); make room in /dev/shm") as raised:
        next(batches)
    signal.alarm(0)
    assert raised.value.exit_code == MACHINE_GAVE_UP
