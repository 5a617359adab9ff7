"""What the server needs of a model: its classes, its own thresholds, and a stream for each sound."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from whence.errors import WhenceError
from whence.labels import ClassList, Events

# Rows less sure than this are not told to the page.
LOWEST_SCORE = 0.1
# Where a model does not say when a class counts.
_COMMON_THRESHOLD = 0.5


class Hearing(Protocol):
    """One sound being listened to; `whence.Stream` is one."""

    latency_s: float

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """The rows that became final with these (2, sample)."""

    def finish(self) -> Events:
        """The rest."""


Latency = Literal["best", "low"]


@dataclass(frozen=True, eq=False)
class Ears:
    """A model as the server uses it.

    Args:
        classes: names.
        thresholds: (class,) score from which the model itself counts a class as heard.
        listen: begins a new sound; "low" answers soon, "best" waits for what makes it surer.
    """

    classes: ClassList
    thresholds: NDArray[np.float64]
    listen: Callable[[Latency], Hearing]


def ears_of(system: Any, open_stream: Callable[..., Hearing] | None = None) -> Ears:
    """The ears that a system has.

    A model whose coding decides by itself what is active takes no threshold: then its own rows are all there are.

    Args:
        system: with `classes`, and `thresholds` where it knows its own.
        open_stream: makes a `Hearing` from (system, latency=, threshold=); `whence.Stream` when None.
    """
    if open_stream is None:
        from whence.inference import Stream

        open_stream = Stream
    make = open_stream
    classes: ClassList = system.classes
    own = getattr(system, "thresholds", None)
    thresholds = np.full(len(classes), _COMMON_THRESHOLD) if own is None else np.asarray(own, np.float64)
    thresholds = np.broadcast_to(thresholds, len(classes)).copy()
    lowest: float | None = min(LOWEST_SCORE, float(thresholds.min()))
    try:
        make(system, latency="low", threshold=lowest)
    except WhenceError:
        lowest, thresholds = None, np.zeros(len(classes))
    return Ears(classes, thresholds, lambda latency: make(system, latency=latency, threshold=lowest))
