"""The one error of this room."""

from whence.errors import WhenceError


class LabelError(WhenceError):
    """A label file or table breaks a rule; the message names the place (`file:line` where there is one)."""
