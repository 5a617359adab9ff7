"""Validation: the best threshold of every class against its definition, and the phrase that describes scores."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.labels import ClassList, Events
from whence.models.outputs import Classwise, ClasswiseSettings, Tracks, TracksSettings
from whence.training.validation import (
    PAPER_LABEL,
    ValidationClips,
    at_thresholds,
    best_thresholds,
    describe_scores,
    validate,
)


def f_score(score, references, misplaced, threshold):
    """The definition, cell by cell."""
    hits = spatial = alarms = missed = 0
    for s, count, wrong in zip(score, references, misplaced, strict=True):
        if s > threshold:
            if count == 0:
                alarms += 1
            else:
                hits += not wrong
                spatial += wrong
                missed += count - 1
        else:
            missed += count
    return hits / (hits + spatial + 0.5 * (alarms + missed)) if hits else 0.0


@given(st.integers(0, 500))
def test_thresholds_are_the_best_there_are(seed):
    rng = np.random.default_rng(seed)
    cells = int(rng.integers(1, 30))
    score = rng.integers(0, 8, (cells, 2)) / 8  # with ties
    references = rng.choice([0, 0, 1, 2], (cells, 2))
    misplaced = rng.random((cells, 2)) < 0.3
    found = best_thresholds(score, references, misplaced)
    for k in range(2):
        candidates = np.unique(np.concatenate([score[:, k] - 1e-6, [found.threshold[k]]]))
        possible = [f_score(score[:, k], references[:, k], misplaced[:, k], t) for t in candidates]
        if references[:, k].sum():
            assert found.f_score[k] == pytest.approx(max(possible))
            reached = f_score(score[:, k], references[:, k], misplaced[:, k], found.threshold[k])
            assert reached == pytest.approx(found.f_score[k])
        else:
            assert (found.threshold[k], found.f_score[k]) == (0.5, 0.0)


@given(st.integers(0, 500), st.sampled_from([0.01, 0.1, 0.4]))
def test_an_allowance_takes_the_highest_threshold_that_it_allows(seed, allowance):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 8, (25, 1)) / 8
    references = rng.choice([0, 0, 1, 2], (25, 1))
    misplaced = rng.random((25, 1)) < 0.3
    best, found = (best_thresholds(score, references, misplaced, given) for given in (0.0, allowance))
    assert found.threshold[0] >= best.threshold[0]
    if references.sum():
        assert found.f_score[0] >= best.f_score[0] - allowance - 1e-9
        # Whatever stays above it alone would give up too much.
        for level in np.unique(score[score > found.threshold[0]])[:-1]:
            assert f_score(score[:, 0], references[:, 0], misplaced[:, 0], level) < best.f_score[0] - allowance + 1e-9


def test_given_thresholds_reach_what_the_search_said_of_them():
    rng = np.random.default_rng(1)
    score, references = rng.random((200, 4)), rng.choice([0, 0, 1, 2], (200, 4))
    references[:, 3] = 0
    for misplaced in (None, rng.random((200, 4)) < 0.2):
        best = best_thresholds(score, references, misplaced)
        np.testing.assert_allclose(at_thresholds(best.threshold, score, references, misplaced).f_score, best.f_score)
        elsewhere = at_thresholds(np.full(4, 0.3), score, references, misplaced)
        assert (elsewhere.f_score <= best.f_score).all()


def test_the_phrase_of_numbers_ends_with_the_label():
    assert describe_scores({"detection_f": 0.5, "protocol": PAPER_LABEL}) == f"detection F 50.0 %  ({PAPER_LABEL})"


def clips_of(columns):
    """One clip of given events, two classes."""
    audio, classes = torch.zeros(1, 2, 2400), ClassList(("bell", "knock"))
    return ValidationClips(audio, [Events.from_columns(columns)], ["fold3_room1_mix001"], classes)


def test_a_network_of_activity_and_distance_is_chosen_by_both():
    columns = {"frame": [0, 1], "class_index": [0, 1], "azimuth_deg": [10.0, 20.0], "distance_m": [2.0, 4.0]}
    clips, coding = clips_of(columns), Classwise(ClasswiseSettings(2, azimuth=False))
    values = coding.encode(clips.events, 2)
    values[:, :, 1] = np.nan
    right = validate(coding, values, clips)
    values[0, 0, 2, 0] = 3.0
    found = validate(coding, values, clips)
    assert (right.score, found.score, found.numbers["rde"]) == (1.0, 0.75, 0.25)
    assert describe_scores(found.numbers) == "detection F 100.0 %  RDE 0.25"


def test_a_network_of_activity_and_direction_is_scored_without_distances():
    columns = {"frame": [0, 1, 2], "class_index": [0, 1, 0], "azimuth_deg": [10.0, 20.0, 0.0], "distance_m": [2.0] * 3}
    clips, coding = clips_of(columns), Classwise(ClasswiseSettings(2, distance=False))
    values = coding.encode(clips.events, 3)
    values[:, :, 2] = np.nan
    values[0, 1, 1, 1] = 50.0
    found = validate(coding, values, clips)
    assert found.numbers["by_class"] == {"bell": 1.0, "knock": 0.0}
    assert found.numbers["rde"] is None


def test_tracks_have_the_best_threshold_of_every_class():
    # The official metric never scores the last frame of the reference.
    columns = {"frame": [0, 0, 1, 2], "class_index": [0, 0, 1, 0], "azimuth_deg": [-40.0, 40.0, 0.0, 0.0]}
    columns["distance_m"] = [1.0] * 4
    clips, coding = clips_of(columns), Tracks(TracksSettings(2))
    values = coding.encode(clips.events, 3)
    # The first class is never surer than 0.2, the second is wrong with 0.8 in another frame.
    values[:, :, :, 0, 0] *= 0.2
    values[0, 0, 0, 0, 1] = 0.8
    found = validate(coding, values, clips)
    assert found.score == pytest.approx(1.0)
    assert 0 < found.thresholds[0] < 0.2
    assert 0.8 < found.thresholds[1] < 1
