"""The server as one ASGI application: its paths, what each does, and what they share (sessions, queue, one thread)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from whence.audio import (
    MICROPHONE_NAMES,
    Channels,
    Microphones,
    microphones_for,
    named_microphones,
    read_channels,
)
from whence.errors import AudioError, WhenceError
from whence.views import COLOURS, MARKERS, level_colours
from whence.web.guard import Guard
from whence.web.jobs import Job, Jobs
from whence.web.limits import Limits, RefusedError, disk_refused, refused, sentence_of
from whence.web.live import listen
from whence.web.recognition import Model, model_of, promised_duration_s, recognize
from whence.web.results import DOWNLOADS, Result, download
from whence.web.sessions import Session, Sessions

if TYPE_CHECKING:
    from whence.inference import Stream

_log = logging.getLogger("whence.web")

PAGE = Path(__file__).parent / "page"
# What the page proposes of a sound with more than two channels.
_CHANNELS = ("1,2", "3,4", "FL,FR", "SL,SR", "foa")
# What the page sends where nothing is known about the microphones.
UNKNOWN = "auto"
_SWEEP_S = 5.0
_LONGEST_NAME = 255


def build_app(
    system: Any,
    limits: Limits | None = None,
    *,
    token: str | None = None,
    model_name: str = "",
    microphones: Microphones | None = None,
    open_stream: Callable[..., Stream] | None = None,
) -> Starlette:
    """Return the whole server for one system.

    Args:
        system: with `classes`, and `thresholds` if it has its own.
        limits: the defaults when None.
        token: the secret that visitors need; None where only this machine can reach the server.
        model_name: shown on the page.
        microphones: what the page proposes that sounds were recorded with; None for what is not known.
        open_stream: makes the stream of a sound from (system, latency=, threshold=, microphones=); `whence.Stream` when
            None.

    Returns:
        an ASGI application; its lifespan must run, since the queue is processed in it.
    """
    server = Server(model_of(system, open_stream), model_name, limits or Limits(), microphones)
    one = "/api/sessions/{session}"
    app = Starlette(
        routes=[
            Route("/", _index),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/api/palette", _palette),
            Route("/api/sessions", server.open_session, methods=["POST"]),
            Route(one, server.state, methods=["GET"]),
            Route(one, server.close_session, methods=["DELETE"]),
            Route(f"{one}/sound", server.upload, methods=["POST"]),
            Route(f"{one}/sound", server.cancel, methods=["DELETE"]),
            Route(f"{one}/findings", server.result, methods=["GET"]),
            Route(f"{one}/picture", server.spectrogram, methods=["GET"]),
            Route(f"{one}/downloads/{{format}}", server.download, methods=["GET"]),
            WebSocketRoute(f"{one}/live", server.live),
        ],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={WhenceError: refused, OSError: disk_refused},
        lifespan=server.running,
    )
    app.state.server = server
    return app


async def _index(request: Request) -> Response:
    return FileResponse(PAGE / "index.html")


async def _palette(request: Request) -> Response:
    """Colours and shapes for classes, the most distinct ones first, and colours for the levels of spectrograms."""
    light, dark = ([getattr(colour, theme) for colour in COLOURS] for theme in ("light", "dark"))
    markers = [marker.corners for marker in MARKERS]
    return JSONResponse({"light": light, "dark": dark, "markers": markers, "levels": level_colours().tolist()})


@dataclass(eq=False)
class Server:
    """Everything that requests share, and what they do.

    Args:
        model: of all sessions.
        model_name: for people.
        limits: of all sessions.
        microphones: what the page proposes; None for what is not known.
    """

    model: Model
    model_name: str
    limits: Limits
    microphones: Microphones | None = None
    sessions: Sessions = field(init=False)
    jobs: Jobs = field(init=False)
    # One thread: files and live streams take turns, and the network has the machine to itself.
    executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "whence-model"))
    live_count: int = 0

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.limits)
        self.jobs = Jobs(
            lambda job: recognize(job.path, job.name, self.model, self.limits, job.microphones, job.channels),
            self.executor,
            self.limits.queue,
        )

    @contextlib.asynccontextmanager
    async def running(self, app: Starlette) -> AsyncIterator[None]:
        """Process the queue and forget idle sessions until the server ends; then remove everything."""
        tasks = [asyncio.create_task(self.jobs.run()), asyncio.create_task(self._sweep())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.executor.shutdown(wait=True, cancel_futures=True)
            self.sessions.close_all()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(_SWEEP_S, self.limits.session_idle_s))
            self.sessions.close_idle()

    def _session_of(self, connection: Request | WebSocket) -> Session:
        return self.sessions.get(connection.path_params["session"])

    async def open_session(self, request: Request) -> Response:
        """Open a session for a page and tell it the model and the limits."""
        session = self.sessions.open()
        about = {
            "session": session.id,
            "model": self.model_name,
            "classes": list(self.model.classes.names),
            "thresholds": self.model.thresholds.tolist(),
            "limits": self.limits.as_json(),
            "downloads": list(DOWNLOADS),
            "microphones": {
                "proposed": self.microphones.name if self.microphones else UNKNOWN,
                "names": [UNKNOWN, *MICROPHONE_NAMES],
            },
            "channels": list(_CHANNELS),
        }
        return JSONResponse(about, 201)

    async def close_session(self, request: Request) -> Response:
        """Close the session of a page."""
        self.sessions.close(self._session_of(request))
        return Response(status_code=204)

    def _told(self, connection: Request | WebSocket) -> Microphones | None:
        """What the page says that a sound was recorded with; names alone, since a file would be one of this machine.

        Raises:
            RefusedError: 400, there are no such microphones.
        """
        word = connection.query_params.get("microphones", UNKNOWN)
        if self.microphones is not None and word == self.microphones.name:
            return self.microphones
        try:
            return None if word == UNKNOWN else named_microphones(word[:_LONGEST_NAME])
        except AudioError as error:
            raise RefusedError(400, f"{error.what}; there are: {', '.join(MICROPHONE_NAMES)}") from None

    async def state(self, request: Request) -> Response:
        """Return how far the page's sound is, and how long the queue is."""
        return self._state_of(self._session_of(request))

    def _state_of(self, session: Session, status: int = 200) -> Response:
        job = session.job
        state: dict[str, Any] = {"state": "idle", "queue": self.jobs.length}
        if job is not None:
            promised_s = job.promised_s if job.promised_s == job.promised_s else None
            state |= {"state": job.state, "heard_s": job.processed_s, "promised_s": promised_s}
            state |= {"ahead": self.jobs.ahead(job), "sentence": job.sentence}
        return JSONResponse(state, status)

    async def upload(self, request: Request) -> Response:
        """Take a file: refuse it at once, or queue it."""
        session = self._session_of(request)
        if session.is_busy:
            raise RefusedError(429, "this page has a sound in work already; cancel it, or wait for it to end", 5)
        # The visitor's name for the file, which is shown and never opened.
        name = request.query_params.get("name", "")[:_LONGEST_NAME] or "the sound"
        channels = _channels_of(request)
        microphones = microphones_for(channels, self._told(request))
        with self.jobs.reserved():
            session.is_uploading = True
            path = session.new_file()
            try:
                await _received(request, path, self.limits)
                promised_s = await asyncio.to_thread(promised_duration_s, path, name, self.limits)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                session.is_uploading = False
            self.sessions.get(session.id)  # the page may have been closed meanwhile
        session.job, session.live_result = Job(path, name, promised_s, microphones, channels), None
        self.jobs.add(session.job)
        return self._state_of(session, 202)

    async def cancel(self, request: Request) -> Response:
        """Cancel the page's sound."""
        session = self._session_of(request)
        if session.job is not None:
            session.job.cancel()
        return self._state_of(session)

    def _result_of(self, request: Request) -> Result:
        """The result of this page, or RefusedError 404."""
        result = self._session_of(request).result
        if result is None:
            raise RefusedError(404, "there is no result yet")
        return result

    async def result(self, request: Request) -> Response:
        """Return rows and warnings."""
        return JSONResponse(self._result_of(request).as_json())

    async def spectrogram(self, request: Request) -> Response:
        """Return the spectrogram, (column, 2, band) bytes."""
        return Response(self._result_of(request).spectrogram.tobytes(), media_type="application/octet-stream")

    async def download(self, request: Request) -> Response:
        """Return the rows that the page shows, as a file."""
        return download(request, self._result_of(request), self.model.classes)

    async def live(self, socket: WebSocket) -> None:
        """Process a microphone; a refusal is sent inside the connection, where a page can read it."""
        await socket.accept()
        try:
            session = self._session_of(socket)
            if session.is_busy:
                raise RefusedError(429, "this page has a sound in work already; cancel it, or wait for it to end")
            if self.live_count >= self.limits.live_streams:
                raise RefusedError(429, f"{self.live_count} microphones are in use, which is the limit")
            microphones = self._told(socket)
            session.is_live, session.live_result, session.job = True, None, None
            self.live_count += 1
            try:
                await listen(socket, session, self.model, self.limits, self.executor, microphones)
            finally:
                self.live_count -= 1
                session.is_live, session.seen_s = False, self.sessions.clock()
        except Exception as error:
            if not isinstance(error, WhenceError | WebSocketDisconnect):
                _log.exception("a microphone could not be processed")
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the connection may be gone
                await socket.send_json({"error": sentence_of(error)})
                await socket.close(1008)


