"""References and predictions become an evaluation: both protocols, intervals, classes, and what was left out."""

import logging
from dataclasses import dataclass

import numpy as np

from whence.labels import STARSS23, ClassList, ClipEvents
from whence.metrics.counting import Counts, count
from whence.metrics.left_out import LeftOut, left_out
from whence.metrics.pairing import Pairing, pair
from whence.metrics.recordings import Recordings, recordings_of
from whence.metrics.results import ProtocolResult, result_of
from whence.metrics.settings import IntervalSettings, Protocol, ScoreSettings
from whence.metrics.tables import Breakdown, Dimension, break_down, number_or_none
from whence.metrics.validation import Unknown, known_clips, some_names, validate
from whence.text import shown

_log = logging.getLogger("whence.metrics")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that scoring a system against references brings.

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
        pairing: every row and pair, for tables and for looking at mistakes.
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
    pairing: Pairing

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

    def table(self, dimension: Dimension, protocol: Protocol = "official") -> Breakdown:
        """The scores apart by azimuth, side, distance, polyphony or same-class overlap."""
        return break_down(self.pairing, self.settings, dimension, protocol)

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
        unnamed = self.recordings.unnamed_clips
        if unnamed and self.interval_settings.method != "none":
            notes.append(
                f"{unnamed:,} of {len(self.recordings.of_clip):,} clip names tell no recording; each such clip stands "
                "for itself, and the intervals are too narrow if some were cut from one recording."
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

    The official numbers are those of the challenge's own code, whose rules make some mistakes free of charge; the
    strict ones count everything. Say which of the two a number is wherever it is shown.

    Args:
        references: the truth, one table for each clip; a silent clip has an empty one.
        predictions: what the system says. A reference clip may be missing here: free of charge under "official",
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
    >>> round(result.official.scores.f20, 3), result.strict.scores.f20
    (0.077, 1.0)
    """
    settings = settings or ScoreSettings(class_count=len(classes))
    interval_settings = interval_settings or IntervalSettings()
    validate(references, predictions, settings, classes, unknown)
    predictions, unknown_clips = known_clips(references, predictions)
    if unknown_clips:
        _log.warning(
            "left out %d prediction clips without a reference: %s", len(unknown_clips), some_names(unknown_clips)
        )
    pairing = pair(references, predictions, settings.class_count)
    counts = count(pairing, settings)
    recordings = recordings_of(references.names)
    seen = pairing.has_prediction
    return Evaluation(
        official=result_of(
            Counts(counts["official"].values[seen]), recordings.of_clip[seen], "official", settings, interval_settings
        ),
        strict=result_of(counts["strict"], recordings.of_clip, "strict", settings, interval_settings),
        classes=classes,
        settings=settings,
        interval_settings=interval_settings,
        left_out=left_out(pairing),
        missing_clips=tuple(np.array(references.names, dtype=object)[~pairing.has_prediction]),
        unknown_clips=unknown_clips,
        recordings=recordings,
        counts=counts,
        pairing=pairing,
    )
