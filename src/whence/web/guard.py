"""Access to the server: known host names, the page's own origin and, for a public server, the token."""

import hashlib
import hmac
import ipaddress
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whence.web.limits import RefusedError

_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

# The browser loads only files of this server; the sound that it plays is its own copy, a blob.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers then hide the origin of the page's own requests too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware that refuses foreign requests and adds safe headers to every response.

    Any web page in the user's browser can send requests to a server on the user's machine. Two checks refuse them: the
    `Host` must be a name of this machine, which stops foreign names that point here (DNS rebinding), and the `Origin`
    must be the page of this server.

    Args:
        app: the application behind it.
        token: the secret of a public server; None for a server that only this machine reaches.
    """

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self.app = app
        self.token = token
        # Cookies do not know ports: two servers on one machine need two names.
        self.cookie = f"whence-{hashlib.sha256(token.encode()).hexdigest()[:12]}" if token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            response = self._checked(scope)
        except RefusedError as refusal:
            response = refusal.response()
        await (response or self.app)(scope, receive, send_marked)

    def _checked(self, scope: Scope) -> ASGIApp | None:
        """None where the request is allowed, a response to send instead, or RefusedError."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(host_name(hosts[0])):
            raise RefusedError(421, "this server does not have that name; open the address that whence serve printed")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and not _is_own_origin(headers.get("origin"), hosts[0]):
            raise RefusedError(403, "requests from other pages are refused")
        if scope["path"] != "/" and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise RefusedError(403, "requests from other pages are refused")
        return self._token_checked(scope, headers) if self.token else None

    def _is_ours(self, name: str) -> bool:
        if name in _LOCAL_NAMES:
            return True
        return self.token is not None and (_is_address(name) or name in _machine_names())

    def _token_checked(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """Take the token from the cookie, from a program's header, or once from the printed address."""
        assert self.token is not None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and self._is_token(given):
            # The address with the token would stay on the screen and in the history.
            response = RedirectResponse("/", 303)
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="lax")
            return response
        try:
            kept = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            kept = None
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if not self._is_token(kept.value if kept else "") and not self._is_token(bearer):
            raise RefusedError(401, "open the whole address that whence serve printed; it ends with a token")
        return None

    def _is_token(self, given: str) -> bool:
        assert self.token is not None
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def host_name(host: str) -> str:
    """Return the name or address in a `Host` header, without port.

    >>> host_name("LOCALHOST:7860"), host_name("[::1]:7860"), host_name("evil.example")
    ('localhost', '::1', 'evil.example')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    """Whether it is an IP address, which no name server can make point here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _machine_names() -> set[str]:
    """The host names of this machine."""
    name = socket.gethostname().lower()
    return {name, f"{name}.local"}


def _is_own_origin(origin: str | None, host: str) -> bool:
    """Whether the request comes from a page of this server; programs other than browsers send no origin."""
    if origin is None:
        return True
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and rest.lower() == host.lower()
