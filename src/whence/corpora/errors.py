"""The one error of this room."""

from whence.errors import WhenceError


class CorpusError(WhenceError):
    """A corpus on disk is not laid out as its readers expect; the message names the place and the remedy."""
