"""What one server lets its visitors do: bytes, seconds, and how many at once."""

import math
from dataclasses import dataclass, fields
from typing import Any

from whence.errors import WhenceError


@dataclass(frozen=True)
class Limits:
    """The bounds of a server; each keeps one visitor from taking the machine away from the others.

    Args:
        upload_bytes: the largest file.
        sound_s: the longest sound, in a file or from a microphone, seconds.
        places: files that may be sent, wait or be in work at the same time.
        live_streams: microphones heard at the same time.
        sessions: open pages.
        session_idle_s: a page that says nothing for so long is forgotten, with all that is its own.
        upload_s: the longest an upload may take, seconds.
        stall_s: the longest pause inside an upload or a live stream, seconds.

    Raises:
        WhenceError: a limit that is not positive.

    >>> Limits(upload_bytes=0)
    Traceback (most recent call last):
    whence.errors.WhenceError: upload_bytes is 0; a limit must be a positive number
    """

    upload_bytes: int = 50_000_000
    sound_s: float = 600.0
    places: int = 8
    live_streams: int = 4
    sessions: int = 64
    session_idle_s: float = 900.0
    upload_s: float = 120.0
    stall_s: float = 15.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                raise WhenceError(f"{field.name} is {value}; a limit must be a positive number")

    @property
    def upload_text(self) -> str:
        """The largest file in words."""
        return f"{self.upload_bytes / 1e6:g} MB"

    @property
    def sound_text(self) -> str:
        """The longest sound in words.

        >>> Limits().sound_text, Limits(sound_s=30).sound_text
        ('10 minutes', '30 seconds')
        """
        return f"{self.sound_s / 60:g} minutes" if self.sound_s >= 120 else f"{self.sound_s:g} seconds"

    def as_json(self) -> dict[str, Any]:
        """What the page tells before anything is sent."""
        return {
            "upload_bytes": self.upload_bytes,
            "upload_text": self.upload_text,
            "sound_s": self.sound_s,
            "sound_text": self.sound_text,
            "places": self.places,
        }
