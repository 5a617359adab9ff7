"""Confusions: the same as choosing couples one by one; every reference is counted once; hand-made frames."""

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events

from whence.metrics import ScoreSettings
from whence.metrics.confusion import confusion, meetings
from whence.metrics.pairing import pair
from whence.metrics.verdicts import ALONE, MISPLACED, RIGHT, verdicts

SPEECH, MUSIC, BELL = 0, 8, 11
CLASSES = 13


def paired(references, predictions):
    return pair(clip_events(references), clip_events(predictions), CLASSES)


def confused(references, predictions, **settings):
    return confusion(paired({"a": references}, {"a": predictions}), ScoreSettings(**settings))


def twin(pairing, threshold_deg):
    """One frame after the other, one couple after the other, always the nearest that is left."""
    truth, guess = pairing.references, pairing.predictions
    missed = [row for row in range(len(truth.frame)) if row not in set(pairing.reference_row.tolist())]
    alarms = [row for row in range(len(guess.frame)) if row not in set(pairing.prediction_row.tolist())]
    said = np.zeros((CLASSES, CLASSES), int)
    for place in sorted({(truth.clip[row], truth.frame[row]) for row in missed}):
        here = [row for row in missed if (truth.clip[row], truth.frame[row]) == place]
        there = [row for row in alarms if (guess.clip[row], guess.frame[row]) == place]
        while here and there:
            apart, one, other = min(
                (abs(truth.azimuth_deg[m] - guess.azimuth_deg[a]), m, a) for m in here for a in there
            )
            if apart > threshold_deg:
                break
            said[truth.class_index[one], guess.class_index[other]] += 1
            here.remove(one)
            there.remove(other)
    return said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threshold_deg", [20.0, 60.0])
def test_as_choosing_couples_one_by_one(kind, threshold_deg):
    pairing = paired(*draw_set(21, kind))
    counted = confusion(pairing, ScoreSettings(azimuth_threshold_deg=threshold_deg))
    np.testing.assert_array_equal(counted.said, twin(pairing, threshold_deg))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_counted_once(kind):
    pairing, settings = paired(*draw_set(22, kind)), ScoreSettings()
    counted = confusion(pairing, settings)
    references, predictions = pairing.references.class_index, pairing.predictions.class_index
    np.testing.assert_array_equal(counted.references, np.bincount(references, minlength=CLASSES))
    of_predictions = counted.found + counted.misplaced + counted.said.sum(axis=0) + counted.invented
    np.testing.assert_array_equal(of_predictions, np.bincount(predictions, minlength=CLASSES))


@pytest.mark.parametrize("kind", ["sparse", "overlapping", "tied"])
def test_left_and_right_exchanged_changes_nothing(kind):
    sides = [clip_events(clips) for clips in draw_set(23, kind)]
    mirrored = [type(side)(side.names, side.first_row, side.events.mirrored()) for side in sides]
    as_is, turned = (confusion(pair(*both, CLASSES), ScoreSettings()) for both in (sides, mirrored))
    np.testing.assert_array_equal(as_is.references, turned.references)
    assert as_is.said.sum() == turned.said.sum()


def test_a_wrong_class_at_the_right_place_is_a_confusion():
    counted = confused([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 30, 900)])
    assert counted.said[MUSIC, BELL] == counted.said.sum() == 1
    assert counted.unheard.sum() == counted.invented.sum() == 0


def test_the_threshold_is_inclusive_and_beyond_it_both_stand_alone():
    assert confused([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)]).said.sum() == 0
    counted = confused([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)], azimuth_threshold_deg=21.0)
    assert counted.said[MUSIC, BELL] == 1
    apart = confused([(0, MUSIC, 0, 10, 200)], [(0, BELL, 0, 31, 200)])
    assert (apart.unheard[MUSIC], apart.invented[BELL]) == (1, 1)


def test_a_prediction_that_is_right_is_not_blamed_for_its_neighbour():
    """Speech is found; the music beside it was missed, and nothing said in its stead."""
    counted = confused([(0, SPEECH, 0, 0, 200), (0, MUSIC, 0, 5, 200)], [(0, SPEECH, 0, 0, 200)])
    assert counted.said.sum() == 0
    assert (counted.found[SPEECH], counted.unheard[MUSIC]) == (1, 1)


def test_another_frame_is_another_matter():
    assert confused([(0, MUSIC, 0, 0, 200)], [(1, BELL, 0, 0, 200)]).said.sum() == 0


def test_misplaced_is_not_a_confusion():
    counted = confused([(0, MUSIC, 0, 0, 200)], [(0, MUSIC, 0, 60, 200)])
    assert counted.misplaced[MUSIC] == 1
    assert counted.said.sum() == counted.found.sum() == counted.unheard.sum() == 0


def test_the_nearest_couple_goes_first():
    counted = confused([(0, MUSIC, 0, 0, 200), (0, SPEECH, 0, 15, 200)], [(0, BELL, 0, 12, 200)])
    assert (counted.said[SPEECH, BELL], counted.said[MUSIC, BELL], counted.unheard[MUSIC]) == (1, 0, 1)


def test_nothing_at_all():
    counted = confused([], [])
    assert counted.references.sum() == counted.invented.sum() == 0
    assert [
        side.tolist() for side in meetings((np.zeros(0, int), np.zeros(0)), (np.zeros(0, int), np.zeros(0)), 20)
    ] == [
        [],
        [],
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts_add_up_to_the_counts(kind):
    pairing, settings = paired(*draw_set(24, kind)), ScoreSettings()
    judged = verdicts(pairing, settings)
    for verdict in (RIGHT, MISPLACED):
        assert (judged.references == verdict).sum() == (judged.predictions == verdict).sum()
    assert (judged.references != ALONE).sum() == len(pairing.reference_row)
    assert (judged.predictions != ALONE).sum() == len(pairing.prediction_row)
