"""The one error of this room."""

from whence.errors import WhenceError


class InferenceError(WhenceError):
    """A system cannot be put together or run; the message says which part and why."""
