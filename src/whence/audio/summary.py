"""One line in the log for each kind of remark about many files, instead of one for each file."""

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Iterator

from whence.text import counted

LOG = logging.getLogger("whence.audio")


class _Counting(logging.Filter):
    """Keeps remarks that have a kind out of the log and counts them; warnings pass."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        kind = getattr(record, "kind", "")
        if not kind or record.levelno >= logging.WARNING:
            return True
        with self._lock:
            self.counts[kind] += 1
        return False


@contextlib.contextmanager
def summarized_log() -> Iterator[None]:
    """Log what reading does to files, such as resampling, as one line of each kind at the end of the block.

    Files may be read in several threads. Warnings are logged at once, each by itself.
    """
    counting = _Counting()
    LOG.addFilter(counting)
    try:
        yield
    finally:
        LOG.removeFilter(counting)
        for kind, count in counting.counts.most_common():
            LOG.info("%s: %s", kind, counted(count, "file"))
