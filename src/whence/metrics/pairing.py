"""References and predictions become pairs: the rows that are scored, and which prediction belongs to which reference.

Three steps, all groups at once, where a group is one class in one frame of one clip: the official scorer keeps ten
tracks of a group and overwrites beyond (`rows_in_tracks`); both sides are sorted into groups (`pair`); and in each
group predictions go to references so that the summed azimuth error is least (`match`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.errors import MetricError
from whence.labels import ClipEvents, wrap
from whence.text import shown

# Numbers of rows, clips or groups.
Rows = NDArray[np.int64]

EPS = float(np.finfo(np.float64).eps)  # keeps divisions by 0 defined, as in the official code
# Distances are compared in centimetres, the unit of the official files: metres read from them are off by the last bits,
# and EPS would have another weight.
CM_PER_M = 100.0
_LAST_BITS = 4 * EPS
TRACKS = 10
# Up to this many pairings of a group are tried all; a bigger group goes to the solver (5 on 5 has 120).
_MOST_PAIRINGS = 120
# Pairings whose costs differ by less are left to the solver: whether it sees them as tied depends on its own rounding.
# Rounding is about 1e-13 degrees, real differences in files are whole degrees.
_TIE_DEG = 1e-7
# Groups are worked through in pieces of about this many numbers, which bounds the memory of crowded files.
_CHUNK = 1 << 21


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of references or predictions that occupy a track, sorted by clip, frame and class.

    Args:
        clip: (row,) int64, position of the clip among the reference clips.
        frame: (row,) int32, 100 ms label frame.
        class_index: (row,) int32.
        azimuth_deg: (row,) degrees, positive to the left: folded to [-90, 90], or on the full circle in [-180, 180).
        distance_m: (row,) metres, NaN where not known.
        group: (row,) int64, equal for rows of one clip, frame and class, climbing.
        first_row: (group + 1,) where each (clip, frame, class) group starts.
        overwritten: how many rows found no free track and are gone.
    """

    clip: Rows
    frame: NDArray[np.int32]
    class_index: NDArray[np.int32]
    azimuth_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    group: Rows
    first_row: Rows
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
    last_frame: Rows
    references: Side
    predictions: Side
    reference_row: Rows
    prediction_row: Rows
    azimuth_error_deg: NDArray[np.float64]
    distance_error_cm: NDArray[np.float64]
    relative_distance_error: NDArray[np.float64]

    def officially_scored(self, side: Side) -> NDArray[np.bool_]:
        """(row,) which rows the official protocol looks at: before the last reference frame of a predicted clip."""
        # A missing prediction file is as if the clip ended before it began.
        end = np.where(self.has_prediction, self.last_frame, 0)
        return side.frame < end[side.clip]


def pair(references: ClipEvents, predictions: ClipEvents, class_count: int, *, full_circle: bool = False) -> Pairing:
    """Pair the predictions of every clip with its references, in every frame and class.

    Args:
        references: the truth.
        predictions: each clip must be among the references, some may be missing.
        class_count: class indices are below it.
        full_circle: whether front and back are different directions; the official metric folds to the front.

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
    truth = _side(references, references.clip_of_row(), frame_count, class_count, full_circle)
    guess = _side(predictions, predicted_clip[predictions.clip_of_row()], frame_count, class_count, full_circle)
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
        azimuth_error_deg=apart_deg(truth.azimuth_deg[reference_row], guess.azimuth_deg[prediction_row]),
        distance_error_cm=distance_error_cm,
        relative_distance_error=distance_error_cm / (reference_cm + EPS),
    )


def _side(clips: ClipEvents, clip: Rows, frame_count: int, class_count: int, full_circle: bool) -> Side:
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
    rows: Rows | slice = slice(None)
    if (group[1:] < group[:-1]).any():  # most files are sorted as they come, and a slice costs nothing
        rows = np.argsort(group, kind="stable")  # stable: within a group the order of the file decides
        group = group[rows]
    first_row = _group_starts(group)
    surviving = rows_in_tracks(events.source[rows], first_row)
    if len(surviving) < len(group):
        rows, group = np.arange(len(group))[rows][surviving], group[surviving]
        first_row = _group_starts(group)
    return Side(
        clip=clip[rows],
        frame=events.frame[rows],
        class_index=events.class_index[rows],
        azimuth_deg=(wrap if full_circle else _fold_as_scorer)(events.azimuth_deg[rows]),
        distance_m=events.distance_m[rows],
        group=group,
        first_row=first_row,
        overwritten=events.row_count - len(surviving),
    )


def _group_starts(group: Rows) -> Rows:
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


def apart_deg(one_deg: NDArray[np.float64], other_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angles between directions, the short way round; between folded ones it is the plain difference."""
    difference = np.abs(one_deg - other_deg)
    return np.minimum(difference, 360.0 - difference)


