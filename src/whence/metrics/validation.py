"""What can be scored at all: checks before any counting, each with a sentence that says what to do."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from whence.labels.classes import ClassList
from whence.labels.clips import ClipEvents
from whence.metrics.errors import MetricError
from whence.metrics.settings import ScoreSettings

Unknown = Literal["refuse", "leave_out"]


def validate(
    references: ClipEvents, predictions: ClipEvents, settings: ScoreSettings, classes: ClassList, unknown: Unknown
) -> None:
    """Refuse what would give a score without meaning.

    Args:
        references: the truth.
        predictions: what a system says.
        settings: their class_count must be that of `classes`.
        classes: the classes the indices mean.
        unknown: "refuse" prediction clips without a reference, or "leave_out" and go on.

    Raises:
        MetricError: no reference clips, no common clip, a clip without a reference under "refuse", or settings
            for another number of classes.
    """
    if unknown not in ("refuse", "leave_out"):
        raise MetricError(f"unknown is {unknown!r}; choose refuse or leave_out")
    if settings.class_count != len(classes):
        raise MetricError(f"the settings are for {settings.class_count} classes, the class list has {len(classes)}")
    if not len(references):
        raise MetricError("there is no reference clip, so there is nothing to score against")
    strangers = [name for name in predictions.names if name not in references]
    if len(strangers) == len(predictions):
        raise MetricError(
            f"no prediction clip has a reference; predictions are {some_names(predictions.names)}, "
            f"references {some_names(references.names)}: are these two folders of one set?"
        )
    if strangers and unknown == "refuse":
        raise MetricError(
            f"{len(strangers)} of {len(predictions)} prediction clips have no reference: {some_names(strangers)}; "
            "remove them, add their references, or leave them out"
        )


def known_clips(references: ClipEvents, predictions: ClipEvents) -> tuple[ClipEvents, tuple[str, ...]]:
    """Split predictions into the clips that have a reference and the names of those that have none.

    >>> from whence.labels import ClipEvents, Events
    >>> references = ClipEvents.from_mapping({"a": Events.empty()})
    >>> known, names = known_clips(references, ClipEvents.from_mapping({"a": Events.empty(), "b": Events.empty()}))
    >>> known.names, names
    (('a',), ('b',))
    """
    known = np.array([name in references for name in predictions.names], dtype=bool)
    if known.all():
        return predictions, ()
    rows = np.diff(predictions.first_row)
    names = np.array(predictions.names, dtype=object)
    kept = ClipEvents(
        tuple(names[known]), np.concatenate([[0], np.cumsum(rows[known])]), predictions.events[np.repeat(known, rows)]
    )
    return kept, tuple(names[~known])


def some_names(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are; names are shown as Python writes them, whatever is in them.

    >>> some_names(["a", "b", "c", "d", "e"])
    "'a', 'b', 'c' and 2 more"
    >>> some_names([])
    'none'
    """
    shown = ", ".join(repr(name) for name in names[:most])
    return (f"{shown} and {len(names) - most:,} more" if len(names) > most else shown) or "none"
