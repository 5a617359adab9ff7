"""Calibration: the same as counting row by row; who knows himself has error 0; wrong scores are refused."""

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events

from whence.errors import MetricError
from whence.labels import ClipEvents, Events
from whence.metrics import ScoreSettings
from whence.metrics.calibration import calibration
from whence.metrics.pairing import pair
from whence.metrics.verdicts import RIGHT, verdicts

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
    right = verdicts(pairing, SETTINGS).predictions == RIGHT
    events = predictions.events
    row_of = {float(score): row for row, score in enumerate(events.score)}
    steps = calibration(predictions, pairing, SETTINGS, bins=5)
    assert steps.predictions.sum() == len(pairing.predictions.frame)

    from whence.metrics.calibration import _scores_in_order

    counts, hits = np.zeros(5, int), np.zeros(5, int)
    for row, score in enumerate(_scores_in_order(predictions, pairing, 13).tolist()):
        original = row_of[score]
        assert events.class_index[original] == pairing.predictions.class_index[row]
        assert events.frame[original] == pairing.predictions.frame[row]
        assert events.distance_m[original] == pairing.predictions.distance_m[row]
        counts[min(int(score * 5 + 1e-12), 4)] += 1
        hits[min(int(score * 5 + 1e-12), 4)] += right[row]
    np.testing.assert_array_equal(steps.predictions, counts)
    np.testing.assert_allclose(steps.right_share[counts > 0], hits[counts > 0] / counts[counts > 0])


def four_rows(scores, azimuths):
    """Music ahead in four frames, predicted at the azimuths."""
    columns = {"frame": range(4), "class_index": [8] * 4, "azimuth_deg": [0] * 4}
    references = ClipEvents.from_mapping({"a": Events.from_columns(columns)})
    said = Events.from_columns({**columns, "azimuth_deg": azimuths, "score": scores})
    predictions = ClipEvents.from_mapping({"a": said})
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
