"""References and predictions become an evaluation: both protocols, intervals, classes, and what was left out."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from whence.errors import MetricError
from whence.labels import STARSS23, ClassList, ClipEvents
from whence.metrics.counting import Counts, at_zero_distance, count
from whence.metrics.intervals import Recordings, recordings_of
from whence.metrics.pairing import Pairing, pair
from whence.metrics.same_class import SameClass, same_class_at_once
from whence.metrics.scores import ProtocolResult, number_or_none, result_of
from whence.metrics.settings import IntervalSettings, Protocol, ScoreSettings
from whence.metrics.tables import Breakdown, Dimension, break_down
from whence.text import counted, few, shown

Unknown = Literal["refuse", "leave_out"]

_log = logging.getLogger("whence.metrics")


@dataclass(frozen=True)
class LeftOut:
    """How much of the data the official score ignores, in numbers.

    Args:
        last_frames: clips whose last labelled frame is not scored: every predicted clip that has a reference.
        predictions_after_end: predicted rows later than the last labelled frame of a clip that has references.
        missing_files: reference clips without a prediction table.
        silent_clips: reference clips without a reference row, in which no prediction is penalized.
        overwritten_references: reference rows that found no free track and never counted, in either protocol.
        overwritten_predictions: predicted rows likewise.
        zero_distances: pairs with a reference at distance 0, which "strict" leaves out of the distance errors.
    """

    last_frames: int
    predictions_after_end: int
    missing_files: int
    silent_clips: int
    overwritten_references: int
    overwritten_predictions: int
    zero_distances: int = 0

    def __add__(self, other: Self) -> Self:
        """The numbers of two sets of clips together."""
        return type(self)(**{name: number + getattr(other, name) for name, number in asdict(self).items()})

    def as_json(self) -> dict[str, int]:
        """The four numbers that `whence evaluate --json` prints."""
        every = asdict(self)
        return {name: every[name] for name in ("last_frames", "predictions_after_end", "missing_files", "silent_clips")}

    def sentences(self) -> tuple[str, ...]:
        """The counts as sentences; none if nothing was left out.

        >>> LeftOut(2, 0, 1, 0, 0, 0).sentences()
        ('The official scorer left out: the last labelled frame of 2 clips; 1 clip with no prediction file.',)
        """
        parts = (
            (self.last_frames, f"the last labelled frame of {counted(self.last_frames, 'clip')}"),
            (self.predictions_after_end, f"{counted(self.predictions_after_end, 'prediction')} after it"),
            (self.missing_files, f"{counted(self.missing_files, 'clip')} with no prediction file"),
            (self.silent_clips, f"{counted(self.silent_clips, 'clip')} without a reference event"),
        )
        text = "; ".join(part for number, part in parts if number)
        sentences = [f"The official scorer left out: {text}."] if text else []
        for number, side in ((self.overwritten_references, "reference"), (self.overwritten_predictions, "predicted")):
            if number:
                rows = counted(number, f"{side} row")
                sentences.append(f"{rows} found no free track: the scorer keeps ten of a class in a frame.")
        return (*sentences, *self.warnings())

    def warnings(self) -> tuple[str, ...]:
        """What makes a score meaningless, as sentences.

        >>> LeftOut(0, 0, 0, 0, 0, 0, zero_distances=2).warnings()[0][:48]
        '2 references at distance 0: the official RDE div'
        """
        if not self.zero_distances:
            return ()
        return (
            f"{counted(self.zero_distances, 'reference')} at distance 0: the official RDE divides by it and means "
            "nothing; the strict one leaves these out.",
        )


@dataclass(frozen=True, eq=False)
class Summary:
    """The scores of a system against references.

    Args:
        official: as the DCASE 2025 scorer counts.
        strict: every labelled frame, silent clips and missing files included, absent classes left out of the mean.
        classes: names of the classes.
        settings: the thresholds and the average.
        interval_settings: how the intervals were drawn.
        left_out: what "official" does not look at.
        missing_clips: reference clips without a prediction table.
        unknown_clips: prediction clips without a reference; none of their rows counts anywhere.
        recordings: which recording each reference clip belongs to.
        counts: for each protocol, the counts of shape (clip, quantity, class).
        same_class: how often several sources of one class at once are predicted as several.
    """

    official: ProtocolResult
    strict: ProtocolResult
    classes: ClassList
    settings: ScoreSettings
    interval_settings: IntervalSettings
    left_out: LeftOut
    missing_clips: tuple[str, ...]
    unknown_clips: tuple[str, ...]
    recordings: Recordings
    counts: dict[Protocol, Counts]
    same_class: SameClass

    def per_class(self, protocol: Protocol = "official") -> list[dict[str, object]]:
        """One row for each class: index, name, scores (null where there is none), scored references."""
        scores = (self.official if protocol == "official" else self.strict).scores
        return [
            {
                "class": index,
                "name": name,
                "f20": number_or_none(scores.by_class.f20[index]),
                "doae_deg": number_or_none(scores.by_class.doae_deg[index]),
                "rde": number_or_none(scores.by_class.rde[index]),
                "references": int(scores.references[index]),
            }
            for index, name in enumerate(self.classes.names)
        ]

    def as_json(self) -> dict[str, object]:
        """What `whence evaluate --json` prints; the shape is fixed, and NaN is null."""
        return {
            "official": self.official.as_json(),
            "strict": self.strict.as_json(),
            "per_class": self.per_class(),
            "left_out": self.left_out.as_json(),
        }

    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, one sentence each."""
        notes = [*self.left_out.sentences(), *self._notes_on_classes()]
        if self.settings.full_circle:
            notes.insert(0, "Azimuth errors are on the full circle; the challenge folds both sides to the front.")
        several = self.same_class.sentence()
        notes += [] if several is None else [several]
        unnamed = self.recordings.unnamed_clips
        if unnamed and self.interval_settings.method != "none":
            notes.append(
                f"{unnamed:,} of {len(self.recordings.of_clip):,} clip names tell no recording; each such clip "
                "counts as a recording, and the intervals are too narrow if some were cut from one."
            )
        return tuple(notes)

    def _notes_on_classes(self) -> list[str]:
        """Which classes a macro mean lacks, or counts as 0."""
        if self.settings.average == "micro":
            return []
        absent, silent = self.strict.scores.absent_classes, self.official.scores.absent_classes
        notes = []
        if silent:
            notes.append(
                f"Classes present: {len(self.classes) - len(silent)} of {len(self.classes)}; "
                f"the official mean counts 0 for {self._names(silent)}."
            )
        if absent:
            notes.append(f"The strict mean leaves out {self._names(absent)}.")
        return notes

    def _names(self, classes: tuple[int, ...]) -> str:
        return ", ".join(shown(self.classes[index]) for index in classes)


