"""One open page each: a random name, a folder of its own, what it waits for and what was found for it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whence.web.limits import Limits
from whence.web.refusals import RefusedError

if TYPE_CHECKING:
    from whence.web.findings import Findings
    from whence.web.jobs import Job


@dataclass(eq=False)
class Session:
    """What belongs to one open page and to nobody else.

    Args:
        id: who knows it is the page; 256 random bits.
        folder: for its upload; made when first needed.
        seen_s: when the page last spoke, on the clock of `Sessions`.
    """

    id: str
    folder: Path
    seen_s: float
    job: Job | None = None
    findings: Findings | None = None
    is_sending: bool = False
    is_live: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether something of this page is sent, waits, is in work or is listened to."""
        return self.is_sending or self.is_live or (self.job is not None and self.job.is_open)

    def new_file(self) -> Path:
        """A path that does not exist, in the session's own folder; no part of it is the visitor's choice."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / secrets.token_hex(16)


@dataclass(eq=False)
class Sessions:
    """All open pages; what a page leaves behind is removed when it ends, or when it falls silent.

    Args:
        limits: how many, and how long one may be silent.
        clock: seconds that only grow.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="whence-serve-")))
    _open: dict[str, Session] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._open)

    def open(self) -> Session:
        """A new session.

        Raises:
            RefusedError: 429, when as many pages are open as may be.
        """
        self.close_silent()
        if len(self._open) >= self.limits.sessions:
            raise RefusedError(429, f"{len(self._open)} pages are open, which is as many as may be; try later", 60)
        session = Session(secrets.token_urlsafe(32), self.folder / secrets.token_hex(16), self.clock())
        self._open[session.id] = session
        return session

    def get(self, session_id: str) -> Session:
        """The session of a page that speaks now.

        Raises:
            RefusedError: 404, when it ended or never was.
        """
        session = self._open.get(session_id)
        if session is None:
            raise RefusedError(404, "this page was silent for too long and is forgotten; load it again")
        session.seen_s = self.clock()
        return session

    def close(self, session: Session) -> None:
        """Forget a page: what it waits for is cancelled, its folder removed."""
        self._open.pop(session.id, None)
        if session.job is not None:
            session.job.cancel()
        session.findings = None
        shutil.rmtree(session.folder, ignore_errors=True)

    def close_silent(self) -> None:
        """Forget the pages that have been silent for too long; one that sends or is listened to is not silent."""
        oldest_s = self.clock() - self.limits.session_idle_s
        for session in list(self._open.values()):
            if session.seen_s < oldest_s and not session.is_live and not session.is_sending:
                self.close(session)

    def close_all(self) -> None:
        """Forget everybody and remove the folder that held their folders."""
        for session in list(self._open.values()):
            self.close(session)
        shutil.rmtree(self.folder, ignore_errors=True)
