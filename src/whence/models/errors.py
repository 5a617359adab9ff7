"""The one error of this room."""

from whence.errors import WhenceError


class ModelError(WhenceError):
    """Settings, weights or labels do not fit a network or a coding; the message names the place and the remedy."""
