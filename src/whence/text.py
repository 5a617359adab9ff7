"""Foreign text made fit for one place: a message, a spreadsheet cell, a line of a label file."""

import os
import unicodedata
from collections.abc import Sequence

# Where a spreadsheet would take a cell for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@")
# Control characters, lone surrogates, line and paragraph separators.
_NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}


def shown(value: object, longest: int | None = None) -> str:
    r"""Show a foreign value in a message: as it is where that is safe, quoted and escaped where not.

    A file name may hold line breaks or terminal commands, and an empty value would be invisible.

    Args:
        value: anything; its text is shown.
        longest: cut after this many characters.

    Returns:
        printable text in one line.

    >>> print(shown("a7.csv"), shown("two\nlines"), shown(""), shown("x" * 50, longest=5))
    a7.csv 'two\nlines' '' 'xxxxx...'
    """
    text = os.fsdecode(value) if isinstance(value, bytes) else str(value)
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}..."
        return repr(text)
    return text if text.isprintable() and text.strip() == text != "" else repr(text)


def one_line(text: str) -> str:
    r"""Replace everything that could end a line, a column or a text file's encoding by spaces.

    >>> one_line("rock\tand\nroll")
    'rock and roll'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(letter) in _NOT_IN_A_LINE else letter for letter in text)


def safe_cell(text: str) -> str:
    """Make text safe for a table: one line, and never a formula when a spreadsheet opens the file.

    Returns:
        the line, with an apostrophe in front where it starts like a formula.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("music")
    ("'=HYPERLINK(1)", 'music')
    """
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line


def counted(count: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "file"), counted(1204, "file")
    ('1 file', '1,204 files')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def few(names: Sequence[str], most: int = 3) -> str:
    """The first few names, safe to show, and how many more there are.

    >>> few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    >>> few([])
    'none'
    """
    first = ", ".join(shown(name) for name in names[:most])
    return (f"{first} and {len(names) - most:,} more" if len(names) > most else first) or "none"
