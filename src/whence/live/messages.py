"""What is said while the page is shown: it stands in one line of the page, and is said again when the page is gone."""

import logging
from collections import deque
from typing import Self

LOG = logging.getLogger("whence")
_REMEMBERED = 12


class PageMessages(logging.Handler):
    """Takes the place of the log's own handlers inside a `with` block.

    Args:
        active: whether there is a page; otherwise sentences go where they always go.
    """

    def __init__(self, active: bool) -> None:
        super().__init__()
        self.last = ""
        self._active = active
        self._records: deque[logging.LogRecord] = deque(maxlen=_REMEMBERED)
        self._before: list[logging.Handler] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one sentence; may be called by any thread."""
        text = record.getMessage()
        self.last = f"warning: {text}" if record.levelno >= logging.WARNING else text
        self._records.append(record)

    def __enter__(self) -> Self:
        if self._active:
            self._before, LOG.handlers = LOG.handlers, [self]
        return self

    def __exit__(self, *ended: object) -> None:
        if self._active:
            LOG.handlers = self._before
            for record in self._records:
                LOG.handle(record)
