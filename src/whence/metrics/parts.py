"""Label files of any number are scored a part at a time: what is kept of a clip are its counts."""

import logging
from collections.abc import Iterator

import numpy as np

from whence.labels import STARSS23, ClassList, ClipEvents, LabelSet
from whence.metrics.counting import QUANTITIES, Counts, count
from whence.metrics.evaluation import (
    LeftOut,
    Summary,
    Unknown,
    check_directions,
    check_names,
    left_out_of,
    summarized,
    unknown_names,
)
from whence.metrics.pairing import pair
from whence.metrics.same_class import SameClass, same_class_at_once
from whence.metrics.settings import PROTOCOLS, IntervalSettings, ScoreSettings
from whence.metrics.tables import Breakdown, Dimension, break_down
from whence.text import few

_log = logging.getLogger("whence.metrics")
# So many clips are read at a time; with 100 rows in each they take about 100 MB.
_PART_CLIPS = 2_000


def evaluate_label_sets(
    references: LabelSet,
    predictions: LabelSet,
    settings: ScoreSettings | None = None,
    *,
    classes: ClassList = STARSS23,
    interval_settings: IntervalSettings | None = None,
    unknown: Unknown = "refuse",
    dimension: Dimension | None = None,
) -> tuple[Summary, Breakdown | None]:
    """Score a system as `evaluate` does, in memory that hardly grows with the number of clips: 2 kB for each.

    Args:
        references: the truth.
        predictions: of the system.
        settings: as for `evaluate`, like the following ones.
        classes: the classes the indices mean.
        interval_settings: by default 95 % by jackknife.
        unknown: what to do about prediction clips without a reference.
        dimension: of the table that is returned beside the scores.

    Returns:
        the scores, and the official table of the dimension; None where none was asked for.

    Raises:
        MetricError: as `evaluate`.
        LabelError: a file cannot be read.
    """
    settings = settings or ScoreSettings(class_count=len(classes))
    interval_settings = interval_settings or IntervalSettings()
    names = references.names
    check_names(names, predictions.names, settings, classes, unknown)
    unknown_clips = unknown_names(names, predictions.names)
    if unknown_clips:
        _log.warning("left out %d prediction clips without a reference: %s", len(unknown_clips), few(unknown_clips))
    shape = (len(names), len(QUANTITIES), settings.class_count)
    counts = {protocol: Counts(np.empty(shape)) for protocol in PROTOCOLS}
    has_prediction = np.empty(len(names), dtype=bool)
    left_out, same_class, tables = LeftOut(0, 0, 0, 0, 0, 0), SameClass(0, 0, 0, 0, 0), []
    for start, truth, guess in _parts(references, predictions):
        part = slice(start, start + len(truth))
        check_directions(truth, guess)
        pairing = pair(truth, guess, settings.class_count, full_circle=settings.full_circle)
        for protocol, counted in count(pairing, settings).items():
            counts[protocol].values[part] = counted.values
        has_prediction[part] = pairing.has_prediction
        left_out += left_out_of(pairing)
        same_class += same_class_at_once(pairing)
        if dimension is not None:
            tables.append(break_down(pairing, settings, dimension))
    summary = summarized(
        names,
        has_prediction,
        counts,
        left_out,
        same_class,
        unknown_clips,
        settings,
        classes=classes,
        interval_settings=interval_settings,
    )
    return summary, _together(tables) if tables else None


def _parts(references: LabelSet, predictions: LabelSet) -> Iterator[tuple[int, ClipEvents, ClipEvents]]:
    """Yield the position of the first clip of each part, and both sides of its clips."""
    predicted = set(predictions.names)
    for start in range(0, len(references.names), _PART_CLIPS):
        names = references.names[start : start + _PART_CLIPS]
        yield start, references.read(names), predictions.read([name for name in names if name in predicted])


def _together(tables: list[Breakdown]) -> Breakdown:
    """The table of all parts."""
    values = np.sum([table.counts.values for table in tables], axis=0)
    return Breakdown(tables[0].dimension, tables[0].bands, Counts(values))
