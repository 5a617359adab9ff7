"""Make foreign text safe for a message, a spreadsheet cell or a line of a label file."""

import os
import unicodedata
from collections.abc import Sequence

# A spreadsheet takes a cell that starts like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@")
# Control characters, lone surrogates, line and paragraph separators.
_NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}


def shown(value: object, longest: int | None = None) -> str:
    r"""Return a foreign value as text for a message: unchanged where that is safe, else quoted and escaped.

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
    r"""Return the text with spaces for everything that could end a line or a column or cannot be encoded.

    >>> one_line("rock\tand\nroll")
    'rock and roll'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(letter) in _NOT_IN_A_LINE else letter for letter in text)


def safe_cell(text: str) -> str:
    """Return text as one line that a spreadsheet does not take for a formula.

    Returns:
        the line, after an apostrophe where it starts like a formula.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("music")
    ("'=HYPERLINK(1)", 'music')
    """
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line


def counted(count: int, noun: str) -> str:
    """Return a number with its noun.

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
