"""Foreign checkpoints as named tensors, read without running anything they hold."""

import pickle
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from whence.errors import ModelError

# An archive says how much it unpacks to; YAMNet is 15 MB.
_MOST_ARRAY_BYTES = 1 << 28
_BROKEN_ARCHIVE = (
    *(ValueError, TypeError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The tensors and numbers of a foreign checkpoint.

    Torch files are read by its restricted reader, which builds tensors and plain containers and nothing else.
    A file that holds more is refused; there is no second way of reading it.

    Raises:
        ModelError: missing, unreadable, or holding more than tensors and numbers.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file" if not path.exists() else f"{path}: not a regular file")
    held = _read_arrays(path) if path.suffix == ".npz" else _read_torch(path)
    if not isinstance(held, Mapping):
        raise ModelError(f"{path}: holds {type(held).__name__}, not named tensors")
    return {str(name): value for name, value in held.items()}


def _read_torch(path: Path) -> Any:
    """A torch file through the restricted reader; scores saved as NumPy numbers are let through as numbers."""
    from numpy._core.multiarray import scalar

    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    allowed: list[Any] = [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *kinds]
    try:
        with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch thinks of old pickles is no use to who converts one
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError, AttributeError, TypeError, OSError):
        raise ModelError(
            f"{path}: refused: damaged, or it holds more than tensors and numbers, which could run code"
        ) from None


def _read_arrays(path: Path) -> dict[str, Tensor]:
    """Arrays of numbers; arrays of objects would be pickles and are refused."""
    try:
        # Opened here, because NumPy leaves a broken archive open.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > _MOST_ARRAY_BYTES:
                raise ModelError(f"{path}: refused: unpacks to {size:,} bytes; at most {_MOST_ARRAY_BYTES:,} are read")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(np.array(arrays[name], dtype=np.float32)) for name in arrays.files}
    except ModelError:
        raise
    except (*_BROKEN_ARCHIVE, MemoryError) as error:
        raise ModelError(f"{path}: refused: not an archive of number arrays ({error})") from None
