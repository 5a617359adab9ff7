"""Uploads: the bytes of a file are counted and timed as they arrive."""

import asyncio
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from whence.web.limits import Limits, RefusedError

_LONGEST_NAME = 255


def visitor_name(request: Request) -> str:
    """Return the visitor's name for the file, which is shown and never opened."""
    return request.query_params.get("name", "")[:_LONGEST_NAME] or "the sound"


async def receive(request: Request, path: Path, limits: Limits) -> int:
    """Write the body of a request into a file.

    Args:
        request: whose body is the file.
        path: a new file; removed when the upload does not come to its end.
        limits: bytes, seconds in all, and seconds of a pause.

    Returns:
        bytes written.

    Raises:
        RefusedError: 413 too large, 408 too slow, 400 broken off.
        OSError: when the disk refuses.
    """
    promised = request.headers.get("content-length", "0")
    if not promised.isdecimal() or int(promised) > limits.upload_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.upload_s):
            return await _copied(request, path, limits)
    except TimeoutError:
        path.unlink(missing_ok=True)
        bounds = f"it may take {limits.upload_s:g} s in all and pause for {limits.stall_s:g} s"
        raise RefusedError(408, f"the file came too slowly: {bounds}") from None
    except ClientDisconnect:
        path.unlink(missing_ok=True)
        raise RefusedError(400, "the upload was broken off") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _copied(request: Request, path: Path, limits: Limits) -> int:
    """Write and count every chunk: the length in the header may be missing or wrong."""
    count = 0
    chunks = request.stream()
    with path.open("xb") as file:
        while True:
            async with asyncio.timeout(limits.stall_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                return count
            count += len(chunk)
            if count > limits.upload_bytes:
                raise _too_large(limits)
            # A chunk is 64 kB at most and goes to the page cache, so a thread is not needed.
            file.write(chunk)


def _too_large(limits: Limits) -> RefusedError:
    return RefusedError(413, f"the file is larger than {limits.upload_text}, the limit here")
