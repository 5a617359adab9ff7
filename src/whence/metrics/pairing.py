"""Two tables become one alignment: scored rows of both sides, sorted, and who was paired with whom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import MetricError
from whence.labels import ClipEvents
from whence.metrics.matching import match
from whence.metrics.tracks import rows_in_tracks
from whence.text import shown

EPS = float(np.finfo(np.float64).eps)  # keeps divisions by 0 defined, as in the official code
# Distances are compared in centimetres, the unit of the official files: metres read from them are off by the last bits,
# and EPS would have another weight.
CM_PER_M = 100.0
_LAST_BITS = 4 * EPS


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of references or predictions that occupy a track, sorted by clip, frame and class.

    Args:
        clip: (row,) int64, position of the clip among the reference clips.
        frame: (row,) int32, 100 ms label frame.
        class_index: (row,) int32.
        azimuth_deg: (row,) folded to the front, degrees in [-90, 90], positive to the left.
        distance_m: (row,) metres, NaN where not known.
        group: (row,) int64, equal for rows of one clip, frame and class, climbing.
        first_row: (group + 1,) where each (clip, frame, class) group starts.
        overwritten: how many rows found no free track and are gone.
    """

    clip: NDArray[np.int64]
    frame: NDArray[np.int32]
    class_index: NDArray[np.int32]
    azimuth_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    group: NDArray[np.int64]
    first_row: NDArray[np.int64]
    overwritten: int


@dataclass(frozen=True, eq=False)
class Pairing:
    """References and predictions of the same clips, and the pairs among them.

    Args:
        clip_names: (clip,) the reference clips.
        has_prediction: (clip,) whether there is a prediction table, be it empty.
        last_frame: (clip,) int64, the last frame with a reference; 0 for a silent clip.
        references: all reference rows.
        predictions: all prediction rows of known clips.
        reference_row: (pair,) row in `references`.
        prediction_row: (pair,) row in `predictions`.
        azimuth_error_deg: (pair,) degrees in [0, 180].
        distance_error_cm: (pair,) centimetres, NaN where a distance is not known.
        relative_distance_error: (pair,) as a part of the reference distance, NaN where a distance is not known.
    """

    clip_names: tuple[str, ...]
    has_prediction: NDArray[np.bool_]
    last_frame: NDArray[np.int64]
    references: Side
    predictions: Side
    reference_row: NDArray[np.int64]
    prediction_row: NDArray[np.int64]
    azimuth_error_deg: NDArray[np.float64]
    distance_error_cm: NDArray[np.float64]
    relative_distance_error: NDArray[np.float64]

    def officially_scored(self, side: Side) -> NDArray[np.bool_]:
        """(row,) which rows the official protocol looks at: before the last reference frame of a predicted clip."""
        # A missing prediction file is as if the clip ended before it began.
        end = np.where(self.has_prediction, self.last_frame, 0)
        return side.frame < end[side.clip]


def pair(references: ClipEvents, predictions: ClipEvents, class_count: int) -> Pairing:
    """Pair the predictions of every clip with its references, in every frame and class.

    Args:
        references: the truth.
        predictions: what a system says; each clip must be among the references, some may be missing.
        class_count: how many classes there are.

    Returns:
        the pairs with their errors, and both sides row by row.

    Raises:
        MetricError: a class index is not below `class_count`, or a prediction clip has no reference.

    Source: DCASE 2025 Task 3 baseline, metrics.py, update_seld_scores.

    >>> from whence.labels import Events
    >>> table = Events.from_columns({"frame": [0], "class_index": [8], "azimuth_deg": [150], "distance_m": [2.0]})
    >>> clips = ClipEvents.from_mapping({"a": table})
    >>> moved = ClipEvents.from_mapping({"a": table.rotated(10)})
    >>> pair(clips, moved, class_count=13).azimuth_error_deg
    array([10.])
    """
    clip_of_name = {name: position for position, name in enumerate(references.names)}
    predicted_clip = np.array([clip_of_name.get(name, -1) for name in predictions.names], dtype=np.int64)
    if (predicted_clip < 0).any():
        unknown = predictions.names[int(np.argmin(predicted_clip))]
        raise MetricError(f"{shown(unknown)}: this prediction clip has no reference")
    frame_count = 1 + max(int(clips.events.frame.max(initial=0)) for clips in (references, predictions))
    truth = _side(references, references.clip_of_row(), frame_count, class_count)
    guess = _side(predictions, predicted_clip[predictions.clip_of_row()], frame_count, class_count)
    has_prediction = np.zeros(len(references), dtype=bool)
    has_prediction[predicted_clip] = True
    reference_row, prediction_row = _pairs(truth, guess)
    reference_cm = centimetres(truth.distance_m[reference_row])
    predicted_cm = centimetres(guess.distance_m[prediction_row])
    distance_error_cm = np.abs(reference_cm - predicted_cm)
    return Pairing(
        clip_names=references.names,
        has_prediction=has_prediction,
        last_frame=_last_frame(truth, len(references)),
        references=truth,
        predictions=guess,
        reference_row=reference_row,
        prediction_row=prediction_row,
        azimuth_error_deg=np.abs(truth.azimuth_deg[reference_row] - guess.azimuth_deg[prediction_row]),
        distance_error_cm=distance_error_cm,
        relative_distance_error=distance_error_cm / (reference_cm + EPS),
    )


