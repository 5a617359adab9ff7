"""Scores by azimuth, side, distance, polyphony and same-class overlap: where a system is good and where not.

A false alarm has no true position, and a miss no predicted one, so each row needs a rule: a reference, and the
prediction that was paired with it, belong to the band of the reference; a prediction without a partner belongs to the
band of its own azimuth or distance. Polyphony and same-class overlap of all rows are those of the references in its
frame.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.errors import MetricError
from whence.metrics.counting import QUANTITIES, Counts, count_cells, seen_by
from whence.metrics.pairing import Pairing, Side
from whence.metrics.scores import ScoreArrays, averaged, number_or_none
from whence.metrics.settings import Protocol, ScoreSettings, check_protocol

Dimension = Literal["azimuth", "side", "distance", "polyphony", "same_class"]

BANDS: dict[Dimension, tuple[str, ...]] = {
    "azimuth": ("ahead (up to 30 deg)", "30 to 60 deg", "at the sides (beyond 60 deg)"),
    "side": ("left", "straight ahead", "right"),
    "distance": ("within 1 m", "1 to 2 m", "2 to 3 m", "beyond 3 m", "distance not known"),
    "polyphony": ("no source", "single sources", "overlap of two", "overlap of three or more"),
    "same_class": ("none of its class", "one of its class", "two or more of its class"),
}
_AZIMUTH_EDGES_DEG = (30.0, 60.0)
# On the full circle.
_AROUND = ("ahead (up to 30 deg)", "30 to 60 deg", "at the sides (60 to 120 deg)", "120 to 150 deg", "behind")
_EDGES_AROUND_DEG = (30.0, 60.0, 120.0, 150.0)
_DISTANCE_EDGES_M = (1.0, 2.0, 3.0)


@dataclass(frozen=True, eq=False)
class Breakdown:
    """Counts of every band, separately for every unit (recording).

    Args:
        dimension: a key of BANDS.
        bands: (band,) names.
        counts: of shape (unit, band, quantity, class).
    """

    dimension: Dimension
    bands: tuple[str, ...]
    counts: Counts

    def scores(self, settings: ScoreSettings) -> ScoreArrays:
        """The four scores of every band, each (band,); a macro mean is over the classes that occur in the band."""
        return averaged(self.counts.total(), "strict", settings.average)

    def as_json(self, settings: ScoreSettings) -> list[dict[str, object]]:
        """One row for each band that occurs: its name, scores (null where there is none) and numbers of instances."""
        scores, total = self.scores(settings), self.counts.total()
        return [
            {
                "band": band,
                **{name: number_or_none(values[i]) for name, values in scores._asdict().items()},
                "references": int(total.references[i].sum()),
                "predictions": int(total.predictions[i].sum()),
            }
            for i, band in enumerate(self.bands)
            if total.references[i].any() or total.predictions[i].any()
        ]


def break_down(
    pairing: Pairing,
    settings: ScoreSettings,
    dimension: Dimension,
    protocol: Protocol = "official",
    unit_of_clip: NDArray[np.int64] | None = None,
) -> Breakdown:
    """Count hits, misses, false alarms and errors in every band of one dimension.

    Args:
        pairing: both sides of all clips and their pairs.
        settings: the thresholds of a hit, and the number of classes.
        dimension: a key of BANDS.
        protocol: which rows count.
        unit_of_clip: (clip,) what to count separately, for intervals; by default everything is one unit.

    Raises:
        MetricError: there is no such dimension or protocol.
    """
    if dimension not in BANDS:
        raise MetricError(f"no table by {dimension!r}; there are: {', '.join(BANDS)}")
    check_protocol(protocol)
    around = dimension == "azimuth" and settings.full_circle
    names = _AROUND if around else BANDS[dimension]
    unit = np.zeros(len(pairing.clip_names), dtype=np.int64) if unit_of_clip is None else unit_of_clip
    sides = (pairing.references, pairing.predictions)
    reference_band, prediction_band = (
        np.searchsorted(_EDGES_AROUND_DEG, np.abs(side.azimuth_deg))
        if around
        else _bands(side, pairing.references, dimension, settings.class_count)
        for side in sides
    )
    prediction_band[pairing.prediction_row] = reference_band[pairing.reference_row]
    shape = (int(unit.max(initial=-1)) + 1, len(names), settings.class_count)
    cells = shape[0] * shape[1] * shape[2]

    def cell(side: Side, band: NDArray[np.int64]) -> NDArray[np.int64]:
        number = (unit[side.clip] * shape[1] + band) * shape[2] + side.class_index
        # Rows that the protocol ignores go to a cell behind the last, which is thrown away.
        return number if protocol == "strict" else np.where(pairing.officially_scored(side), number, cells)

    reference_cell = cell(pairing.references, reference_band)
    prediction_cell = cell(pairing.predictions, prediction_band)
    counted = count_cells(seen_by(pairing, protocol), settings, reference_cell, prediction_cell, cells + 1)[:, :cells]
    values = counted.reshape(len(QUANTITIES), *shape).transpose(1, 2, 0, 3)
    return Breakdown(dimension, names, Counts(np.ascontiguousarray(values)))


def _bands(side: Side, references: Side, dimension: Dimension, class_count: int) -> NDArray[np.int64]:
    """(row,) the band of each row of a side: of its own azimuth or distance, or by the references in its frame."""
    if dimension == "azimuth":
        return np.searchsorted(_AZIMUTH_EDGES_DEG, np.abs(side.azimuth_deg))
    if dimension == "side":
        return 1 - np.sign(side.azimuth_deg).astype(np.int64)
    if dimension == "distance":  # searchsorted puts NaN last, where the band of unknown distances is
        return np.searchsorted([*_DISTANCE_EDGES_M, np.inf], side.distance_m)
    # Groups are numbered by clip, frame and class, so a division leaves clip and frame.
    divisor, most = (class_count, 3) if dimension == "polyphony" else (1, 2)
    groups, count = np.unique(references.group // divisor, return_counts=True)
    groups, count = np.append(groups, -1), np.append(count, 0).clip(max=most)  # an end that no group equals
    group = side.group // divisor
    position = np.searchsorted(groups[:-1], group)
    return np.where(groups[position] == group, count[position], 0)
