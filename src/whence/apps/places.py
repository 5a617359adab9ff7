"""Where whence keeps what it makes for later."""

import os
from pathlib import Path

from whence.errors import WhenceError


def cache_dir() -> Path:
    """The folder for things that can be made again: WHENCE_CACHE, or `whence` in the user's cache folder.

    Raises:
        WhenceError: neither a variable nor a home folder says where.
    """
    named = os.environ.get("WHENCE_CACHE")
    if named:
        return Path(named)
    shared = os.environ.get("XDG_CACHE_HOME")
    if shared:
        return Path(shared) / "whence"
    try:
        return Path.home() / ".cache" / "whence"
    except RuntimeError:
        raise WhenceError("no home folder is known for the cache; set WHENCE_CACHE to a folder") from None
