"""Two systems on the same clips become a paired difference with interval, by class and by where it changed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.labels import STARSS23, ClassList, ClipEvents
from whence.metrics.counting import Counts
from whence.metrics.evaluation import Evaluation, Unknown, evaluate
from whence.metrics.intervals import interval
from whence.metrics.scores import averaged, by_class, main_scores, number_or_none
from whence.metrics.settings import IntervalSettings, Protocol, ScoreSettings, check_protocol
from whence.metrics.tables import BANDS, Dimension, break_down

# The scores that are compared; a higher F is better, a higher error worse.
_SCORES = ("f20", "doae_deg", "rde")


@dataclass(frozen=True)
class Change:
    """One score of two systems and the interval of its difference.

    The interval belongs to the difference itself: both systems were given the same recordings, so what makes a
    recording hard cancels, and the interval is much narrower than those of the two scores.

    Args:
        old: score of the first system; NaN where it has none.
        new: score of the second.
        low: lower end of new - old; NaN where the data cannot say.
        high: upper end.
    """

    old: float
    new: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """New minus old."""
        return self.new - self.old

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    def as_json(self) -> dict[str, object]:
        """The numbers, null where there is none."""
        ends = [number_or_none(self.low), number_or_none(self.high)]
        values = {"old": self.old, "new": self.new, "difference": self.difference}
        return {**{name: number_or_none(value) for name, value in values.items()}, "interval": ends}


@dataclass(frozen=True, eq=False)
class Comparison:
    """How a new system differs from an old one.

    Args:
        protocol: which rows counted.
        f20: change of the F-score; up is better.
        doae_deg: change of the azimuth error; down is better.
        rde: change of the relative distance error; down is better.
        per_class: (class,) change of each class's F-score.
        where: change of the F-score in each band that occurs, by dimension and band name.
        classes: names of the classes.
        old: the full evaluation of the first system.
        new: the full evaluation of the second.
    """

    protocol: Protocol
    f20: Change
    doae_deg: Change
    rde: Change
    per_class: tuple[Change, ...]
    where: dict[Dimension, dict[str, Change]]
    classes: ClassList
    old: Evaluation
    new: Evaluation

    def better(self) -> tuple[str, ...]:
        """Names of the classes whose F-score rose, most first."""
        return self._names(lambda change: -change.difference)

    def worse(self) -> tuple[str, ...]:
        """Names of the classes whose F-score fell, most first."""
        return self._names(lambda change: change.difference)

    def as_json(self) -> dict[str, object]:
        """Everything as plain data; NaN is null."""
        return {
            "protocol": self.protocol,
            **{name: getattr(self, name).as_json() for name in _SCORES},
            "per_class": [
                {"class": index, "name": name, **self.per_class[index].as_json()}
                for index, name in enumerate(self.classes.names)
            ],
            "where": {
                dimension: [{"band": band, **change.as_json()} for band, change in bands.items()]
                for dimension, bands in self.where.items()
            },
        }

    def notes(self) -> tuple[str, ...]:
        """What a reader of the comparison should know, one sentence each."""
        notes = [*self.old.left_out.warnings(), *self.new.left_out.warnings()]
        if self.protocol == "official" and set(self.old.missing_clips) != set(self.new.missing_clips):
            notes.append(
                "The two systems have prediction files for different clips, so the official scores are not of the same "
                "clips; compare them with the strict protocol."
            )
        return tuple(dict.fromkeys(notes))

    def _names(self, order: Callable[[Change], float]) -> tuple[str, ...]:
        """Class names whose changes sort below zero, the lowest first."""
        sorted_classes = sorted(range(len(self.per_class)), key=lambda index: order(self.per_class[index]))
        return tuple(self.classes[index] for index in sorted_classes if order(self.per_class[index]) < 0)


def compare(
    references: ClipEvents,
    old: ClipEvents,
    new: ClipEvents,
    settings: ScoreSettings | None = None,
    *,
    classes: ClassList = STARSS23,
    interval_settings: IntervalSettings | None = None,
    protocol: Protocol = "official",
    unknown: Unknown = "refuse",
) -> Comparison:
    """Score two systems on the same references and return what changed, with intervals.

    Each recording is left out (or drawn) for both systems at once.

    Args:
        references: the truth.
        old: predictions of the first system.
        new: predictions of the second.
        settings: as in `evaluate`, like all others.
        classes: the classes the indices mean.
        interval_settings: by default 95 % by jackknife.
        protocol: which rows count.
        unknown: what to do about prediction clips without a reference.

    Raises:
        MetricError: as `evaluate`, for either system, or an unknown protocol.

    >>> from whence.labels import Events
    >>> table = Events.from_columns({"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [30, 30]})
    >>> clips = ClipEvents.from_mapping({"a": table})
    >>> compare(clips, clips, clips).f20.difference
    0.0
    """
    check_protocol(protocol)
    settings = settings or ScoreSettings(class_count=len(classes))
    interval_settings = interval_settings or IntervalSettings()
    # Intervals of the two scores themselves are not shown, so they are not drawn.
    no_intervals = IntervalSettings(method="none")
    systems = tuple(
        evaluate(references, system, settings, classes=classes, interval_settings=no_intervals, unknown=unknown)
        for system in (old, new)
    )
    predicted = systems[0].pairing.has_prediction | systems[1].pairing.has_prediction
    scored = np.ones_like(predicted) if protocol == "strict" else predicted
    # A recording without a scored clip of either system is not an observation.
    known, unit = np.unique(systems[0].recordings.of_clip[scored], return_inverse=True)
    counts = _both([evaluation.counts[protocol].values[scored] for evaluation in systems])
    by_recording = counts.grouped(unit, len(known))
    average = settings.average
    f20, doae_deg, rde = _changes(by_recording, lambda some: main_scores(some, protocol, average), interval_settings)
    return Comparison(
        protocol=protocol,
        f20=f20,
        doae_deg=doae_deg,
        rde=rde,
        per_class=_changes(by_recording, lambda some: by_class(some).f20, interval_settings),
        where=_where(systems, scored, unit, protocol, interval_settings),
        classes=classes,
        old=systems[0],
        new=systems[1],
    )


def _both(values: list[NDArray[np.float64]]) -> Counts:
    """Counts of two systems with an axis for the system before the last two: (..., system, quantity, class)."""
    return Counts(np.stack(values, axis=-3))


def _changes(
    counts: Counts, statistic: Callable[[Counts], NDArray[np.float64]], settings: IntervalSettings
) -> tuple[Change, ...]:
    """The changes of a statistic with one value for each thing on its last axis.

    `counts` are (recording, ..., system, quantity, class); the statistic keeps all but the first axis and the last two.
    """

    def difference(some: Counts) -> NDArray[np.float64]:
        scores = statistic(some)
        change: NDArray[np.float64] = scores[..., 1, :] - scores[..., 0, :]
        return change

    drawn = interval(counts, difference, settings)
    old, new = np.moveaxis(statistic(counts.total()), -2, 0)
    columns = (old, new, drawn.low, drawn.high)
    return tuple(Change(*(float(value) for value in row)) for row in zip(*columns, strict=True))


def _where(
    systems: tuple[Evaluation, ...],
    scored: NDArray[np.bool_],
    unit: NDArray[np.int64],
    protocol: Protocol,
    interval_settings: IntervalSettings,
) -> dict[Dimension, dict[str, Change]]:
    """Change of the F-score in each band that occurs."""
    settings = systems[0].settings
    unit_of_clip = np.zeros(len(scored), dtype=np.int64)
    unit_of_clip[scored] = unit
    where: dict[Dimension, dict[str, Change]] = {}
    for dimension in BANDS:
        tables = [break_down(system.pairing, settings, dimension, protocol, unit_of_clip) for system in systems]
        counts = _both([table.counts.values for table in tables])

        def f20(some: Counts) -> NDArray[np.float64]:
            # The system axis goes before the bands, which become the last.
            return np.swapaxes(averaged(some, "strict", settings.average).f20, -1, -2)

        occurs = (counts.total().references.sum(axis=(-1, -2)) > 0).tolist()
        changes = zip(tables[0].bands, _changes(counts, f20, interval_settings), occurs, strict=True)
        where[dimension] = {band: change for band, change, here in changes if here}
    return where
