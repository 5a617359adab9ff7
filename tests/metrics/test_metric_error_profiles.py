"""Error profiles against plain loops and hand-made frames: confusions, errors by position, calibration."""

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events

from whence.errors import MetricError
from whence.labels import ClipEvents, Events
from whence.metrics import HIT, ScoreSettings, calibration, confusion, outcomes, profile
from whence.metrics.error_profiles import MISPLACED, UNPAIRED, _scores_in_order, nearest_matches
from whence.metrics.pairing import pair

SPEECH, MUSIC, BELL = 0, 8, 11
CLASSES = 13


def paired(references, predictions):
    return pair(clip_events(references), clip_events(predictions), CLASSES)


def confusion_of(references, predictions, **settings):
    return confusion(paired({"a": references}, {"a": predictions}), ScoreSettings(**settings))


def twin(pairing, threshold_deg):
    """One frame after the other, one couple after the other, always the nearest that is left."""
    truth, guess = pairing.references, pairing.predictions
    missed = [row for row in range(len(truth.frame)) if row not in set(pairing.reference_row.tolist())]
    alarms = [row for row in range(len(guess.frame)) if row not in set(pairing.prediction_row.tolist())]
    confused = np.zeros((CLASSES, CLASSES), int)
    for frame in sorted({(truth.clip[row], truth.frame[row]) for row in missed}):
        here = [row for row in missed if (truth.clip[row], truth.frame[row]) == frame]
        there = [row for row in alarms if (guess.clip[row], guess.frame[row]) == frame]
        while here and there:
            apart, one, other = min(
                (abs(truth.azimuth_deg[m] - guess.azimuth_deg[a]), m, a) for m in here for a in there
            )
            if apart > threshold_deg:
                break
            confused[truth.class_index[one], guess.class_index[other]] += 1
            here.remove(one)
            there.remove(other)
    return confused


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threshold_deg", [20.0, 60.0])
def test_as_choosing_couples_one_by_one(kind, threshold_deg):
    pairing = paired(*draw_set(21, kind))
    counted = confusion(pairing, ScoreSettings(azimuth_threshold_deg=threshold_deg))
    np.testing.assert_array_equal(counted.confused, twin(pairing, threshold_deg))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_counted_once(kind):
    pairing, settings = paired(*draw_set(22, kind)), ScoreSettings()
    counted = confusion(pairing, settings)
    references, predictions = pairing.references.class_index, pairing.predictions.class_index
    np.testing.assert_array_equal(counted.references, np.bincount(references, minlength=CLASSES))
    of_predictions = counted.hits + counted.misplaced + counted.confused.sum(axis=0) + counted.false_alarms
    np.testing.assert_array_equal(of_predictions, np.bincount(predictions, minlength=CLASSES))


@pytest.mark.parametrize("kind", ["sparse", "overlapping", "tied"])
def test_left_and_right_exchanged_changes_nothing(kind):
    sides = [clip_events(clips) for clips in draw_set(23, kind)]
    mirrored = [type(side)(side.names, side.first_row, side.events.mirrored()) for side in sides]
    as_is, turned = (confusion(pair(*both, CLASSES), ScoreSettings()) for both in (sides, mirrored))
    np.testing.assert_array_equal(as_is.references, turned.references)
    assert as_is.confused.sum() == turned.confused.sum()


def test_a_wrong_class_at_the_right_place_is_a_confusion():
    counted = confusion_of([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 30, 900)])
    assert counted.confused[MUSIC, BELL] == counted.confused.sum() == 1
    assert counted.missed.sum() == counted.false_alarms.sum() == 0


def test_the_threshold_is_inclusive_and_beyond_it_both_are_unpaired():
    assert confusion_of([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)]).confused.sum() == 0
    counted = confusion_of([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)], azimuth_threshold_deg=21.0)
    assert counted.confused[MUSIC, BELL] == 1
    apart = confusion_of([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)])
    assert (apart.missed[MUSIC], apart.false_alarms[BELL]) == (1, 1)


def test_a_prediction_that_is_right_is_not_blamed_for_its_neighbour():
    """Speech is found; the music beside it was missed, and nothing predicted instead."""
    counted = confusion_of([(0, SPEECH, 0, 0, 200), (0, MUSIC, 0, 5, 200)], [(0, SPEECH, 0, 0, 200)])
    assert counted.confused.sum() == 0
    assert (counted.hits[SPEECH], counted.missed[MUSIC]) == (1, 1)


