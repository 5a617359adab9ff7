"""`whence serve`: the web page, for this machine alone or, with a token, for others too."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whence import web
from whence.cli.command import Command, muted_warnings
from whence.cli.model_choice import add_model, add_swap, open_model
from whence.cli.recording import add_microphones, read_told
from whence.errors import DONE, MissingExtraError, WhenceError

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

_log = logging.getLogger("whence.cli")

# After this, connections that are still open are cut.
_SHUTDOWN_S = 3
_BACKLOG = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the port, who may connect, and the limits."""
    add_model(parser)
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="TCP port; 0 takes a free one")
    parser.add_argument(
        "--public", action="store_true", help="admit other machines; visitors need the token in the printed address"
    )
    add_swap(parser)
    add_microphones(parser)
    parser.add_argument("--max-mb", type=float, default=500.0, metavar="MB", help="largest file, whatever its length")
    parser.add_argument("--max-minutes", type=float, default=10.0, metavar="MIN", help="longest sound")
    parser.add_argument("--queue", type=int, default=8, metavar="N", help="sounds that may wait at the same time")


def run(args: argparse.Namespace) -> int:
    """Load the model, print the address on stdout, and serve until stopped."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError:
        raise MissingExtraError("serving the web page", "serve") from None
    microphones = read_told(args)
    limits = web.Limits(upload_bytes=round(args.max_mb * 1e6), sound_s=args.max_minutes * 60, queue=args.queue)
    listener = _listener("0.0.0.0" if args.public else "127.0.0.1", args.port)
    with listener:
        token = new_token() if args.public else None
        system = open_model(args.model, swap=args.swap)
        name = system.name or model_name(args.model)
        app = web.build_app(system, limits, token=token, model_name=name, microphones=microphones)
        sys.stdout.write(f"{address(listener, token)}\n")
        sys.stdout.flush()
        _log.info("open the address above in a browser; Ctrl-C ends. Sounds stay on this machine and are not kept.")
        # Warnings about a sound go to the page that sent it.
        with muted_warnings():
            serve(app, listener)
    return DONE


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, which is raised again at the end.

    Args:
        app: of `build_app`.
        listener: a listening TCP socket.
    """
    import uvicorn

    uvicorn.Server(server_config(app)).run(sockets=[listener])


def server_config(app: Starlette) -> uvicorn.Config:
    """Return the settings of the HTTP server."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws_max_size=1 << 20,
        # A microphone is read only as fast as it is processed, so pings may wait; it has a time limit of its own.
        ws_ping_interval=None,
        # Sound does not get smaller, and a small compressed message may become a huge one.
        ws_per_message_deflate=False,
        limit_concurrency=256,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )


def new_token() -> str:
    """Return 256 random bits for an address."""
    import secrets

    return secrets.token_urlsafe(32)


def model_name(models: Sequence[str]) -> str:
    """Return the name of the model for the page, without its path, which visitors must not learn.

    >>> model_name(["/home/ann/runs/first/"]), model_name([])
    ('first', 'the packaged model')
    """
    from pathlib import PurePath

    return " + ".join(PurePath(model).name for model in models) or "the packaged model"


def address(listener: socket.socket, token: str | None) -> str:
    """Return the address for a browser."""
    port = listener.getsockname()[1]
    if token is None:
        return f"http://127.0.0.1:{port}/"
    return f"http://{_own_address()}:{port}/?token={token}"


def _own_address() -> str:
    """The address by which others most likely reach this machine; finding it out sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation; connecting a UDP socket only picks a route
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _listener(host: str, port: int) -> socket.socket:
    """A listening socket, or WhenceError."""
    if not 0 <= port <= 65_535:
        raise WhenceError(f"--port is {port}; it must be from 0 to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A server that was just stopped may be started again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Connections that come before the server runs wait.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise WhenceError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from None
    return listener


COMMAND = Command(
    summary="a web page: drop a sound or use the microphone, see what is where",
    examples=("whence serve", "whence serve --model runs/first --port 8000", "whence serve --public --max-minutes 2"),
    add_arguments=add_arguments,
    run=run,
)
