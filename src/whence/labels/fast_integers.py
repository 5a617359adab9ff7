"""Text that holds nothing but rows of whole numbers becomes an integer table, at hundreds of megabytes a second."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whence.labels.columns import freeze

_COMMA, _NEWLINE, _MINUS, _ZERO, _NINE = b",\n-09"
# More digits might not fit into 32 bits.
_MOST_DIGITS = 9
# The arrays made from a block this long stay in the processor's cache: twice as fast as the whole text at once.
_BLOCK_BYTES = 1 << 18


def parse_integer_rows(text: bytes, signed: Sequence[bool]) -> NDArray[np.int32] | None:
    r"""Read comma-separated rows of whole numbers, or find that the text is not exactly that.

    No text is interpreted here that leaves room for doubt: a plus sign, a space, a decimal point, an empty
    line, a missing value all give None, and a parser that can name the line has to look.

    Args:
        text: rows of `len(signed)` numbers in ASCII digits, split by commas, each row ended by a newline.
        signed: for each column, whether a minus sign may stand before the digits.

    Returns:
        (column, row) int32, read-only, or None if anything is out of the ordinary.

    >>> parse_integer_rows(b"0,8,-30\n1,8,-31\n", signed=[False, False, True])
    array([[  0,   1],
           [  8,   8],
           [-30, -31]], dtype=int32)
    >>> parse_integer_rows(b"0,8,30.0\n", signed=[False, False, True]) is None
    True
    """
    numbers = np.empty((len(signed), text.count(b"\n")), np.int32)
    characters = np.frombuffer(text, np.uint8)
    first_byte = first_row = 0
    while first_byte < len(text):
        # A row that is longer than a block cannot be one of short numbers.
        end_byte = text.rfind(b"\n", first_byte, first_byte + _BLOCK_BYTES) + 1
        rows = _parse_block(characters[first_byte:end_byte], signed) if end_byte else None
        if rows is None:
            return None
        numbers[:, first_row : first_row + rows.shape[1]] = rows
        first_byte, first_row = end_byte, first_row + rows.shape[1]
    return freeze(numbers)


def _parse_block(characters: NDArray[np.uint8], signed: Sequence[bool]) -> NDArray[np.int32] | None:
    """The numbers of whole rows, (column, row), or None."""
    if characters.max() > _NINE:
        return None
    marks = np.flatnonzero(characters < _ZERO)
    minus = characters[marks] == _MINUS
    ends = marks[~minus]
    if len(ends) % len(signed):
        return None
    separators = characters[ends].reshape(-1, len(signed))
    if (separators[:, :-1] != _COMMA).any() or (separators[:, -1] != _NEWLINE).any():
        return None
    starts = np.append(0, ends[:-1] + 1).reshape(-1, len(signed))
    ends = ends.reshape(-1, len(signed))
    numbers = np.empty((len(signed), len(ends)), np.int32)
    minus_left = int(np.count_nonzero(minus))
    for column, may_be_negative in enumerate(signed):
        negative = characters[starts[:, column]] == _MINUS if may_be_negative and minus_left else False
        digits = ends[:, column] - starts[:, column] - negative
        if digits.min() < 1 or digits.max() > _MOST_DIGITS:
            return None
        numbers[column] = _values(characters, ends[:, column], digits)
        np.negative(numbers[column], out=numbers[column], where=negative)
        minus_left -= int(np.count_nonzero(negative))
    # Any other minus stands inside a number or in a column that has none.
    return None if minus_left else numbers


def _values(characters: NDArray[np.uint8], ends: NDArray[np.intp], digits: NDArray[np.intp]) -> NDArray[np.int32]:
    """The numbers whose last digits stand before `ends`, from the last digit to the first."""
    values = characters[ends - 1].astype(np.int32) - _ZERO
    shortest = digits.min()
    for place in range(2, digits.max() + 1):
        digit = (characters[ends - place].astype(np.int32) - _ZERO) * 10 ** (place - 1)
        # Beyond its first digit a shorter number would read its neighbour's.
        values += digit if place <= shortest else digit * (digits >= place)
    return values
