"""One column of a table: numbers of the right type that nobody can change afterwards."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import LabelError

_Number = TypeVar("_Number", bound=np.generic)


def frozen_column(name: str, values: ArrayLike, dtype: type[_Number]) -> NDArray[_Number]:
    """Turn values into a read-only column, copying only what somebody else could still write into.

    A view of the caller's array would change with it, so a table would not be immutable; an array that
    is read-only down to its owner is shared, which keeps slices and readers free of copies.

    Args:
        name: the column's name, for messages.
        values: (row,) numbers; anything NumPy understands.
        dtype: np.int32 or np.float64.

    Returns:
        (row,) array of `dtype`, not writable.

    Raises:
        LabelError: not one number for each row, or for an integer column a value that is not a whole number of 32 bits.

    >>> frozen_column("frame", [0.0, 1.0], np.int32)
    array([0, 1], dtype=int32)
    """
    try:
        given: NDArray[Any] = np.asarray(values)
        given = given.astype(np.float64) if given.dtype == object else given
    except (TypeError, ValueError, OverflowError) as error:
        raise LabelError(f"{name} must hold numbers only ({error})") from None
    if given.dtype.kind not in "biuf":
        raise LabelError(f"{name} must hold numbers only, not {given.dtype.name}")
    if given.ndim != 1:
        raise LabelError(f"{name} must be a list with one number for each row, not of shape {given.shape}")
    if given.dtype == dtype:
        return given if _nobody_writes(given) else freeze(given.copy())
    with np.errstate(invalid="ignore", over="ignore"):
        column = given.astype(dtype)
    if np.dtype(dtype).kind == "i" and (column != given).any():
        row = int(np.argmax(column != given))
        raise LabelError(f"row {row}: {name} is {given[row]}; it must be a whole number of at most 32 bits")
    return freeze(column)


def freeze(array: NDArray[_Number]) -> NDArray[_Number]:
    """Make a fresh array of our own read-only."""
    array.flags.writeable = False
    return array


def _nobody_writes(array: NDArray[np.generic]) -> bool:
    """Whether neither the array nor any array it looks into is writable."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    # Bytes never change; a memory map or a foreign buffer might.
    return owner is None or isinstance(owner, bytes)
