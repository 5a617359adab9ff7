"""Frozen cases: small literal tables with the numbers of the slow twin, which equalled the official code's on each.

Rows are (frame, class, source, azimuth in degrees, distance in centimetres); scores are (F20, DOAE in degrees, RDE,
distance error in metres).
"""

import pytest
from metrics_twin import clip_events, count, scores

from whence.metrics import IntervalSettings, ScoreSettings, evaluate

TALKERS_CROSS = (
    {
        "a": [
            *((0, 0, 0, 10, 150), (0, 0, 1, 40, 300), (1, 0, 0, 12, 150), (1, 0, 1, 38, 300)),
            *((2, 0, 0, 25, 150), (2, 0, 1, 26, 300), (3, 0, 0, 30, 150)),
        ]
    },
    {
        "a": [
            *((0, 0, 0, 38, 280), (0, 0, 1, 12, 170), (1, 0, 0, 20, 200), (1, 0, 1, 60, 100)),
            *((2, 0, 0, 10, 90), (2, 0, 1, 11, 800), (3, 0, 0, 0, 10)),
        ]
    },
)
TIES = (
    {
        "a": [
            *((0, 8, 0, 0, 100), (0, 8, 1, 1, 300), (1, 8, 0, 10, 120), (1, 8, 1, 20, 240), (1, 8, 2, 30, 360)),
            *((2, 8, 0, -5, 50), (2, 8, 1, 5, 500), (3, 8, 0, 0, 1)),
        ]
    },
    {
        "a": [
            *((0, 8, 0, 10, 310), (0, 8, 1, 20, 90), (1, 8, 0, -10, 360), (1, 8, 1, -20, 240)),
            *((1, 8, 2, -30, 120), (2, 8, 0, 0, 480), (2, 8, 1, 0, 60)),
        ]
    },
)
REAR_LONG_MISSING_SILENT = (
    {
        "a": [(0, 1, 0, 170, 200), (1, 1, 0, -170, 210), (4, 6, 3, 95, 80)],
        "b": [(0, 1, 0, 0, 100), (9, 1, 0, 0, 100)],
        "c": [],
        "d": [(2, 12, 0, -90, 400), (3, 12, 0, -90, 400), (3, 5, 0, 91, 140)],
    },
    {
        "a": [(0, 1, 0, 5, 250), (1, 1, 0, -350, 210), (3, 6, 3, 85, 80), (9, 9, 0, 0, 100)],
        "c": [(0, 4, 0, 0, 100)],
        "d": [(2, 12, 0, -110, 700), (2, 5, 0, 60, 140), (2, 5, 0, 20, 240)],
    },
)
THIRTEEN_OF_A_CLASS = (
    {"a": [(frame, 10, source, 7 * source - 40, 100 + 10 * source) for frame in (0, 1) for source in range(13)]},
    {"a": [(frame, 10, 12 - source, 7 * source - 44, 130 + 9 * source) for frame in (0, 1) for source in range(13)]},
)

CLIPS = {"cross": TALKERS_CROSS, "ties": TIES, "mixed": REAR_LONG_MISSING_SILENT, "crowd": THIRTEEN_OF_A_CLASS}
FROZEN = {
    ("cross", "macro", "official"): (0.05128205128205128, 10.666666666666666, 1.038888888888889, 1.9166666666666665),
    ("cross", "macro", "strict"): (0.5714285714285714, 13.428571428571429, 1.023809523809524, 1.8428571428571427),
    ("cross", "micro", "official"): (0.6666666666666666, 10.666666666666666, 1.038888888888889, 1.9166666666666665),
    ("ties", "macro", "official"): (0.021978021978021976, 22.714285714285715, 2.1352380952380954, 2.5285714285714285),
    ("ties", "macro", "strict"): (0.26666666666666666, 22.714285714285715, 2.1352380952380954, 2.5285714285714285),
    ("mixed", "macro", "official"): (0.15384615384615383, 16.25, 0.43749999999999994, 1.6249999999999998),
    ("mixed", "macro", "strict"): (0.22222222222222218, 16.25, 0.43749999999999994, 1.6249999999999998),
    ("mixed", "micro", "official"): (0.6666666666666666, 15.0, 0.3333333333333333, 1.1666666666666667),
    ("mixed", "micro", "strict"): (0.375, 15.0, 0.3333333333333333, 1.1666666666666667),
    ("crowd", "macro", "official"): (0.07692307692307693, 4.0, 0.16569037945198933, 0.243),
    ("crowd", "micro", "strict"): (1.0, 4.0, 0.16569037945198936, 0.243),
}


@pytest.mark.parametrize(("clips", "average", "protocol"), FROZEN)
def test_frozen_scores_stay(clips, average, protocol):
    references, predictions = CLIPS[clips]
    expected = FROZEN[clips, average, protocol]
    evaluation = evaluate(
        clip_events(references),
        clip_events(predictions),
        ScoreSettings(average=average),
        interval_settings=IntervalSettings(method="none"),
    )
    result = getattr(evaluation, protocol).scores
    assert (result.f20, result.doae_deg, result.rde, result.distance_error_m) == pytest.approx(expected, abs=1e-12)
    assert scores(count(references, predictions, protocol), protocol, average) == pytest.approx(expected, abs=1e-12)
