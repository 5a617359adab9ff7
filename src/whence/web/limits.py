"""What one server lets its visitors do (bytes, seconds, how many at once), and how it refuses more."""

import math
from dataclasses import dataclass, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whence.errors import WhenceError


@dataclass(frozen=True)
class Limits:
    """The limits of a server, which keep one visitor from taking the machine away from the others.

    Args:
        upload_bytes: the largest file, which keeps the disk free; what people meet first is `sound_s`.
        sound_s: the longest sound, in a file or from a microphone, seconds.
        queue: files that may be uploaded, wait or be in work at the same time.
        live_streams: microphones at the same time.
        sessions: open pages.
        session_idle_s: a page without a request for so long is forgotten, with its files and results.
        upload_s: the longest time for an upload, seconds.
        stall_s: the longest pause inside an upload or a live stream, seconds.

    Raises:
        WhenceError: a limit that is not positive.

    >>> Limits(upload_bytes=0)
    Traceback (most recent call last):
    whence.errors.WhenceError: upload_bytes is 0; a limit must be a positive number
    """

    # Ten minutes of two channels at 96 kHz with 32 bits are 461 MB.
    upload_bytes: int = 500_000_000
    sound_s: float = 600.0
    queue: int = 8
    live_streams: int = 4
    sessions: int = 64
    session_idle_s: float = 900.0
    upload_s: float = 600.0
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
        """Return what the page needs before anything is sent."""
        return {
            "upload_bytes": self.upload_bytes,
            "upload_text": self.upload_text,
            "sound_s": self.sound_s,
            "sound_text": self.sound_text,
            "places": self.queue,
        }


class RefusedError(WhenceError):
    """A request that is refused: a status for programs, and one sentence for people, always as plain text.

    Args:
        status: of the response.
        sentence: for people.
        retry_after_s: when asking again makes sense.
    """

    def __init__(self, status: int, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """Return the HTTP response."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return PlainTextResponse(f"{self}\n", self.status, headers)


async def refused(request: Request, error: Exception) -> Response:
    """Return the response to a refused request, or to a sound or label that cannot be used."""
    refusal = error if isinstance(error, RefusedError) else RefusedError(422, str(error))
    return refusal.response()


async def disk_refused(request: Request, error: Exception) -> Response:
    """Return the reason that the disk gave, without the path, which visitors must not learn."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return RefusedError(507, f"the server cannot keep the file: {reason}; free space there and try again").response()


def sentence_of(error: Exception) -> str:
    """Return what a visitor is told about an error; of an error in the program, only its kind."""
    if isinstance(error, WhenceError):
        return str(error)
    return f"this sound cannot be processed: {type(error).__name__}; the log of the server says more"
