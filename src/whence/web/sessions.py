"""Sessions, one for each open page: a random name, a folder, a job and a result."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whence.web.limits import Limits, RefusedError

if TYPE_CHECKING:
    from whence.web.jobs import Job
    from whence.web.results import Result


@dataclass(eq=False)
class Session:
    """Everything of one open page, which no other page can reach.

    Args:
        id: 256 random bits, which only the page knows.
        folder: for its upload; made when first needed.
        seen_s: time of the last request of the page, on the clock of `Sessions`.
        job: its latest file.
        live_result: of the microphone, where that was later.
    """

    id: str
    folder: Path
    seen_s: float
    job: Job | None = None
    live_result: Result | None = None
    is_uploading: bool = False
    is_live: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether a sound of this page is uploaded, waits, or is processed."""
        return self.is_uploading or self.is_live or (self.job is not None and self.job.is_open)

    @property
    def result(self) -> Result | None:
        """The result of the latest sound, once there is one."""
        return self.live_result if self.job is None else self.job.result

    def new_file(self) -> Path:
        """Return a new path in the session's own folder; no part of it is the visitor's choice."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / secrets.token_hex(16)


@dataclass(eq=False)
class Sessions:
    """All open pages; their files are removed when they are closed, or after a time without a request.

    Args:
        limits: how many, and how long they may be idle.
        clock: seconds that only grow.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="whence-serve-")))
    _open: dict[str, Session] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._open)

    def open(self) -> Session:
        """Open a session.

        Raises:
            RefusedError: 429, when too many pages are open.
        """
        self.close_idle()
        if len(self._open) >= self.limits.sessions:
            raise RefusedError(429, f"{len(self._open)} pages are open, which is the limit; try later", 60)
        session = Session(secrets.token_urlsafe(32), self.folder / secrets.token_hex(16), self.clock())
        self._open[session.id] = session
        return session

    def get(self, session_id: str) -> Session:
        """Return a session and note the time of the request.

        Raises:
            RefusedError: 404, when there is no such session, or it has ended.
        """
        session = self._open.get(session_id)
        if session is None:
            raise RefusedError(404, "this page was idle for too long and is forgotten; load it again")
        session.seen_s = self.clock()
        return session

    def close(self, session: Session) -> None:
        """Forget a page: cancel its job and remove its folder."""
        self._open.pop(session.id, None)
        if session.job is not None:
            session.job.cancel()
        session.job = session.live_result = None
        shutil.rmtree(session.folder, ignore_errors=True)

    def close_idle(self) -> None:
        """Forget the pages that have been idle for too long; a page that uploads or listens is not idle."""
        oldest_s = self.clock() - self.limits.session_idle_s
        for session in list(self._open.values()):
            if session.seen_s < oldest_s and not session.is_live and not session.is_uploading:
                self.close(session)

    def close_all(self) -> None:
        """Forget all pages and remove the folder of their folders."""
        for session in list(self._open.values()):
            self.close(session)
        shutil.rmtree(self.folder, ignore_errors=True)