def centimetres(distance_m: ArrayLike) -> NDArray[np.float64]:
    """Convert metres to centimetres, whole where the value is whole but for the last bits; NaN and infinity stay."""
    distance_cm = np.asarray(distance_m, dtype=np.float64) * CM_PER_M
    whole = np.rint(distance_cm)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return np.where(np.abs(distance_cm - whole) <= _LAST_BITS * whole, whole, distance_cm)


def _last_frame(side: Side, clip_count: int) -> Rows:
    """(clip,) the highest frame of every clip, 0 where it has no row."""
    end = np.searchsorted(side.clip, np.arange(clip_count), side="right")
    has_rows = np.bincount(side.clip, minlength=clip_count) > 0
    last_frame = np.zeros(clip_count, dtype=np.int64)
    last_frame[has_rows] = side.frame[end[has_rows] - 1]
    return last_frame


def _pairs(references: Side, predictions: Side) -> tuple[Rows, Rows]:
    """(pair,) rows of both sides that belong together, over all groups where both are active."""
    reference_group = references.group[references.first_row[:-1]]
    prediction_group = predictions.group[predictions.first_row[:-1]]
    if not len(reference_group):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # There are fewer predictions than references, as a rule, so this way round fewer groups are looked up.
    counterpart = np.searchsorted(reference_group, prediction_group).clip(max=len(reference_group) - 1)
    both = reference_group[counterpart] == prediction_group
    counterpart = counterpart[both]
    return match(
        references.azimuth_deg,
        (references.first_row[:-1][counterpart], np.diff(references.first_row)[counterpart]),
        predictions.azimuth_deg,
        (predictions.first_row[:-1][both], np.diff(predictions.first_row)[both]),
    )


def match(
    reference_azimuth_deg: NDArray[np.float64],
    reference_rows: tuple[Rows, Rows],
    prediction_azimuth_deg: NDArray[np.float64],
    prediction_rows: tuple[Rows, Rows],
) -> tuple[Rows, Rows]:
    """Pair references with predictions in every group so that the summed azimuth error of a group is least.

    The outcome is that of one call of `scipy.optimize.linear_sum_assignment(cost[reference, prediction])`
    for each group. Several pairings often cost the same in whole degrees and then have different distance
    errors, so the solver itself is asked wherever the best pairing is not unique.

    Args:
        reference_azimuth_deg: (reference,) azimuths of one turn, degrees, the rows of a group next to each other.
        reference_rows: two (group,) arrays: first row and number of rows (at least 1) of each group.
        prediction_azimuth_deg: (prediction,) likewise.
        prediction_rows: likewise; group i of the references meets group i of the predictions.

    Returns:
        Two (pair,) int64 arrays: the reference rows and the prediction rows that belong together, in any order.

    Source: DCASE 2025 Task 3 baseline, utils.py, least_distance_between_gt_pred.

    >>> one_group = (np.array([0]), np.array([2]))
    >>> match(np.array([0.0, 50.0]), one_group, np.array([40.0, 5.0]), one_group)
    (array([0, 1]), array([1, 0]))
    """
    reference_first, reference_count = reference_rows
    prediction_first, prediction_count = prediction_rows
    single = (reference_count == 1) & (prediction_count == 1)
    pairs = [(reference_first[single], prediction_first[single])]
    several = np.flatnonzero(~single)
    base = int(prediction_count.max(initial=0)) + 1
    shape = reference_count[several] * base + prediction_count[several]
    for code in np.unique(shape).tolist():
        references, predictions = divmod(code, base)
        groups = several[shape == code]
        for chunk in _chunks(groups, references, predictions):
            reference = reference_first[chunk, None] + np.arange(references)
            prediction = prediction_first[chunk, None] + np.arange(predictions)
            cost = apart_deg(reference_azimuth_deg[reference][:, :, None], prediction_azimuth_deg[prediction][:, None])
            row, column = _assign(cost)
            pairs.append((np.take_along_axis(reference, row, 1), np.take_along_axis(prediction, column, 1)))
    return (
        np.concatenate([reference.ravel() for reference, _ in pairs]),
        np.concatenate([prediction.ravel() for _, prediction in pairs]),
    )


