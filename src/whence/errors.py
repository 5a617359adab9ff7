"""The one family of errors a user can cause: each says where, what, and what to do."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whence.text import shown

# Exit codes; docs/exit-codes.md says them to users.
DONE = 0
SOME_FAILED = 1
ASKED_WRONGLY = 2
MACHINE_GAVE_UP = 3
INTERRUPTED = 130
TERMINATED = 143


_said_as_flags = False


def option(name: str, value: str = "") -> str:
    """Return an option as the caller writes it: an argument in Python, a flag on the command line.

    >>> option("channels", "mono")
    'channels="mono"'
    >>> with said_as_flags():
    ...     option("channels", "mono")
    '--channels mono'
    """
    if _said_as_flags:
        return f"--{name.replace('_', '-')} {value}".rstrip()
    return f'{name}="{value}"' if value else name


@contextlib.contextmanager
def said_as_flags(yes: bool = True) -> Iterator[None]:
    """Let messages name options as flags within the block, as the command line does."""
    global _said_as_flags
    before, _said_as_flags = _said_as_flags, yes
    try:
        yield
    finally:
        _said_as_flags = before


def are_said_as_flags() -> bool:
    """Return whether messages name options as flags now."""
    return _said_as_flags


class WhenceError(ValueError):
    """Something the user gave cannot be used; the message is one sentence: where, what, and what to do.

    Programs read the fields; nothing needs to parse the sentence.

    Args:
        what: what is wrong; the whole sentence where there are no further arguments.
        where: the file, folder, field or argument that it is about.
        line: of the file, counted from 1.
        remedy: what to do about it.

    >>> error = WhenceError("class 13", where="a.csv", line=17, remedy="use 0..12")
    >>> str(error)
    'a.csv:17: class 13; use 0..12'
    >>> error.where, error.line
    ('a.csv', 17)
    """

    exit_code = ASKED_WRONGLY

    def __init__(
        self, what: str, *, where: str | Path | None = None, line: int | None = None, remedy: str | None = None
    ) -> None:
        self.what, self.where, self.line, self.remedy = what, where, line, remedy
        place = "" if where is None else f"{shown(where)}{'' if line is None else f':{line}'}: "
        super().__init__(f"{place}{what}{'' if remedy is None else f'; {remedy}'}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes with their fields, whatever their constructors take."""
        return _unpickled, (type(self), str(self), self.__dict__)


def _unpickled(kind: type[WhenceError], message: str, fields: dict[str, Any]) -> WhenceError:
    """An error as it was in the process that raised it."""
    error = kind.__new__(kind, message)
    error.args, error.__dict__ = (message,), dict(fields)
    return error


class MissingExtraError(WhenceError):
    """A feature needs packages that were not installed.

    Args:
        feature: what was asked for, as the subject of a sentence.
        extra: the name of the extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs more packages", remedy=f"pip install 'whence[{extra}]' (in a checkout: '.[{extra}]')"
        )


class GaveUpError(WhenceError):
    """Work that began well cannot go on (no memory, a loss that is no number); what is finished is kept."""

    exit_code = MACHINE_GAVE_UP


class AudioError(WhenceError):
    """A sound cannot be read or written; the message names it, the reason and, where there is one, the remedy."""


class CorpusError(WhenceError):
    """A corpus on disk is not laid out as its readers expect; the message names the file or folder and the remedy."""


class FeatureError(WhenceError):
    """Feature settings or a signal cannot be used; the message names the setting and what is allowed."""


class InferenceError(WhenceError):
    """A system cannot be put together or run; the message says which part and why."""


class LabelError(WhenceError):
    """A label file or table breaks a rule; the message names the file, the line and the remedy."""


class MetricError(WhenceError):
    """Something cannot be scored; the message names the clip or the setting and says what to change."""


class ModelError(WhenceError):
    """Settings, weights or labels do not fit a network or a coding; the message names field or file and the remedy."""


class SceneError(WhenceError):
    """A setting, a bank or a scene cannot be used; the message names the field or the scene and the remedy."""


class TrainingError(WhenceError):
    """A training was asked for wrongly; the message says what and the remedy."""


class DivergedError(GaveUpError):
    """The loss is no number any more; the last finite weights are kept."""


class WorkerDiedError(GaveUpError):
    """A process that makes batches is gone; what was trained is kept."""
