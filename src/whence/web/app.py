"""The server as one ASGI application: which path leads where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from whence.errors import WhenceError
from whence.views import COLOURS, MARKERS
from whence.web.ears import Hearing, ears_of
from whence.web.guard import Guard
from whence.web.limits import Limits
from whence.web.refusals import disk_refused, refused
from whence.web.server import Server

PAGE = Path(__file__).parent / "page"


def build_app(
    system: Any,
    limits: Limits | None = None,
    *,
    token: str | None = None,
    model_name: str = "",
    open_stream: Callable[..., Hearing] | None = None,
) -> Starlette:
    """The whole server for one system.

    Args:
        system: with `classes`, and `thresholds` where it knows its own.
        limits: the defaults when None.
        token: what visitors must know; None where only this machine can reach the server.
        model_name: shown on the page.
        open_stream: makes the stream of a sound from (system, latency=, threshold=); `whence.Stream` when None.

    Returns:
        an ASGI application; its lifespan must run, since that is when sounds are heard.
    """
    server = Server(ears_of(system, open_stream), model_name, limits or Limits())
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
            Route(f"{one}/findings", server.findings, methods=["GET"]),
            Route(f"{one}/picture", server.picture, methods=["GET"]),
            Route(f"{one}/downloads/{{format}}", server.download, methods=["GET"]),
            WebSocketRoute(f"{one}/live", server.live),
        ],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={WhenceError: refused, OSError: disk_refused},
        lifespan=server.running,
    )
    app.state.server = server
    return app


async def _palette(request: Request) -> Response:
    """Colours and shapes for classes, the most distinct ones first, for any number of classes."""
    light, dark = ([getattr(colour, theme) for colour in COLOURS] for theme in ("light", "dark"))
    return JSONResponse({"light": light, "dark": dark, "markers": [marker.corners for marker in MARKERS]})


async def _index(request: Request) -> Response:
    return FileResponse(PAGE / "index.html")
