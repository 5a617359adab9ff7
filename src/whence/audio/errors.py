"""The one error of this room, and how a sound is named in messages."""

import os

from whence.errors import WhenceError


class AudioError(WhenceError):
    """A sound cannot be read or written; the message names it, the reason and, where there is one, the remedy."""


def shown(name: str | bytes | os.PathLike[str]) -> str:
    r"""A name as it may stand on a screen.

    A file name can hold a line break or a terminal command; such a name is shown in quotes with escapes.

    Args:
        name: a path or any other name.

    Returns:
        the name itself, or its `repr` where it holds something that cannot be printed.

    >>> shown("street.wav"), shown("a\x1b[2Jb.wav")
    ('street.wav', "'a\\x1b[2Jb.wav'")
    """
    text = os.fsdecode(name)
    return text if text.isprintable() else repr(text)
