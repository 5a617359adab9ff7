"""Several sources of one class at once: how often they are predicted as several."""

from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from whence.metrics.pairing import Pairing, Side


@dataclass(frozen=True)
class SameClass:
    """Counts over cells, each a class in a frame of a clip; every labelled frame counts, as in the strict protocol.

    Args:
        several: cells with two or more reference sources.
        found_several: those of them with two or more predictions.
        found_one: those with exactly one.
        single: cells with one reference source.
        split: those of them with two or more predictions.
    """

    several: int
    found_several: int
    found_one: int
    single: int
    split: int

    def __add__(self, other: Self) -> Self:
        """The counts of two sets of clips together."""
        return type(self)(**{name: number + getattr(other, name) for name, number in asdict(self).items()})

    def sentence(self) -> str | None:
        """Return the counts in one sentence; None where no class has several sources at once.

        >>> SameClass(200, 64, 100, 5_000, 20).sentence().partition(": ")[2]
        '32.0 % of 200 cells with several sources have several predictions, and 0.4 % with one source.'
        """
        if not self.several:
            return None
        found = f"{100 * self.found_several / self.several:.1f} % of {self.several:,} cells with several sources"
        split = f"{100 * self.split / max(self.single, 1):.1f} % with one source"
        return f"Same class at once: {found} have several predictions, and {split}."


def same_class_at_once(pairing: Pairing) -> SameClass:
    """Count how often several sources of one class are predicted as several, wherever the predictions are.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> two = Events.from_columns({"frame": [0, 0], "class_index": [8, 8], "azimuth_deg": [-30, 30]})
    >>> both = pair(ClipEvents.from_mapping({"a": two}), ClipEvents.from_mapping({"a": two[:1]}), 13)
    >>> same_class_at_once(both)
    SameClass(several=1, found_several=0, found_one=1, single=0, split=0)
    """
    groups, count = _cells(pairing.references)
    predicted_groups, predicted_count = _cells(pairing.predictions)
    predicted = np.zeros(len(groups), np.int64)
    _, here, there = np.intersect1d(groups, predicted_groups, assume_unique=True, return_indices=True)
    predicted[here] = predicted_count[there]
    several, single = count > 1, count == 1
    return SameClass(
        several=int(several.sum()),
        found_several=int((several & (predicted > 1)).sum()),
        found_one=int((several & (predicted == 1)).sum()),
        single=int(single.sum()),
        split=int((single & (predicted > 1)).sum()),
    )


def _cells(side: Side) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cells in which a side has rows, and how many."""
    groups, count = np.unique(side.group, return_counts=True)
    return groups, count
