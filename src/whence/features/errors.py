"""The one error of this room."""

from whence.errors import WhenceError


class FeatureError(WhenceError):
    """Feature settings or a signal cannot be used; the message names the setting and what is allowed."""