def _channels_of(request: Request) -> Channels | None:
    """Which channels of the sound the page asks for.

    Raises:
        RefusedError: 400, no such channels.
    """
    word = request.query_params.get("channels", "")[:_LONGEST_NAME]
    try:
        return read_channels(word or None)
    except AudioError as error:
        raise RefusedError(400, str(error)) from None


async def _received(request: Request, path: Path, limits: Limits) -> None:
    """Write the body of a request into a file; where it fails, the caller removes what was written.

    Args:
        request: whose body is the file.
        path: a new file.
        limits: bytes, seconds in all, and seconds of a pause.

    Raises:
        RefusedError: 413 too large, 408 too slow, 400 broken off.
        OSError: when the disk refuses.
    """
    too_large = RefusedError(413, f"the file is larger than {limits.upload_text}, the limit here")
    promised = request.headers.get("content-length", "0")
    if not promised.isdecimal() or int(promised) > limits.upload_bytes:
        raise too_large
    count = 0
    chunks = request.stream()
    try:
        async with asyncio.timeout(limits.upload_s):
            with path.open("xb") as file:
                while (chunk := await asyncio.wait_for(anext(chunks, None), limits.stall_s)) is not None:
                    # Counted, since the length in the header may be missing or wrong.
                    count += len(chunk)
                    if count > limits.upload_bytes:
                        raise too_large
                    # A chunk is 64 kB at most and goes to the page cache, so a thread is not needed.
                    file.write(chunk)
    except TimeoutError:
        bounds = f"it may take {limits.upload_s:g} s in all and pause for {limits.stall_s:g} s"
        raise RefusedError(408, f"the file came too slowly: {bounds}") from None
    except ClientDisconnect:
        raise RefusedError(400, "the upload was broken off") from None
