"""Colours and marks of classes in a terminal: told apart by colour-blind eyes, and without any colour."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from whence.views.terminal.canvas import PLAIN, Look

# The palette of Okabe and Ito, nearest in 256 colours that stand out on dark and on light.
_COLOURS_256 = (32, 166, 36, 175, 178, 74)
_COLOURS_8 = (34, 31, 32, 35, 33, 36)
_MARKS = ("●", "■", "▲", "◆", "▼", "✚", "✖")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Looks:
    """What a terminal can show.

    Args:
        colours: 256, 8 or 0.
        letters_only: whether marks are letters, where the terminal knows no others.
    """

    colours: int = 256
    letters_only: bool = False

    @property
    def dot(self) -> str:
        """What rings are drawn with."""
        return "." if self.letters_only else "·"

    def mark(self, class_index: int) -> str:
        """A shape, or a letter, for a class; shape and colour together tell 42 classes apart."""
        if self.letters_only:
            return _LETTERS[class_index % len(_LETTERS)]
        return _MARKS[class_index % len(_MARKS)]

    def colour(self, class_index: int) -> Look:
        """The colour of a class; plain where there are none."""
        if self.colours >= 256:
            return Look(f"38;5;{_COLOURS_256[class_index % len(_COLOURS_256)]}")
        return Look(str(_COLOURS_8[class_index % len(_COLOURS_8)])) if self.colours else PLAIN


def looks_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Looks:
    """What the terminal behind a stream can show.

    `NO_COLOR` with any value but the empty one takes the colours away, as everywhere.
    """
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    name = environment.get("TERM", "")
    many = "256color" in name or environment.get("COLORTERM", "") in ("truecolor", "24bit")
    colours = 0 if environment.get("NO_COLOR") else 256 if many else 8
    return Looks(colours, letters_only=not encoding.startswith("utf"))
