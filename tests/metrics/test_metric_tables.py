"""Tables by position and polyphony: bands add up to the whole, and every row is in the band that the rules give."""

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events, count_clip, empty_counts, events, scores

from whence.errors import MetricError
from whence.labels import ClipEvents, Events
from whence.metrics import IntervalSettings, ScoreSettings, evaluate
from whence.metrics.tables import BANDS, break_down

NO_INTERVALS = IntervalSettings(method="none")
MUSIC, BELL = 8, 11


def table_of(references, predictions, dimension, protocol="strict"):
    """{band: (references, hits, misplaced, misses, false alarms)} of a set, over all classes."""
    evaluation = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    table = evaluation.table(dimension, protocol)
    total = table.counts.total()
    numbers = (total.references, total.hits, total.misplaced, total.misses, total.false_alarms)
    return {
        band: tuple(int(number[i].sum()) for number in numbers)
        for i, band in enumerate(table.bands)
        if total.references[i].any() or total.predictions[i].any()
    }


@pytest.mark.parametrize("protocol", ["official", "strict"])
@pytest.mark.parametrize("dimension", BANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_bands_add_up_to_the_whole(kind, dimension, protocol):
    references, predictions = draw_set(11, kind)
    evaluation = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    table = evaluation.table(dimension, protocol)
    np.testing.assert_allclose(
        table.counts.total().values.sum(axis=0), evaluation.counts[protocol].total().values, rtol=1e-12
    )
    assert (table.counts.misses >= 0).all()
    assert (table.counts.false_alarms >= 0).all()


@pytest.mark.parametrize("dimension", BANDS)
def test_units_are_kept_apart_and_add_up(dimension):
    references, predictions = draw_set(12, "overlapping")
    evaluation = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    unit = evaluation.recordings.of_clip
    settings = evaluation.settings
    apart = break_down(evaluation.pairing, settings, dimension, "strict", unit)
    together = break_down(evaluation.pairing, settings, dimension, "strict")
    assert len(apart.counts.values) == len(evaluation.recordings.names)
    np.testing.assert_allclose(apart.counts.total().values, together.counts.total().values, rtol=1e-12)
    by_unit = evaluation.counts["strict"].grouped(unit, len(evaluation.recordings.names))
    np.testing.assert_allclose(apart.counts.values.sum(axis=1), by_unit.values, rtol=1e-12)


def test_a_pair_is_in_the_band_of_its_reference_and_a_false_alarm_in_its_own():
    references = {"a": [(0, MUSIC, 0, 10, 100), (1, MUSIC, 0, 40, 100), (2, MUSIC, 0, 80, 100)]}
    predictions = {"a": [(0, MUSIC, 0, 70, 100), (1, MUSIC, 0, 45, 100), (3, MUSIC, 0, 50, 100)]}
    assert table_of(references, predictions, "azimuth") == {
        "ahead (up to 30 deg)": (1, 0, 1, 0, 0),
        "30 to 60 deg": (1, 1, 0, 0, 1),
        "at the sides (beyond 60 deg)": (1, 0, 0, 1, 0),
    }


def test_azimuth_bands_are_folded_and_count_both_sides_and_their_upper_edge():
    rows = [(frame, MUSIC, 0, azimuth, 100) for frame, azimuth in enumerate((30, -30, 31, 60, -60, 61, 150, -150, 90))]
    assert {band: numbers[0] for band, numbers in table_of({"a": rows}, {"a": []}, "azimuth").items()} == {
        "ahead (up to 30 deg)": 4,
        "30 to 60 deg": 3,
        "at the sides (beyond 60 deg)": 2,
    }


def test_left_is_positive():
    rows = [(frame, MUSIC, 0, azimuth, 100) for frame, azimuth in enumerate((1, 90, 170, 0, 180, -1, -100))]
    assert {band: numbers[0] for band, numbers in table_of({"a": rows}, {"a": []}, "side").items()} == {
        "left": 3,
        "straight ahead": 2,
        "right": 2,
    }


def test_distance_bands():
    rows = [(frame, MUSIC, 0, 0, cm) for frame, cm in enumerate((0, 100, 101, 200, 300, 301, 9999))]
    assert {band: numbers[0] for band, numbers in table_of({"a": rows}, {"a": []}, "distance").items()} == {
        "within 1 m": 2,
        "1 to 2 m": 2,
        "2 to 3 m": 1,
        "beyond 3 m": 2,
    }


def test_an_unknown_distance_has_a_band_of_its_own_and_no_distance_error():
    table = Events.from_columns({"frame": [0, 1], "class_index": [MUSIC] * 2, "azimuth_deg": [0, 0]})
    unknown = ClipEvents.from_mapping({"a": table})
    evaluation = evaluate(unknown, clip_events({"a": [(0, MUSIC, 0, 5, 100)]}), interval_settings=NO_INTERVALS)
    total = evaluation.table("distance").counts.total()
    assert total.references[BANDS["distance"].index("distance not known"), MUSIC] == 1
    assert evaluation.official.scores.by_class.f20[MUSIC] == pytest.approx(1)
    assert evaluation.official.scores.doae_deg == pytest.approx(5)
    assert np.isnan(evaluation.official.scores.rde)
    assert np.isnan(evaluation.official.scores.distance_error_m)


def test_distance_errors_are_means_over_the_pairs_whose_distances_are_known():
    columns = {"frame": [0, 1, 2, 3], "class_index": [MUSIC] * 4, "azimuth_deg": [0, 0, 0, 0]}
    some = ClipEvents.from_mapping({"a": Events.from_columns({**columns, "distance_m": [np.nan, 2.0, 4.0, 1.0]})})
    guess = ClipEvents.from_mapping({"a": Events.from_columns({**columns, "distance_m": [3.0, 3.0, np.nan, 1.0]})})
    scores = evaluate(some, guess, interval_settings=NO_INTERVALS).official.scores
    assert scores.distance_error_m == pytest.approx(1.0)
    assert scores.rde == pytest.approx(0.5)
    assert scores.by_class.f20[MUSIC] == pytest.approx(1)


def test_polyphony_is_that_of_the_references_in_the_frame():
    references = {
        "a": [
            (0, MUSIC, 0, 0, 100),
            *((1, k, 0, 0, 100) for k in (MUSIC, BELL)),
            *((2, k, 0, 0, 100) for k in (0, 1, MUSIC, BELL)),
        ],
        "b": [(9, 0, 0, 0, 100)],
    }
    predictions = {"a": [(frame, MUSIC, 0, 0, 100) for frame in (0, 1, 2, 3)], "b": [(9, 5, 0, 0, 100)]}
    assert table_of(references, predictions, "polyphony") == {
        "no source": (0, 0, 0, 0, 1),
        "single sources": (2, 1, 0, 1, 1),
        "overlap of two": (2, 1, 0, 1, 0),
        "overlap of three or more": (4, 1, 0, 3, 0),
    }


def test_same_class_overlap_counts_only_that_class():
    references = {"a": [(0, MUSIC, 0, 0, 100), (0, BELL, 0, 0, 100), (1, MUSIC, 0, 0, 100), (1, MUSIC, 1, 50, 100)]}
    predictions = {"a": [(0, MUSIC, 0, 0, 100), (1, MUSIC, 0, 0, 100), (1, BELL, 0, 0, 100)]}
    assert table_of(references, predictions, "same_class") == {
        "none of its class": (0, 0, 0, 0, 1),
        "one of its class": (2, 1, 0, 1, 0),
        "two or more of its class": (2, 1, 0, 1, 0),
    }


def test_polyphony_scores_equal_those_of_the_twin_on_the_frames_of_each_polyphony():
    references, predictions = draw_set(13, "sparse")
    evaluation = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    table = evaluation.table("polyphony", "strict")
    for band, (least, most) in enumerate([(0, 0), (1, 1), (2, 2), (3, 99)]):
        counts = empty_counts(13)
        for name, rows in references.items():
            frames = [row[0] for row in rows]
            chosen = {frame for frame in range(50) if least <= frames.count(frame) <= most}
            guess = [row for row in predictions.get(name, []) if row[0] in chosen]
            count_clip(counts, [row for row in rows if row[0] in chosen], guess, 99, 20, 1.0, np.inf, strict=True)
        expected = scores(counts, "strict")
        got = [float(values[band]) for values in table.scores(evaluation.settings)]
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_macro_mean_in_a_band_is_over_the_classes_that_occur_in_it():
    perfect = {"a": [(frame, MUSIC, 0, 10, 100) for frame in range(5)]}
    evaluation = evaluate(clip_events(perfect), clip_events(perfect), interval_settings=NO_INTERVALS)
    rows = evaluation.table("azimuth").as_json(evaluation.settings)
    assert rows == [
        {
            "band": "ahead (up to 30 deg)",
            "f20": pytest.approx(1),
            "doae_deg": 0.0,
            "rde": 0.0,
            "distance_error_m": 0.0,
            "references": 4,
            "predictions": 4,
        }
    ]


def test_an_unknown_dimension_or_protocol_is_refused():
    clips = ClipEvents.from_mapping({"a": events([(0, 1, 0, 0, 100), (1, 1, 0, 0, 100)])})
    evaluation = evaluate(clips, clips, interval_settings=NO_INTERVALS)
    with pytest.raises(MetricError, match="no table by 'weather'; there are: azimuth, side, distance"):
        evaluation.table("weather")
    with pytest.raises(MetricError, match="protocol is 'lenient'"):
        evaluation.table("azimuth", "lenient")


def test_silent_sets_have_empty_tables():
    silent = clip_events({"a": [], "b": []})
    evaluation = evaluate(silent, silent, interval_settings=NO_INTERVALS)
    for dimension in BANDS:
        assert evaluation.table(dimension).as_json(ScoreSettings()) == []
