"""The errors of this room."""

from whence.errors import GaveUpError, WhenceError


class TrainingError(WhenceError):
    """A training was asked for wrongly; the message says what and the remedy."""


class DivergedError(GaveUpError):
    """The loss is no number any more; the last finite weights are kept."""


class WorkerDiedError(GaveUpError):
    """A process that makes batches is gone; what was trained is kept."""
