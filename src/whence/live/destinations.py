"""From the words after `--to` to outputs."""

from collections.abc import Callable, Sequence
from typing import TextIO

from whence.errors import WhenceError
from whence.labels import ClassList
from whence.live.odas_sink import SCHEME, OdasSink, odas_address
from whence.live.outputs import JsonLines, Output, Ros2Json
from whence.text import shown

# What goes to standard output.
ON_STDOUT: dict[str, Callable[[TextIO, ClassList], Output]] = {"jsonl": JsonLines, "ros2-json": Ros2Json}


def check_destinations(words: Sequence[str]) -> None:
    """Look at the words before anything is opened.

    Raises:
        WhenceError: one is unknown, or two would share standard output.
    """
    for word in words:
        if word.startswith(SCHEME):
            odas_address(word)
        elif word not in ON_STDOUT:
            raise WhenceError(f"--to knows {', '.join(ON_STDOUT)} and {SCHEME}host:port, not {shown(word)}")
    if len(on_stdout(words)) > 1:
        raise WhenceError(f"--to {' and --to '.join(on_stdout(words))} cannot share standard output; choose one")


def on_stdout(words: Sequence[str]) -> list[str]:
    """Those that write to standard output."""
    return [word for word in words if word in ON_STDOUT]


def open_destinations(words: Sequence[str], stdout: TextIO, classes: ClassList) -> list[Output]:
    """The outputs, in order; connections are made behind the scenes."""
    return [
        ON_STDOUT[word](stdout, classes) if word in ON_STDOUT else OdasSink(*odas_address(word), classes)
        for word in words
    ]
