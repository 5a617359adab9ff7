"""What is noticed about a sound stays unsaid for a while: where its name means nothing, or it was said already."""

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def sounds_unsaid() -> Iterator[None]:
    """Keep warnings about sounds off the screen within the block; errors are still said."""
    log = logging.getLogger("whence.audio")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
