"""The terminal while it is ours: keys without echo, a page of its own, and everything given back at any end."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Self, TextIO

try:
    import termios
    import tty
except ImportError:  # Windows: the page is drawn, keys are not heard, Ctrl-C ends
    termios = tty = None  # type: ignore[assignment]

_OTHER_PAGE, _FIRST_PAGE = "\x1b[?1049h", "\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
# Arrows and their like: an escape and what belongs to it.
_MORE_THAN_A_LETTER = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


class Terminal:
    """Holds the terminal inside a `with` block.

    Ctrl-Z gives it back too, and `fg` takes it again. Keys are heard where `keys` is a terminal that this process
    may read from; a page is drawn where `page` is given.

    Args:
        keys: standard input, or None for no keys.
        page: a terminal to draw on, or None.
    """

    def __init__(self, keys: TextIO | None, page: TextIO | None) -> None:
        self._page = page
        self._keys = keys.fileno() if keys is not None and _may_read(keys) else None
        self._before: list[Any] | None = None
        self._drawn: Sequence[str] = ()
        self._size = (0, 0)
        self._suspended: Any = None

    @property
    def hears_keys(self) -> bool:
        """Whether anybody can press keys."""
        return self._keys is not None

    @property
    def shows_page(self) -> bool:
        """Whether anybody sees a page."""
        return self._page is not None

    def __enter__(self) -> Self:
        if hasattr(signal, "SIGTSTP") and (self._keys is not None or self._page is not None):
            self._suspended = signal.signal(signal.SIGTSTP, self._on_suspend)
        self._take()
        return self

    def __exit__(self, *ended: object) -> None:
        self._give_back()
        if self._suspended is not None:
            signal.signal(signal.SIGTSTP, self._suspended)

    def _take(self) -> None:
        """Switch echo off and open the page."""
        if self._keys is not None:
            self._before = termios.tcgetattr(self._keys)
            # Ctrl-C and Ctrl-Z keep their meaning.
            tty.setcbreak(self._keys)
        if self._page is not None:
            self._send(_OTHER_PAGE + _HIDE_CURSOR)
            self._drawn = ()

    def _give_back(self) -> None:
        """Everything as it was; a terminal that is gone has nothing to be given back to."""
        if self._keys is not None and self._before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)
            self._before = None
        if self._page is not None:
            with contextlib.suppress(OSError):
                self._send(_SHOW_CURSOR + _FIRST_PAGE)

    def _on_suspend(self, signal_number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: stop as any program does, and go on where it was."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()

    def pressed(self) -> str:
        """The keys pressed since the last call; never waits. What sends more than a letter (arrows) is left out."""
        if self._keys is None or not select.select([self._keys], [], [], 0)[0]:
            return ""
        try:
            pressed = os.read(self._keys, 1024)
        except OSError:
            pressed = b""
        if not pressed:
            # The terminal was closed: no key will ever come.
            self._keys = None
        return _MORE_THAN_A_LETTER.sub(b"", pressed).decode("ascii", "ignore")

    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        found = shutil.get_terminal_size((80, 24)) if self._page is None else _size_of(self._page)
        return max(found[0], 1), max(found[1], 1)

    def draw(self, make_page: Callable[[int, int], Sequence[str]]) -> None:
        """Show a page, made for the size the terminal has now; only rows that changed are sent.

        Args:
            make_page: from columns and rows to the text of each row.
        """
        if self._page is None:
            return
        size = self.size()
        lines = list(make_page(*size))
        # After a change of size, nothing that stood there can be trusted.
        before = list(self._drawn) if size == self._size else []
        parts = [] if before else ["\x1b[2J"]
        for row, line in enumerate(lines):
            if row >= len(before) or before[row] != line:
                parts.append(f"\x1b[{row + 1};1H\x1b[2K{line}")
        self._drawn, self._size = lines, size
        if parts:
            try:
                self._send("".join(parts))
            except OSError:
                # The window was closed; the sound is heard to its end all the same.
                self._page = None

    def _send(self, text: str) -> None:
        """Write at once, with what the terminal's encoding lacks as question marks."""
        assert self._page is not None
        encoding = self._page.encoding or "ascii"
        self._page.write(text.encode(encoding, "replace").decode(encoding))
        self._page.flush()


def _may_read(keys: TextIO) -> bool:
    """Whether keys come from a terminal in whose foreground we are: from the background, reading would stop us."""
    if termios is None:
        return False
    try:
        return keys.isatty() and os.tcgetpgrp(keys.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _size_of(page: TextIO) -> tuple[int, int]:
    """Of the terminal behind a stream; 80 by 24 where it does not say."""
    try:
        columns, rows = os.get_terminal_size(page.fileno())
    except (OSError, ValueError):
        return 80, 24
    return (columns, rows) if columns and rows else (80, 24)


def can_show_page(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which the cursor can be moved."""
    try:
        return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except ValueError:
        return False
