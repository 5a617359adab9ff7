"""The package counts and scores exactly as the slow twin of the official definition does."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from metrics_cases import KINDS, draw_set
from metrics_twin import NUMBERS, class_scores, clip_events, count, scores

from whence.metrics import IntervalSettings, ScoreSettings, evaluate
from whence.metrics.settings import PROTOCOLS

# Sums are taken in another order than the twin's, so the last bits differ; nothing else may.
TOLERANCE = 1e-12
NO_INTERVALS = IntervalSettings(method="none")


def assert_equal_to_twin(references, predictions, settings=None, distance_threshold_cm=math.inf):
    settings = settings or ScoreSettings()
    evaluation = evaluate(clip_events(references), clip_events(predictions), settings, interval_settings=NO_INTERVALS)
    for protocol in PROTOCOLS:
        expected = count(
            references,
            predictions,
            protocol,
            azimuth_threshold=settings.azimuth_threshold_deg,
            relative_threshold=settings.relative_distance_threshold,
            distance_threshold_cm=distance_threshold_cm,
        )
        total = evaluation.counts[protocol].total()
        for number in NUMBERS:
            np.testing.assert_allclose(
                getattr(total, number), expected[number], rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{protocol} {number}"
            )
        result = getattr(evaluation, protocol).scores
        np.testing.assert_allclose(
            (result.f20, result.doae_deg, result.rde, result.distance_error_m),
            scores(expected, protocol, settings.average),
            rtol=TOLERANCE,
            atol=TOLERANCE,
            err_msg=protocol,
        )
        np.testing.assert_allclose(
            np.stack(result.by_class, axis=1), class_scores(expected), rtol=TOLERANCE, atol=TOLERANCE
        )
    return evaluation


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_random_sets_equal_the_twin(kind, seed):
    assert_equal_to_twin(*draw_set(seed, kind))


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_many_random_sets_equal_the_twin(kind):
    for seed in range(100, 400):
        assert_equal_to_twin(*draw_set(seed, kind))


@pytest.mark.parametrize(
    ("settings", "distance_threshold_cm"),
    [
        (ScoreSettings(average="micro"), math.inf),
        (ScoreSettings(azimuth_threshold_deg=5, relative_distance_threshold=0.3), math.inf),
        (ScoreSettings(distance_threshold_m=0.29), 29),  # 0.29 * 100 is a little less than 29
        (ScoreSettings(azimuth_threshold_deg=0, relative_distance_threshold=0, distance_threshold_m=0), 0),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_other_thresholds_and_the_micro_average_equal_the_twin(kind, settings, distance_threshold_cm):
    assert_equal_to_twin(*draw_set(99, kind), settings, distance_threshold_cm)


def test_the_made_up_sets_contain_the_hard_cases():
    """The sets contain overwritten tracks, silent and missing clips, and predictions after the end."""
    references, predictions = draw_set(0, "crowded")
    crowded = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    assert crowded.left_out.overwritten_references > 20
    assert crowded.left_out.overwritten_predictions > 20
    assert len(crowded.missing_clips) == 1
    assert crowded.left_out.silent_clips == 1
    assert crowded.left_out.predictions_after_end > 0


# Few different values, so that ties, overwriting and equal distances are frequent.
rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 1),
        st.integers(-2, 11),
        st.one_of(st.integers(-5, 5), st.integers(-540, 540), st.floats(-400, 400)),
        st.one_of(st.integers(0, 4), st.floats(0.01, 300)),
    ),
    max_size=40,
)
clip_sets = st.dictionaries(st.sampled_from("abcd"), st.tuples(rows, st.none() | rows), min_size=1)


@given(clip_sets.filter(lambda clips: any(guess is not None for _, guess in clips.values())))
def test_any_set_equals_the_twin(clips):
    references = {name: truth for name, (truth, _) in clips.items()}
    predictions = {name: guess for name, (_, guess) in clips.items() if guess is not None}
    assert_equal_to_twin(references, predictions)