def _side(clips: ClipEvents, clip: NDArray[np.int64], frame_count: int, class_count: int) -> Side:
    """Sort the rows of one side into (clip, frame, class) groups and keep those that find a track."""
    events = clips.events
    if events.row_count and int(events.class_index.max()) >= class_count:
        row = int(np.argmax(events.class_index >= class_count))
        name = clips.names[int(np.searchsorted(clips.first_row, row, side="right")) - 1]
        raise MetricError(
            f"{shown(name)}: class {events.class_index[row]} in frame {events.frame[row]}; "
            f"the class list has 0 to {class_count - 1}"
        )
    group = (clip * frame_count + events.frame) * class_count + events.class_index
    rows: NDArray[np.int64] | slice = slice(None)
    if (group[1:] < group[:-1]).any():  # most files are sorted as they come, and a slice costs nothing
        rows = np.argsort(group, kind="stable")  # stable: within a group the order of the file decides
        group = group[rows]
    first_row = _group_starts(group)
    kept = rows_in_tracks(events.source[rows], first_row)
    if len(kept) < len(group):
        rows, group = np.arange(len(group))[rows][kept], group[kept]
        first_row = _group_starts(group)
    return Side(
        clip=clip[rows],
        frame=events.frame[rows],
        class_index=events.class_index[rows],
        azimuth_deg=_fold_as_scorer(events.azimuth_deg[rows]),
        distance_m=events.distance_m[rows],
        group=group,
        first_row=first_row,
        overwritten=events.row_count - len(kept),
    )


def _group_starts(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """(group + 1,) the first row of every run of equal numbers, and the number of rows."""
    changes = np.flatnonzero(group[1:] != group[:-1]) + 1
    start = [0] if len(group) else []
    return np.concatenate([start, changes, [len(group)]]).astype(np.int64)


def _fold_as_scorer(azimuth_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fold to the front in the scorer's own steps: `fold_to_front` is more exact, but here last bits decide ties."""
    turned = azimuth_deg + 180.0
    # The remainder of a number that is in one turn already is that number, and taking it is the slow part.
    if turned.min(initial=0.0) < 0.0 or turned.max(initial=0.0) >= 360.0:
        turned %= 360.0
    turned -= 180.0
    if turned.min(initial=0.0) >= -90.0 and turned.max(initial=0.0) <= 90.0:
        return turned
    return np.where(turned > 90.0, 180.0 - turned, np.where(turned < -90.0, -180.0 - turned, turned))


def centimetres(distance_m: ArrayLike) -> NDArray[np.float64]:
    """Metres as centimetres, whole where the value is whole but for the last bits; NaN and infinity stay."""
    distance_cm = np.asarray(distance_m, dtype=np.float64) * CM_PER_M
    whole = np.rint(distance_cm)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return np.where(np.abs(distance_cm - whole) <= _LAST_BITS * whole, whole, distance_cm)


def _last_frame(side: Side, clip_count: int) -> NDArray[np.int64]:
    """(clip,) the highest frame of every clip, 0 where it has no row."""
    end = np.searchsorted(side.clip, np.arange(clip_count), side="right")
    has_rows = np.bincount(side.clip, minlength=clip_count) > 0
    last_frame = np.zeros(clip_count, dtype=np.int64)
    last_frame[has_rows] = side.frame[end[has_rows] - 1]
    return last_frame


def _pairs(references: Side, predictions: Side) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pair,) rows of both sides that belong together, over all groups where both are active."""
    reference_group = references.group[references.first_row[:-1]]
    prediction_group = predictions.group[predictions.first_row[:-1]]
    if not len(reference_group):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # A system says less than there is, as a rule, so this way round fewer groups are looked up.
    counterpart = np.searchsorted(reference_group, prediction_group).clip(max=len(reference_group) - 1)
    both = reference_group[counterpart] == prediction_group
    counterpart = counterpart[both]
    return match(
        references.azimuth_deg,
        (references.first_row[:-1][counterpart], np.diff(references.first_row)[counterpart]),
        predictions.azimuth_deg,
        (predictions.first_row[:-1][both], np.diff(predictions.first_row)[both]),
    )
