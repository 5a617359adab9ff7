"""What requests share, and what each of them does: sessions, the queue, the one thread that hears."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from whence.errors import WhenceError
from whence.web.downloads import DOWNLOADS, download
from whence.web.ears import Ears
from whence.web.findings import Findings
from whence.web.jobs import Job, Jobs
from whence.web.limits import Limits
from whence.web.live import listen
from whence.web.recognition import recognize, refuse_long
from whence.web.refusals import RefusedError
from whence.web.sessions import Session, Sessions
from whence.web.uploads import receive, visitor_name

_log = logging.getLogger("whence.web")

_SWEEP_S = 5.0


@dataclass(eq=False)
class Server:
    """Everything that requests share.

    Args:
        ears: the model.
        model_name: for people.
        limits: for everybody.
    """

    ears: Ears
    model_name: str
    limits: Limits
    sessions: Sessions = field(init=False)
    jobs: Jobs = field(init=False)
    # One thread: recognitions and live streams take turns, and a network has the machine to itself.
    executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "whence-ears"))
    live_count: int = 0

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.limits)
        self.jobs = Jobs(
            lambda job: recognize(job.path, job.name, self.ears, self.limits), self.executor, self.limits.places
        )

    @contextlib.asynccontextmanager
    async def running(self, app: Starlette) -> AsyncIterator[None]:
        """Work the queue off and sweep, until the server ends; then leave nothing behind."""
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
            self.sessions.close_silent()

    def session_of(self, connection: Request | WebSocket) -> Session:
        """Whose request it is."""
        return self.sessions.get(connection.path_params["session"])

    async def open_session(self, request: Request) -> Response:
        """A page was loaded: what it may do, and with which model."""
        session = self.sessions.open()
        about = {
            "session": session.id,
            "model": self.model_name,
            "classes": list(self.ears.classes.names),
            "thresholds": self.ears.thresholds.round(3).tolist(),
            "limits": self.limits.as_json(),
            "downloads": list(DOWNLOADS),
        }
        return JSONResponse(about, 201)

    async def close_session(self, request: Request) -> Response:
        """A page was closed."""
        self.sessions.close(self.session_of(request))
        return Response(status_code=204)

    async def state(self, request: Request) -> Response:
        """How far the page's sound is, and how long the queue."""
        return JSONResponse(self._state_of(self.session_of(request)))

    def _state_of(self, session: Session) -> dict[str, Any]:
        job = session.job
        state: dict[str, Any] = {"state": "idle", "queue": self.jobs.length}
        if job is not None:
            promised_s = job.promised_s if job.promised_s == job.promised_s else None
            state |= {"state": job.state, "heard_s": job.heard_s, "promised_s": promised_s}
            state |= {"ahead": self.jobs.ahead(job), "sentence": job.sentence}
        return state

    async def upload(self, request: Request) -> Response:
        """A file to hear: refused at once, or queued."""
        session = self.session_of(request)
        if session.is_busy:
            raise RefusedError(429, "this page has a sound in work already; cancel it, or wait for it to end", 5)
        name = visitor_name(request)
        with self.jobs.place():
            session.is_sending = True
            path = session.new_file()
            try:
                await receive(request, path, self.limits)
                promised_s = await asyncio.to_thread(refuse_long, path, name, self.limits)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                session.is_sending = False
            self.sessions.get(session.id)  # the page may have been closed meanwhile

        def keep(findings: Findings) -> None:
            session.findings = findings

        session.findings = None
        session.job = Job(path, name, promised_s, keep)
        self.jobs.add(session.job)
        return JSONResponse(self._state_of(session), 202)

    async def cancel(self, request: Request) -> Response:
        """The visitor does not want to wait any longer."""
        session = self.session_of(request)
        if session.job is not None:
            session.job.cancel()
        return JSONResponse(self._state_of(session))

    def findings_of(self, request: Request) -> Findings:
        """What was found for this page, or RefusedError 404."""
        findings = self.session_of(request).findings
        if findings is None:
            raise RefusedError(404, "nothing has been found here yet")
        return findings

    async def findings(self, request: Request) -> Response:
        """Rows and warnings."""
        return JSONResponse(self.findings_of(request).as_json())

    async def picture(self, request: Request) -> Response:
        """The spectrogram, (column, 2, band) bytes."""
        return Response(self.findings_of(request).picture.tobytes(), media_type="application/octet-stream")

    async def download(self, request: Request) -> Response:
        """The rows that the page shows, as a file."""
        return download(request, self.findings_of(request), self.ears)

    async def live(self, socket: WebSocket) -> None:
        """A microphone; a refusal is told inside the connection, where a page can read it."""
        await socket.accept()
        try:
            session = self.session_of(socket)
            if session.is_busy:
                raise RefusedError(429, "this page has a sound in work already; cancel it, or wait for it to end")
            if self.live_count >= self.limits.live_streams:
                raise RefusedError(429, f"{self.live_count} microphones are heard, which is as many as may be")
            session.is_live, session.findings, session.job = True, None, None
            self.live_count += 1
            try:
                await listen(socket, session, self.ears, self.limits, self.executor)
            finally:
                self.live_count -= 1
                session.is_live, session.seen_s = False, self.sessions.clock()
        except Exception as error:
            if not isinstance(error, WhenceError | WebSocketDisconnect):
                _log.exception("a microphone could not be heard")
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # nobody is there any more
                await socket.send_json({"error": _sentence(error)})
                await socket.close(1008)


def _sentence(error: Exception) -> str:
    """What a visitor is told; a fault of ours is told by its kind alone."""
    if isinstance(error, WhenceError):
        return str(error)
    return f"this sound cannot be heard: {type(error).__name__}; the server's screen says more"
