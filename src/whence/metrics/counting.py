"""Pairs become counts: hits, misses, false alarms and summed errors of every clip and class."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from whence.metrics.pairing import Pairing, Side, centimetres
from whence.metrics.settings import PROTOCOLS, Protocol, ScoreSettings

# The order of the quantities in Counts.values.
QUANTITIES = (
    "references",
    "predictions",
    "pairs",
    "misplaced",
    "located_pairs",
    "azimuth_error_deg",
    "distance_error_cm",
    "relative_distance_error",
)


@dataclass(frozen=True, eq=False)
class Counts:
    """The sums behind the scores; they add up over clips, so any set of clips is scored without looking at rows again.

    The names read as in the challenge: K pairs of a (frame, class) are hits but for those that are misplaced
    (too far off in azimuth or distance); unpaired references are misses, unpaired predictions false alarms.

    Args:
        values: (..., quantity, class) float64, quantities in the order of QUANTITIES; the leading axes are
            what was counted separately: clips, recordings, resamples, bands.

    >>> counts = Counts(np.ones((4, len(QUANTITIES), 13)))
    >>> counts.total().references[0], counts.false_alarms.shape
    (np.float64(4.0), (4, 13))
    """

    values: NDArray[np.float64]

    def _of(self, quantity: str) -> NDArray[np.float64]:
        return self.values[..., QUANTITIES.index(quantity), :]

    @property
    def references(self) -> NDArray[np.float64]:
        """(..., class) scored references."""
        return self._of("references")

    @property
    def predictions(self) -> NDArray[np.float64]:
        """(..., class) scored predictions."""
        return self._of("predictions")

    @property
    def pairs(self) -> NDArray[np.float64]:
        """(..., class) predictions that were paired with a reference, at whatever error."""
        return self._of("pairs")

    @property
    def misplaced(self) -> NDArray[np.float64]:
        """(..., class) pairs beyond a threshold: the spatial false positives of the challenge."""
        return self._of("misplaced")

    @property
    def hits(self) -> NDArray[np.float64]:
        """(..., class) true positives: pairs within all thresholds."""
        return self.pairs - self.misplaced

    @property
    def misses(self) -> NDArray[np.float64]:
        """(..., class) false negatives: references without a prediction of their class."""
        return self.references - self.pairs

    @property
    def false_alarms(self) -> NDArray[np.float64]:
        """(..., class) false positives other than misplaced ones: predictions without a reference of their class."""
        return self.predictions - self.pairs

    @property
    def located_pairs(self) -> NDArray[np.float64]:
        """(..., class) pairs with a known distance on both sides; all of them in files of the 2025 layout."""
        return self._of("located_pairs")

    @property
    def azimuth_error_deg(self) -> NDArray[np.float64]:
        """(..., class) summed over pairs, degrees."""
        return self._of("azimuth_error_deg")

    @property
    def distance_error_cm(self) -> NDArray[np.float64]:
        """(..., class) summed over located pairs, centimetres."""
        return self._of("distance_error_cm")

    @property
    def relative_distance_error(self) -> NDArray[np.float64]:
        """(..., class) summed over located pairs."""
        return self._of("relative_distance_error")

    def total(self) -> Self:
        """The counts of everything along the first axis together."""
        return type(self)(self.values.sum(axis=0))

    def grouped(self, group: NDArray[np.int64], group_count: int) -> Self:
        """Add up along the first axis by group number: (clip, ...) becomes (group, ...)."""
        if len(group) == group_count and (group == np.arange(group_count)).all():
            return self  # of a hundred thousand clips this is 80 MB
        order = np.argsort(group, kind="stable")
        filled, first = np.unique(group[order], return_index=True)
        values = np.zeros((group_count, *self.values.shape[1:]))
        if len(filled):
            values[filled] = np.add.reduceat(self.values[order], first, axis=0)
        return type(self)(values)

    def weighted(self, weights: NDArray[np.float64]) -> Self:
        """Totals in which the i-th entry of the first axis counts `weights[:, i]` times: one per row of weights."""
        flat = weights @ self.values.reshape(len(self.values), -1)
        return type(self)(flat.reshape(len(weights), *self.values.shape[1:]))


def count(pairing: Pairing, settings: ScoreSettings) -> dict[Protocol, Counts]:
    """Count every clip and class under both protocols.

    "official" looks only at frames before the last reference frame of clips that have a prediction file;
    "strict" looks at every row of every reference clip.

    Returns:
        for each protocol the counts of shape (clip, quantity, class).

    Source: DCASE 2025 Task 3 baseline, metrics.py, update_seld_scores and ComputeSELDResults.

    >>> from whence.labels import ClipEvents, Events
    >>> from whence.metrics.pairing import pair
    >>> table = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [30, 30]})
    >>> clips = ClipEvents.from_mapping({"a": table})
    >>> counts = count(pair(clips, clips, 13), ScoreSettings())
    >>> counts["official"].hits[0, 8], counts["strict"].hits[0, 8]
    (np.float64(1.0), np.float64(2.0))
    """
    clips, classes = len(pairing.clip_names), settings.class_count
    if at_zero_distance(pairing).any():
        # The protocols differ in the pairs themselves, so each is counted by itself.
        every: dict[Protocol, Counts] = {protocol: _count_one(pairing, settings, protocol) for protocol in PROTOCOLS}
        return every

    # A cell is a class of a clip; what only "strict" counts lies in a second run of cells, so one pass serves both.
    def cell(side: Side) -> NDArray[np.int64]:
        only_strict = ~pairing.officially_scored(side)
        return (only_strict * clips + side.clip) * classes + side.class_index

    counted = count_cells(pairing, settings, cell(pairing.references), cell(pairing.predictions), 2 * clips * classes)
    official, rest = counted.reshape(len(QUANTITIES), 2, clips, classes).transpose(1, 2, 0, 3)
    return {"official": Counts(np.ascontiguousarray(official)), "strict": Counts(official + rest)}


def at_zero_distance(pairing: Pairing) -> NDArray[np.bool_]:
    """(pair,) whether the reference is at distance 0, relative to which no error can be told."""
    zero: NDArray[np.bool_] = pairing.references.distance_m[pairing.reference_row] == 0
    return zero & ~np.isnan(pairing.relative_distance_error)


def seen_by(pairing: Pairing, protocol: Protocol) -> Pairing:
    """Return the pairs as a protocol sees them.

    The official scorer divides by a reference distance of 0 as by a very small one; under "strict" such a distance
    counts as not known.
    """
    zero = at_zero_distance(pairing)
    if protocol == "official" or not zero.any():
        return pairing
    return replace(pairing, relative_distance_error=np.where(zero, np.nan, pairing.relative_distance_error))


def _count_one(pairing: Pairing, settings: ScoreSettings, protocol: Protocol) -> Counts:
    """Count every clip and class under one protocol."""
    clips, classes = len(pairing.clip_names), settings.class_count

    def cell(side: Side) -> NDArray[np.int64]:
        number = side.clip * classes + side.class_index
        # Rows that the protocol ignores go to a cell behind the last.
        return number if protocol == "strict" else np.where(pairing.officially_scored(side), number, clips * classes)

    cells = cell(pairing.references), cell(pairing.predictions)
    counted = count_cells(seen_by(pairing, protocol), settings, *cells, clips * classes + 1)[:, :-1]
    return Counts(np.ascontiguousarray(counted.reshape(len(QUANTITIES), clips, classes).transpose(1, 0, 2)))


def count_cells(
    pairing: Pairing,
    settings: ScoreSettings,
    reference_cell: NDArray[np.int64],
    prediction_cell: NDArray[np.int64],
    cell_count: int,
) -> NDArray[np.float64]:
    """Count into numbered cells; a cell can be a class of a clip, or of a band of a recording.

    Args:
        pairing: both sides of all clips and their pairs.
        settings: the thresholds of a hit.
        reference_cell: (reference,) the cell of each reference; a pair counts in the cell of its reference.
        prediction_cell: (prediction,) the cell of each prediction; a paired one must name its reference's cell.
        cell_count: how many cells there are.

    Returns:
        (quantity, cell) float64, quantities in the order of QUANTITIES.
    """
    pair_cell = reference_cell[pairing.reference_row]
    located = np.isfinite(pairing.relative_distance_error)
    counted: tuple[tuple[NDArray[np.int64], NDArray[Any] | None], ...] = (
        (reference_cell, None),
        (prediction_cell, None),
        (pair_cell, None),
        (pair_cell, is_misplaced(pairing, settings)),
        (pair_cell, located),
        (pair_cell, pairing.azimuth_error_deg),
        (pair_cell, np.where(located, pairing.distance_error_cm, 0.0)),
        (pair_cell, np.where(located, pairing.relative_distance_error, 0.0)),
    )
    values = np.empty((len(QUANTITIES), cell_count))
    for quantity, (cell, weight) in enumerate(counted):
        values[quantity] = np.bincount(cell, weight, minlength=cell_count)
    return values


def is_misplaced(pairing: Pairing, settings: ScoreSettings) -> NDArray[np.bool_]:
    """(pair,) whether a pair misses by more than a threshold; an unknown distance cannot fail a pair."""
    return (
        (pairing.azimuth_error_deg > settings.azimuth_threshold_deg)
        | (pairing.distance_error_cm > centimetres(settings.distance_threshold_m))
        | (pairing.relative_distance_error > settings.relative_distance_threshold)
    )
