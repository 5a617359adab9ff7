"""Large arrays travel to other processes by reference: a mapped file by its name, memory as shared memory."""

import dataclasses
import mmap
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class SharedBank:
    """A bank (any dataclass) with one large array, ready to be pickled.

    Args:
        kind: the dataclass.
        columns: its other fields by name.
        field: name of the large one.
        array: the large one, by reference.
    """

    kind: Callable[..., Any]
    columns: dict[str, Any]
    field: str
    array: "MappedFile | torch.Tensor"

    @classmethod
    def of(cls, bank: Any, field: str) -> "SharedBank":
        """Take a bank apart."""
        columns = {entry.name: getattr(bank, entry.name) for entry in dataclasses.fields(bank) if entry.init}
        return cls(type(bank), columns, field, _reference(columns.pop(field)))

    def open(self) -> Any:
        """Put the bank together again; its large array is the same memory or file."""
        array = self.array.open() if isinstance(self.array, MappedFile) else self.array.numpy()
        return self.kind(**self.columns, **{self.field: array})


@dataclasses.dataclass(frozen=True)
class MappedFile:
    """A memory-mapped array: where it lies and how to read it."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def open(self) -> NDArray[Any]:
        """Map the file anew."""
        return np.memmap(self.path, dtype=self.dtype, mode="r", offset=self.offset, shape=self.shape)


def _reference(array: NDArray[Any]) -> MappedFile | torch.Tensor:
    """A mapped file by name; anything else as a tensor, which PyTorch moves to shared memory when it is sent."""
    # A slice of a mapped file has the file's name too, but not an offset of its own; its base is not the map itself.
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.flags.c_contiguous:
        return MappedFile(str(array.filename), array.dtype.str, array.shape, array.offset)
    with warnings.catch_warnings():
        # Nobody writes to it, so that it is read-only does not matter.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))
