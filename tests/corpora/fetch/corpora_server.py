"""A small web server on this machine for the tests of fetching; nothing leaves 127.0.0.1."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server has and how it misbehaves; tests change it while it runs."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    content_type: dict[str, str] = field(default_factory=dict)
    status: dict[str, list[int]] = field(default_factory=dict)  # answered first, one per request
    cut_after: dict[str, list[int]] = field(default_factory=dict)  # bytes sent before hanging up, one per request
    knows_ranges: bool = True
    tells_length: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range header


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.requests.append((self.path, wanted))
        if site.status.get(self.path):
            self.send_error(site.status[self.path].pop(0))
            return
        if self.path not in site.files:
            self.send_error(404)
            return
        body, first = site.files[self.path], 0
        if wanted and site.knows_ranges:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            if first >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Type", site.content_type.get(self.path, "application/octet-stream"))
        if site.tells_length:
            self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        cuts = site.cut_after.get(self.path)
        self.wfile.write(body[first:][: cuts.pop(0)] if cuts else body[first:])

    def log_message(self, *_: object) -> None:
        """Print nothing: the test's output is for the test."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing when a client hangs up, which some tests do on purpose."""


@contextlib.contextmanager
def running_site() -> Iterator[Site]:
    """A running server, stopped at the end whatever happens."""
    site = Site()
    handler = type("Handler", (_Handler,), {"site": site})
    with _Server(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