@dataclass(frozen=True, eq=False)
class Evaluation(Summary):
    """The scores of a system against references, and everything needed to look closer.

    Args:
        pairing: every row and pair, for tables and for looking at mistakes.
    """

    pairing: Pairing

    def table(self, dimension: Dimension, protocol: Protocol = "official") -> Breakdown:
        """The scores by azimuth, side, distance, polyphony or same-class overlap."""
        return break_down(self.pairing, self.settings, dimension, protocol)


def evaluate(
    references: ClipEvents,
    predictions: ClipEvents,
    settings: ScoreSettings | None = None,
    *,
    classes: ClassList = STARSS23,
    interval_settings: IntervalSettings | None = None,
    unknown: Unknown = "refuse",
) -> Evaluation:
    """Score a system, officially and strictly, with intervals by recording.

    The official scores are those of the challenge's own code, whose rules do not penalize some mistakes; the strict
    ones count everything. Say which of the two a number is wherever it is shown.

    Args:
        references: the truth, one table for each clip; a silent clip has an empty one.
        predictions: of the system. A reference clip may be missing here: not penalized under "official",
            all missed under "strict".
        settings: thresholds and average; by default those of the challenge for these classes.
        classes: the classes the indices mean.
        interval_settings: by default 95 % by jackknife.
        unknown: what to do about prediction clips without a reference: "refuse", or "leave_out" and name them.

    Returns:
        scores, intervals, classes, what was left out, and everything needed to look closer.

    Raises:
        MetricError: nothing can be scored, a class index is not in `classes`, or a clip has no reference and
            `unknown` is "refuse".

    >>> from whence.labels import Events
    >>> table = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [30, 30]})
    >>> clips = ClipEvents.from_mapping({"a": table})
    >>> result = evaluate(clips, clips)
    >>> round(result.official.f20, 3), result.strict.f20
    (0.077, 1.0)
    """
    settings = settings or ScoreSettings(class_count=len(classes))
    interval_settings = interval_settings or IntervalSettings()
    check_names(references.names, predictions.names, settings, classes, unknown)
    check_directions(references, predictions)
    predictions, unknown_clips = known_clips(references, predictions)
    if unknown_clips:
        _log.warning("left out %d prediction clips without a reference: %s", len(unknown_clips), few(unknown_clips))
    pairing = pair(references, predictions, settings.class_count, full_circle=settings.full_circle)
    summary = summarized(
        references.names,
        pairing.has_prediction,
        count(pairing, settings),
        left_out_of(pairing),
        same_class_at_once(pairing),
        unknown_clips,
        settings,
        classes=classes,
        interval_settings=interval_settings,
    )
    return Evaluation(**vars(summary), pairing=pairing)


