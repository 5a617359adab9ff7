"""ODAS messages over TCP: a thread connects, sends, and connects again whenever the receiver was away."""

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np

from whence.errors import WhenceError
from whence.labels import SLOTS, ClassList, Events, odas_message, odas_slots
from whence.text import shown

LOG = logging.getLogger("whence.live")

SCHEME = "odas://"
_USUAL_PORT = 9000
# Five seconds; older messages are of no use to a live display.
_WAITING_MESSAGES = 50
_SLOW_S = 5.0


class Identities:
    """Numbers from 1 that sources keep as long as the program runs.

    >>> identities = Identities()
    >>> rows = Events.from_columns({"frame": [0, 0, 1], "class_index": [8, 2, 8], "azimuth_deg": [0, 0, 0]})
    >>> identities.of(rows), identities.of(rows[1:])
    ([1, 2, 1], [2, 1])
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], int] = {}

    def of(self, events: Events) -> list[int]:
        """Return the number of each row's source, (row,)."""
        pairs = zip(events.class_index.tolist(), events.source.tolist(), strict=True)
        return [self._numbers.setdefault(pair, len(self._numbers) + 1) for pair in pairs]


def by_frame(events: Events, first_frame: int, end_frame: int) -> Iterator[tuple[int, Events]]:
    """Yield each label frame and its rows, frames without any included."""
    ordered = events.sorted()
    edges = np.searchsorted(ordered.frame, np.arange(first_frame, end_frame + 1)).tolist()
    for frame, first, end in zip(range(first_frame, end_frame), edges[:-1], edges[1:], strict=True):
        yield frame, ordered[first:end]


def odas_address(text: str) -> tuple[str, int]:
    """Return host and port of `odas://host:port`.

    Raises:
        WhenceError: there is no host, or no such port.

    >>> odas_address("odas://robot.local:9001"), odas_address("odas://[::1]")
    (('robot.local', 9001), ('::1', 9000))
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or parts.path.strip("/"):
        raise WhenceError(f"--to {shown(text)} is no address; it looks like {SCHEME}localhost:{_USUAL_PORT}")
    return host, port or _USUAL_PORT


def surest(rows: Events) -> Events:
    """Return the four rows of a frame with the highest scores, in their order: ODAS Studio drops frames with five.

    >>> rows = Events.from_columns(
    ...     {"frame": [0] * 5, "class_index": range(5), "azimuth_deg": [0] * 5, "score": [0.5, 0.9, 0.1, 0.8, 0.7]})
    >>> surest(rows).class_index
    array([0, 1, 3, 4], dtype=int32)
    """
    if rows.row_count <= SLOTS:
        return rows
    return rows[np.sort(np.argsort(-rows.score, kind="stable")[:SLOTS])]


class OdasSink:
    """Send every label frame to a server such as ODAS Studio, and connect again whenever it was away.

    `send` never waits. While there is no connection, the newest five seconds are kept, and `retry_s` pass between two
    attempts to connect.
    """

    def __init__(self, host: str, port: int, classes: ClassList, retry_s: float = 2.0) -> None:
        self._address, self._classes, self._retry_s = (host, port), classes, retry_s
        self._name = f"{SCHEME}{f'[{host}]' if ':' in host else host}:{port}"
        self._identities = Identities()
        self._waiting: deque[bytes] = deque(maxlen=_WAITING_MESSAGES)
        self._changed = threading.Condition()
        self._closed = False
        self._complained = False
        self._thread = threading.Thread(target=self._work, name="odas", daemon=True)
        self._thread.start()

    def send(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Queue a message for each frame, silent ones too."""
        messages = [
            odas_message(frame, odas_slots(rows, self._identities.of(rows), self._classes)).encode()
            for frame, rows in ((frame, surest(rows)) for frame, rows in by_frame(events, first_frame, end_frame))
        ]
        with self._changed:
            self._waiting.extend(messages)
            self._changed.notify()

    def close(self) -> None:
        """Send what waits if there is a connection, and close it; takes a second at most."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=1.0)

    def _work(self) -> None:
        """Connect, send until it fails, wait, again."""
        while not self._closed:
            try:
                with socket.create_connection(self._address, timeout=_SLOW_S) as connection:
                    LOG.info("%s is connected", self._name)
                    self._complained = False
                    self._send_to(connection)
            except OSError as error:
                self._complain(error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, timeout=self._retry_s)

    def _send_to(self, connection: socket.socket) -> None:
        """Send messages as they come, until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                messages = list(self._waiting)
                self._waiting.clear()
            if not messages:
                break
            connection.sendall(b"".join(messages))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _complain(self, error: OSError) -> None:
        """Log the first failure of each absence."""
        if not self._complained and not self._closed:
            reason = "too slow, or no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
            LOG.warning("%s: %s; trying again every %g s", self._name, reason, self._retry_s)
            self._complained = True
