"""A refusal: a status for programs and one sentence for people, always as plain text."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whence.errors import WhenceError


class RefusedError(WhenceError):
    """A request that is not fulfilled.

    Args:
        status: of the answer.
        sentence: what a person reads; foreign names in it are shown as text and never as anything else.
        retry_after_s: when asking again makes sense.
    """

    def __init__(self, status: int, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """The answer."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return PlainTextResponse(f"{self}\n", self.status, headers)


async def refused(request: Request, error: Exception) -> Response:
    """Answer a refusal, or a sound or label that cannot be used, with its sentence."""
    refusal = error if isinstance(error, RefusedError) else RefusedError(422, str(error))
    return refusal.response()


async def disk_refused(request: Request, error: Exception) -> Response:
    """Answer what the disk said, without the path that is nobody's business."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return RefusedError(507, f"the server cannot keep the file: {reason}; make room there and try again").response()