def _chunks(groups: Rows, references: int, predictions: int) -> Iterator[Rows]:
    """Pieces of `groups` small enough to try all their pairings at once."""
    pairings = min(_MOST_PAIRINGS, _pairing_count(references, predictions))
    step = max(1, _CHUNK // (references * predictions + pairings * min(references, predictions)))
    for start in range(0, len(groups), step):
        yield groups[start : start + step]


def _assign(cost: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """Pairs of (group, reference, prediction) costs as two (group, pair) arrays of row and column numbers."""
    references, predictions = cost.shape[1:]
    if _pairing_count(references, predictions) > _MOST_PAIRINGS:
        return _solve(cost)
    row, column = _pairings(references, predictions)
    totals = cost[:, row, column].sum(axis=2)
    best = totals.argmin(axis=1)  # the first of equals, so the lowest index wins where one side is single
    row, column = row[best], column[best]
    if min(references, predictions) > 1:
        lowest_two = np.partition(totals, 1, axis=1)[:, :2]
        unclear = lowest_two[:, 1] - lowest_two[:, 0] < _TIE_DEG
        row[unclear], column[unclear] = _solve(cost[unclear])
    return row, column


def _pairing_count(references: int, predictions: int) -> int:
    """In how many ways the smaller side can be paired with the larger."""
    return math.perm(max(references, predictions), min(references, predictions))


def _pairings(references: int, predictions: int) -> tuple[Rows, Rows]:
    """All ways to pair everything on the smaller side, as two (pairing, pair) arrays of row and column numbers."""
    larger, smaller = max(references, predictions), min(references, predictions)
    chosen = np.array(list(permutations(range(larger), smaller)), dtype=np.int64)
    all_of_smaller = np.broadcast_to(np.arange(smaller), chosen.shape)
    return (all_of_smaller, chosen) if references <= predictions else (chosen, all_of_smaller)


def _solve(cost: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """The solver's pairs of each group: two microseconds a group."""
    from scipy.optimize import linear_sum_assignment  # half a second to import, paid only where pairings tie

    row, column = np.empty((2, len(cost), min(cost.shape[1:])), dtype=np.int64)
    for group, table in enumerate(cost):
        row[group], column[group] = linear_sum_assignment(table)
    return row, column


def rows_in_tracks(source: NDArray[np.integer], first_row: Rows) -> Rows:
    """Find the rows that survive when every (frame, class) has only ten tracks.

    A row takes its source number as its track if that is below ten and still free, else the lowest free
    track. Where all ten are taken it replaces the row in track 0 and takes that row's position. Two rows
    of one source are therefore two instances, and up to ten rows of a group always survive.

    Args:
        source: (row,) source numbers, the rows of each group next to each other and in file order. A
            negative number is no track of the ten: its first row is kept beside them.
        first_row: (group + 1,) where each group starts; the last entry is the number of rows.

    Returns:
        (survivor,) int64 row numbers, group after group in track order of insertion; as long as `source`
        if nothing was overwritten.

    Source: DCASE 2025 Task 3 baseline, utils.py, organize_labels.

    >>> rows_in_tracks(np.arange(12), np.array([0, 12]))
    array([11,  1,  2,  3,  4,  5,  6,  7,  8,  9])
    """
    content = np.arange(len(source), dtype=np.int64)
    sizes = np.diff(first_row)
    crowded = np.flatnonzero(sizes > TRACKS)
    if not len(crowded):
        return content
    outside = _first_row_of_negative_source(source, first_row)
    survives = np.ones(len(source), dtype=bool)
    taken = np.zeros((len(crowded), TRACKS), dtype=bool)
    row_in_track_0 = np.zeros(len(crowded), dtype=np.int64)
    for position in range(int(sizes[crowded].max())):  # the rows of one group take turns, all groups at once
        group = np.flatnonzero(sizes[crowded] > position)
        group = group[~outside[first_row[crowded[group]] + position]]
        row = first_row[crowded[group]] + position
        track = _track_of(source[row], taken[group])
        full = track < 0
        content[row_in_track_0[group[full]]] = row[full]
        survives[row[full]] = False
        group, row, track = group[~full], row[~full], track[~full]
        taken[group, track] = True
        row_in_track_0[group[track == 0]] = row[track == 0]
    return content[survives]


def _track_of(source: NDArray[np.integer], taken: NDArray[np.bool_]) -> Rows:
    """(row,) the free track each row takes in its (row, track) table, -1 where none is left."""
    has_own = (source >= 0) & (source < TRACKS)
    own = np.where(has_own, source, 0)
    takes_own = has_own & ~taken[np.arange(len(source)), own]
    lowest_free = np.where(taken.all(axis=1), -1, np.argmin(taken, axis=1))
    return np.where(takes_own, own, lowest_free).astype(np.int64)


def _first_row_of_negative_source(source: NDArray[np.integer], first_row: Rows) -> NDArray[np.bool_]:
    """(row,) true where a negative source number is the first of its kind in its group."""
    first = np.zeros(len(source), dtype=bool)
    negative = np.flatnonzero(source < 0)
    group = np.searchsorted(first_row, negative, side="right")
    pairs = np.stack([group, source[negative]], axis=1)
    first[negative[np.unique(pairs, axis=0, return_index=True)[1]]] = True
    return first
