"""Large arrays by reference."""

from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from whence.scenes.shared_arrays import MappedFile, SharedBank


@dataclass(frozen=True)
class Bank:
    values: NDArray[np.int16]
    name: str


def test_memory_stays_the_same_memory():
    bank = Bank(np.arange(5, dtype=np.int16), "a")
    again = SharedBank.of(bank, "values").open()
    assert again.name == "a"
    assert np.shares_memory(again.values, bank.values)


def test_read_only_memory_passes_without_a_warning():
    values = np.arange(5, dtype=np.float16)
    values.flags.writeable = False
    assert SharedBank.of(Bank(values, "a"), "values").open().values.tolist() == [0, 1, 2, 3, 4]


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(1_000, dtype=np.int16).reshape(10, 100))
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_a_mapped_file_is_opened_anew(mapped):
    shared = SharedBank.of(Bank(mapped, "a"), "values")
    assert isinstance(shared.array, MappedFile)
    assert "x.npy" in shared.array.path
    again = shared.open().values
    assert isinstance(again, np.memmap)
    np.testing.assert_array_equal(again, mapped)


def test_a_slice_of_a_mapped_file_is_not_mistaken_for_the_file(mapped):
    again = SharedBank.of(Bank(mapped[3:5], "a"), "values").open().values
    np.testing.assert_array_equal(again, mapped[3:5])


def test_sending_memory_to_a_process_sends_a_handle_not_the_data():
    bank = Bank(np.zeros(500_000, dtype=np.int16), "a")
    shared = SharedBank.of(bank, "values")
    assert len(ForkingPickler.dumps(shared)) < 2_000
    assert isinstance(shared.array, torch.Tensor)
    assert shared.array.is_shared()
