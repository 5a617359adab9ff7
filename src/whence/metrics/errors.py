"""The one error of this room."""

from whence.errors import WhenceError


class MetricError(WhenceError):
    """Something cannot be scored; the message names the clip or the setting and says what to change."""
