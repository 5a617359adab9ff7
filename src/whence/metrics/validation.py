"""What can be scored at all: checks before any counting, each with a sentence that says what to do."""

from collections.abc import Sequence
from typing import Literal

from whence.errors import MetricError
from whence.labels import ClassList, ClipEvents
from whence.metrics.settings import ScoreSettings
from whence.text import shown

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
    strangers = unknown_names(references, predictions)
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
    strangers = unknown_names(references, predictions)
    if not strangers:
        return predictions, ()
    return predictions.select([name for name in predictions.names if name in references]), strangers


def unknown_names(references: ClipEvents, predictions: ClipEvents) -> tuple[str, ...]:
    """The prediction clips that have no reference, in their order."""
    strangers = set(predictions.names).difference(references.names)
    return tuple(name for name in predictions.names if name in strangers) if strangers else ()


def some_names(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are.

    >>> some_names(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    >>> some_names([])
    'none'
    """
    first = ", ".join(shown(name) for name in names[:most])
    return (f"{first} and {len(names) - most:,} more" if len(names) > most else first) or "none"
