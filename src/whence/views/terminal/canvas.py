"""A page of characters in cells, drawn before it is sent to a terminal, so that nothing can run over its edges."""

import itertools
import unicodedata
from dataclasses import dataclass

_RESET = "\x1b[0m"


@dataclass(frozen=True)
class Look:
    """How a character looks: the codes of a terminal, "" for plain."""

    codes: str = ""

    def __or__(self, other: "Look") -> "Look":
        """Both together."""
        return Look(";".join(part for part in (self.codes, other.codes) if part))


PLAIN = Look()
BOLD = Look("1")
FAINT = Look("2")
REVERSED = Look("7")


class Canvas:
    """A grid of cells; what lies outside is left out.

    Args:
        columns: cells in a row.
        rows: how many.

    >>> canvas = Canvas(6, 2)
    >>> canvas.put(0, 1, "left and right")
    15
    >>> canvas.lines(looks=False)
    [' left', '']
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._letters = [[" "] * columns for _ in range(rows)]
        self._codes = [[""] * columns for _ in range(rows)]

    def put(self, row: int, column: int, text: str, look: Look = PLAIN) -> int:
        """Write a text from a cell to the right and give the column after it."""
        for letter in text:
            width = _width(letter)
            if 0 <= row < self.rows and column >= 0 and column + width <= self.columns and width:
                self._letters[row][column], self._codes[row][column] = letter, look.codes
                if width == 2:
                    # The second half of a wide character holds nothing of its own.
                    self._letters[row][column + 1], self._codes[row][column + 1] = "", look.codes
            column += width
        return column

    def free(self, row: int, column: int, width: int, over: str = "") -> bool:
        """Whether so many cells are inside and hold nothing but blanks and what may be written over."""
        if not (0 <= row < self.rows and column >= 0 and column + width <= self.columns):
            return False
        return set(self._letters[row][column : column + width]) <= {" ", *over}

    def lines(self, *, looks: bool) -> list[str]:
        """The rows from the top, without blanks at their ends.

        Args:
            looks: whether colours and the like are written.
        """
        if not looks:
            return ["".join(letters).rstrip() for letters in self._letters]
        return [_line(letters, codes) for letters, codes in zip(self._letters, self._codes, strict=True)]


def _line(letters: list[str], codes: list[str]) -> str:
    """One row with codes where the look changes."""
    parts, current = [], ""
    first = 0
    for look, run in itertools.groupby(codes):
        end = first + len(list(run))
        if look != current:
            parts.append(_RESET + (f"\x1b[{look}m" if look else ""))
            current = look
        parts.append("".join(letters[first:end]))
        first = end
    return "".join(parts) + _RESET if current else "".join(parts).rstrip()


def _width(letter: str) -> int:
    """Cells that a character takes; those that combine with the one before take none and are left out."""
    if letter.isascii():
        return 1 if letter.isprintable() else 0
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