def summarized(
    names: Sequence[str],
    has_prediction: NDArray[np.bool_],
    counts: dict[Protocol, Counts],
    left_out: LeftOut,
    same_class: SameClass,
    unknown_clips: tuple[str, ...],
    settings: ScoreSettings,
    *,
    classes: ClassList,
    interval_settings: IntervalSettings,
) -> Summary:
    """Return the scores of counted clips.

    Args:
        names: (clip,) of the references.
        has_prediction: (clip,) whether there is a prediction table.
        counts: for each protocol of shape (clip, quantity, class).
        left_out: what "official" does not look at.
        same_class: see `same_class_at_once`.
        unknown_clips: prediction clips without a reference.
        settings: of the counts.
        classes: of the counts.
        interval_settings: how intervals are drawn.
    """
    recordings = recordings_of(names)
    official, of_clip = counts["official"], recordings.of_clip
    if not has_prediction.all():
        official, of_clip = Counts(official.values[has_prediction]), of_clip[has_prediction]
    return Summary(
        official=result_of(official, of_clip, "official", settings, interval_settings),
        strict=result_of(counts["strict"], recordings.of_clip, "strict", settings, interval_settings),
        classes=classes,
        settings=settings,
        interval_settings=interval_settings,
        left_out=left_out,
        missing_clips=tuple(np.array(names, dtype=object)[~has_prediction]),
        unknown_clips=unknown_clips,
        recordings=recordings,
        counts=counts,
        same_class=same_class,
    )


def check_names(
    references: Sequence[str],
    predictions: Sequence[str],
    settings: ScoreSettings,
    classes: ClassList,
    unknown: Unknown,
) -> None:
    """Refuse clips and settings that would give a score without meaning."""
    if unknown not in ("refuse", "leave_out"):
        raise MetricError(f"unknown is {unknown!r}; choose refuse or leave_out")
    if settings.class_count != len(classes):
        raise MetricError(f"the settings are for {settings.class_count} classes, the class list has {len(classes)}")
    if not len(references):
        raise MetricError("there is no reference clip, so there is nothing to score against")
    unknown_clips = unknown_names(references, predictions)
    if len(unknown_clips) == len(predictions):
        raise MetricError(
            f"no prediction clip has a reference; predictions are {few(predictions)}, "
            f"references {few(references)}: are these two folders of one set?"
        )
    if unknown_clips and unknown == "refuse":
        raise MetricError(
            f"{len(unknown_clips)} of {len(predictions)} prediction clips have no reference: {few(unknown_clips)}; "
            "remove them, add their references, or leave them out"
        )


def check_directions(references: ClipEvents, predictions: ClipEvents) -> None:
    """Refuse events that cannot be scored because they have no direction."""
    for name, clips in (("reference", references), ("prediction", predictions)):
        if np.isnan(clips.events.azimuth_deg).any():
            raise MetricError(f"a {name} has no direction, as events of a mono sound, so it cannot be scored")


def known_clips(references: ClipEvents, predictions: ClipEvents) -> tuple[ClipEvents, tuple[str, ...]]:
    """Split predictions into the clips that have a reference and the names of those that have none.

    >>> from whence.labels import ClipEvents, Events
    >>> references = ClipEvents.from_mapping({"a": Events.empty()})
    >>> known, names = known_clips(references, ClipEvents.from_mapping({"a": Events.empty(), "b": Events.empty()}))
    >>> known.names, names
    (('a',), ('b',))
    """
    unknown = unknown_names(references.names, predictions.names)
    if not unknown:
        return predictions, ()
    return predictions.select([name for name in predictions.names if name in references]), unknown


def unknown_names(references: Sequence[str], predictions: Sequence[str]) -> tuple[str, ...]:
    """Return the prediction clips that have no reference, in their order."""
    known = set(references)
    return tuple(name for name in predictions if name not in known)


def left_out_of(pairing: Pairing) -> LeftOut:
    """Count what the official protocol does not look at.

    Source: DCASE 2025 Task 3 baseline, metrics.py, ComputeSELDResults.
    """
    silent = np.ones(len(pairing.clip_names), dtype=bool)
    silent[pairing.references.clip] = False
    predicted = pairing.predictions
    late = (predicted.frame > pairing.last_frame[predicted.clip]) & ~silent[predicted.clip]
    return LeftOut(
        last_frames=int((~silent & pairing.has_prediction).sum()),
        predictions_after_end=int(late.sum()),
        missing_files=int((~pairing.has_prediction).sum()),
        silent_clips=int(silent.sum()),
        overwritten_references=pairing.references.overwritten,
        overwritten_predictions=predicted.overwritten,
        zero_distances=int(at_zero_distance(pairing).sum()),
    )