def test_another_frame_is_another_matter():
    assert confusion_of([(0, MUSIC, 0, 0, 200)], [(1, BELL, 0, 0, 200)]).confused.sum() == 0


def test_misplaced_is_not_a_confusion():
    counted = confusion_of([(0, MUSIC, 0, 0, 200)], [(0, MUSIC, 0, 60, 200)])
    assert counted.misplaced[MUSIC] == 1
    assert counted.confused.sum() == counted.hits.sum() == counted.missed.sum() == 0


def test_the_nearest_couple_goes_first():
    counted = confusion_of([(0, MUSIC, 0, 0, 200), (0, SPEECH, 0, 15, 200)], [(0, BELL, 0, 12, 200)])
    assert (counted.confused[SPEECH, BELL], counted.confused[MUSIC, BELL], counted.missed[MUSIC]) == (1, 0, 1)


def test_nothing_at_all():
    counted = confusion_of([], [])
    assert counted.references.sum() == counted.false_alarms.sum() == 0
    assert [
        side.tolist() for side in nearest_matches((np.zeros(0, int), np.zeros(0)), (np.zeros(0, int), np.zeros(0)), 20)
    ] == [
        [],
        [],
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_outcomes_add_up_to_the_counts(kind):
    pairing, settings = paired(*draw_set(24, kind)), ScoreSettings()
    outcome_of = outcomes(pairing, settings)
    for outcome in (HIT, MISPLACED):
        assert (outcome_of.references == outcome).sum() == (outcome_of.predictions == outcome).sum()
    assert (outcome_of.references != UNPAIRED).sum() == len(pairing.reference_row)
    assert (outcome_of.predictions != UNPAIRED).sum() == len(pairing.prediction_row)


# Errors by position


def pairs_of(rows, predicted):
    """Rows of (azimuth, distance in metres) against others, a frame each."""
    tables = []
    for side in (rows, predicted):
        azimuth_deg, distance_m = zip(*side, strict=True)
        columns = {"frame": range(len(side)), "class_index": [8] * len(side), "azimuth_deg": azimuth_deg}
        tables.append(ClipEvents.from_mapping({"a": Events.from_columns({**columns, "distance_m": distance_m})}))
    return pair(*tables, 13)


@pytest.mark.parametrize("along", ["azimuth", "distance"])
@pytest.mark.parametrize("kind", KINDS)
def test_as_a_plain_loop(kind, along):
    pairing = paired(*draw_set(41, kind))
    column = "azimuth_deg" if along == "azimuth" else "distance_m"
    true = getattr(pairing.references, column)[pairing.reference_row]
    error = getattr(pairing.predictions, column)[pairing.prediction_row] - true
    steps = profile(pairing, along)
    assert steps.pairs.sum() == len(true)
    for start, end, count, quartiles in zip(*steps, strict=True):
        last = end in (90.0, np.inf)
        inside = [e for t, e in zip(true, error, strict=True) if start <= t and (t < end or (last and t <= end))]
        assert len(inside) == count
        np.testing.assert_allclose(quartiles, np.percentile(inside, [25, 50, 75]))


def test_to_the_left_and_too_far_are_positive():
    pairing = pairs_of([(10, 1.0)], [(18, 1.5)])
    assert profile(pairing, "azimuth").quartiles.tolist() == [[8.0, 8.0, 8.0]]
    assert profile(pairing, "distance").quartiles.tolist() == [[0.5, 0.5, 0.5]]


def test_straight_ahead_lies_in_the_middle_of_a_step():
    steps = profile(pairs_of([(-9, 1.0), (0, 1.0), (9, 1.0), (90, 1.0)], [(0, 1.0)] * 4), "azimuth")
    assert steps.start.tolist() == [-10.0, 70.0]
    assert steps.pairs.tolist() == [3, 1]


def test_what_is_far_away_is_one_step_and_what_is_not_known_none():
    steps = profile(pairs_of([(0, 7.0), (0, 30.0), (0, np.nan)], [(0, 6.0), (0, 6.0), (0, 1.0)]), "distance")
    assert (steps.start.tolist(), steps.end.tolist(), steps.pairs.tolist()) == ([5.0], [np.inf], [2])


def test_no_pairs_no_steps():
    nothing = ClipEvents.from_mapping({"a": Events.empty()})
    assert len(profile(pair(nothing, nothing, 13), "azimuth").pairs) == 0


# Calibration

SETTINGS = ScoreSettings()


def with_scores(clips, scores):
    events = Events.from_columns({**clips.events.to_columns(), "score": scores})
    return ClipEvents(clips.names, clips.first_row, events)


@pytest.mark.parametrize("kind", KINDS)
def test_as_counting_row_by_row(kind):
    references, predictions = (clip_events(clips) for clips in draw_set(31, kind))
    # A score that tells its own row: the row's azimuth, distance and class must be those the pairing has there.
    rng = np.random.default_rng(1)
    scores = rng.permutation(predictions.events.row_count) / max(predictions.events.row_count, 1)
    predictions = with_scores(predictions, scores)
    pairing = pair(references, predictions, 13)
    right = outcomes(pairing, SETTINGS).predictions == HIT
    events = predictions.events
    row_of = {float(score): row for row, score in enumerate(events.score)}
    steps = calibration(predictions, pairing, SETTINGS, bins=5)
    assert steps.predictions.sum() == len(pairing.predictions.frame)

    counts, hits = np.zeros(5, int), np.zeros(5, int)
    for row, score in enumerate(_scores_in_order(predictions, pairing).tolist()):
        original = row_of[score]
        assert events.class_index[original] == pairing.predictions.class_index[row]
        assert events.frame[original] == pairing.predictions.frame[row]
        assert events.distance_m[original] == pairing.predictions.distance_m[row]
        counts[min(int(score * 5 + 1e-12), 4)] += 1
        hits[min(int(score * 5 + 1e-12), 4)] += right[row]
    np.testing.assert_array_equal(steps.predictions, counts)
    np.testing.assert_allclose(steps.precision[counts > 0], hits[counts > 0] / counts[counts > 0])


def four_rows(scores, azimuths):
    """Music ahead in four frames, predicted at the azimuths."""
    columns = {"frame": range(4), "class_index": [8] * 4, "azimuth_deg": [0] * 4}
    references = ClipEvents.from_mapping({"a": Events.from_columns(columns)})
    found = Events.from_columns({**columns, "azimuth_deg": azimuths, "score": scores})
    predictions = ClipEvents.from_mapping({"a": found})
    return predictions, pair(references, predictions, 13)


def test_right_in_three_of_four_at_three_quarters_is_perfect():
    steps = calibration(*four_rows([0.75] * 4, [0, 0, 0, 80]), SETTINGS)
    assert steps.error == pytest.approx(0.0)
    assert steps.predictions.tolist() == [0, 0, 0, 0, 0, 0, 0, 4, 0, 0]
    assert np.isnan(steps.mean_score[0])


def test_always_sure_and_always_wrong_is_as_bad_as_can_be():
    steps = calibration(*four_rows([1.0] * 4, [80] * 4), SETTINGS)
    assert steps.error == pytest.approx(1.0)
    assert steps.predictions[-1] == 4


def test_no_predictions_have_no_error():
    references = ClipEvents.from_mapping({"a": Events.empty()})
    assert np.isnan(calibration(references, pair(references, references, 13), SETTINGS).error)


def test_scores_that_are_no_confidences_are_refused():
    with pytest.raises(MetricError, match="a score is 3; confidences lie between 0 and 1"):
        calibration(*four_rows([0.5, 3.0, 0.5, 0.5], [0] * 4), SETTINGS)


def test_other_predictions_than_those_paired_are_refused():
    predictions, pairing = four_rows([0.5] * 4, [0] * 4)
    shorter = ClipEvents.from_mapping({"a": predictions["a"][:2]})
    with pytest.raises(MetricError, match="the numbers of rows differ"):
        calibration(shorter, pairing, SETTINGS)
    renamed = ClipEvents(("b",), predictions.first_row, predictions.events)
    with pytest.raises(MetricError, match="a clip has no reference"):
        calibration(renamed, pairing, SETTINGS)
