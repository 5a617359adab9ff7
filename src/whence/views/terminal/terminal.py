"""The terminal while a live session has it: keys without echo, a page, and everything given back at any end."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
from typing import Any, Self, TextIO

from rich.console import Console
from rich.control import Control
from rich.text import Text

from whence.labels import ClassList
from whence.views.terminal.page import State, page

try:
    import termios
    import tty
except ImportError:  # Windows: the page is drawn, keys are not read, Ctrl-C ends
    termios = tty = None  # type: ignore[assignment]

# Arrows and their like: an escape and what belongs to it.
_ESCAPE_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


class Terminal:
    """Hold the terminal inside a `with` block.

    Ctrl-Z gives it back too, and `fg` takes it again. Keys are read if `keys` is a terminal that this process may
    read from; a page is drawn if `page` is given. rich draws; it does not read keys, so that is done here.

    Args:
        keys: standard input, or None for no keys.
        page: a terminal to draw on, or None.
    """

    def __init__(self, keys: TextIO | None, page: TextIO | None) -> None:
        self._console = None if page is None else Console(file=page, force_terminal=True, width=80, height=24)
        self._keys = keys.fileno() if keys is not None and _may_read(keys) else None
        self._before: list[Any] | None = None
        self._drawn: list[Text] = []
        self._size = (0, 0)
        self._suspended: Any = None
        self._suspend_asked = False

    @property
    def reads_keys(self) -> bool:
        """Whether keys can be pressed."""
        return self._keys is not None

    @property
    def shows_page(self) -> bool:
        """Whether a page is shown."""
        return self._console is not None

    def __enter__(self) -> Self:
        if hasattr(signal, "SIGTSTP") and (self.reads_keys or self.shows_page):
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
        if self._console is not None:
            self._console.set_alt_screen(True)
            self._console.show_cursor(False)
            self._drawn = []

    def _give_back(self) -> None:
        """Restore everything; errors of a terminal that is gone are ignored."""
        if self._keys is not None and self._before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)
            self._before = None
        if self._console is not None:
            with contextlib.suppress(OSError):
                self._console.show_cursor(True)
                self._console.set_alt_screen(False)

    def _on_suspend(self, *_: object) -> None:
        # Obeyed between two pages: rich may be in the middle of one now.
        self._suspend_asked = True

    def pressed(self) -> str:
        """Return the letters typed since the last call, without waiting and without arrows; obey Ctrl-Z."""
        if self._suspend_asked:
            self._suspend_asked = False
            self._give_back()
            os.kill(os.getpid(), signal.SIGSTOP)
            self._take()
        if self._keys is None or not select.select([self._keys], [], [], 0)[0]:
            return ""
        try:
            pressed = os.read(self._keys, 1024)
        except OSError:
            pressed = b""
        if not pressed:
            # The terminal was closed: there will be no more keys.
            self._keys = None
        return _ESCAPE_SEQUENCE.sub(b"", pressed).decode("ascii", "ignore")

    def draw(self, state: State, classes: ClassList) -> None:
        """Show a page in the size that the terminal has now; only rows that changed are sent."""
        console = self._console
        if console is None:
            return
        with contextlib.suppress(OSError, ValueError):
            # rich prefers COLUMNS and LINES in the environment, which do not follow a resize.
            columns, rows = os.get_terminal_size(console.file.fileno())
            console.size = (columns or 80, rows or 24)
        size, lines = console.size, page(state, classes, console)
        try:
            with console:
                if size != self._size:
                    # After a change of size, what is on the screen is unknown.
                    console.clear()
                    self._drawn = []
                for row, line in enumerate(lines):
                    if row >= len(self._drawn) or line != self._drawn[row]:
                        console.control(Control.move_to(0, row))
                        console.print(line, end="")
        except OSError:
            # The window was closed; the session goes on until its signal comes.
            self._console = None
        self._drawn, self._size = lines, size


def _may_read(keys: TextIO) -> bool:
    """Whether keys come from a terminal in whose foreground we are: from the background, reading would stop us."""
    if termios is None:
        return False
    try:
        return keys.isatty() and os.tcgetpgrp(keys.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def can_show_page(stream: TextIO) -> bool:
    """Return whether a stream is a terminal on which the cursor can be moved."""
    try:
        return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except ValueError:
        return False
