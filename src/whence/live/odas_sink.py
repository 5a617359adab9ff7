"""ODAS messages over TCP, sent by a thread of their own: whoever receives them can come, go and be slow."""

import contextlib
import logging
import socket
import threading
from collections import deque
from urllib.parse import urlsplit

import numpy as np

from whence.errors import WhenceError
from whence.labels import SLOTS, ClassList, Events, odas_message, odas_slots
from whence.live.outputs import Identities, hops
from whence.text import shown

LOG = logging.getLogger("whence.live")

SCHEME = "odas://"
_USUAL_PORT = 9000
# What is older than this is no news to a live display.
_WAITING_MESSAGES = 50
_SLOW_S = 5.0


def odas_address(words: str) -> tuple[str, int]:
    """Host and port of `odas://host:port`.

    Raises:
        WhenceError: there is no host, or no such port.

    >>> odas_address("odas://robot.local:9001"), odas_address("odas://[::1]")
    (('robot.local', 9001), ('::1', 9000))
    """
    try:
        parts = urlsplit(words)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or parts.path.strip("/"):
        raise WhenceError(f"--to {shown(words)} is no address; it looks like {SCHEME}localhost:{_USUAL_PORT}")
    return host, port or _USUAL_PORT


def surest(rows: Events) -> Events:
    """The four surest rows of a frame, in their order: ODAS Studio has no place for a fifth and drops the frame.

    >>> rows = Events.from_columns(
    ...     {"frame": [0] * 5, "class_index": range(5), "azimuth_deg": [0] * 5, "score": [0.5, 0.9, 0.1, 0.8, 0.7]})
    >>> surest(rows).class_index
    array([0, 1, 3, 4], dtype=int32)
    """
    if rows.row_count <= SLOTS:
        return rows
    return rows[np.sort(np.argsort(-rows.score, kind="stable")[:SLOTS])]


class OdasSink:
    """Sends every label frame to a listener such as ODAS Studio, and connects anew whenever it went away.

    Telling it something never waits. While nobody receives, the newest five seconds are kept.

    Args:
        host: who listens.
        port: where.
        classes: names for the tags.
        retry_s: how long to wait before the next attempt to connect.
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

    def tell(self, events: Events, first_frame: int, end_frame: int) -> None:
        """Hand over a message for each frame, silent ones too."""
        messages = [
            odas_message(frame, odas_slots(rows, self._identities.of(rows), self._classes)).encode()
            for frame, rows in ((frame, surest(rows)) for frame, rows in hops(events, first_frame, end_frame))
        ]
        with self._changed:
            self._waiting.extend(messages)
            self._changed.notify()

    def close(self) -> None:
        """Send what waits if somebody receives, and hang up; takes a moment at most."""
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
        """Say once for each absence that nobody is there."""
        if not self._complained and not self._closed:
            reason = "too slow, or nobody answers" if isinstance(error, TimeoutError) else error.strerror or str(error)
            LOG.warning("%s: %s; trying again every %g s", self._name, reason, self._retry_s)
            self._complained = True
