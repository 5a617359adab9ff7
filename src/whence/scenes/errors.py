"""The one error of this room."""

from whence.errors import WhenceError


class SceneError(WhenceError):
    """A setting, a bank or a scene cannot be used; the message names the field or the scene and the remedy."""
