"""The peculiarities of the official scorer, one named test for each; and the "strict" score instead.

Rows are (frame, class, source, azimuth in degrees, distance in centimetres).
"""

import math

import pytest
from metrics_twin import clip_events

from whence.errors import MetricError
from whence.metrics import IntervalSettings, ScoreSettings, evaluate

MUSIC, BELL = 8, 11


def score(references, predictions, **settings):
    return evaluate(
        clip_events(references),
        clip_events(predictions),
        ScoreSettings(**settings),
        interval_settings=IntervalSettings(method="none"),
    )


def music(frames, azimuth=30, distance=200, source=0):
    return [(frame, MUSIC, source, azimuth, distance) for frame in frames]


def f20_of_music(evaluation, protocol="official"):
    return float(getattr(evaluation, protocol).scores.by_class.f20[MUSIC])


# Inputs and outputs of the scorer: the observed table.


def test_a_perfect_system_gets_one_thirteenth_where_one_class_of_13_is_present():
    evaluation = score({"a": music(range(50))}, {"a": music(range(50))})
    assert evaluation.official.scores.f20 == pytest.approx(1 / 13, abs=1e-12)
    assert evaluation.strict.scores.f20 == pytest.approx(1, abs=1e-12)
    assert len(evaluation.strict.scores.absent_classes) == 12
    assert any("Classes present: 1 of 13" in note and "knock" in note for note in evaluation.notes())


def test_the_last_labelled_frame_is_never_scored():
    wrong_at_the_end = [*music(range(49)), (49, BELL, 0, 30, 200)]
    evaluation = score({"a": music(range(50))}, {"a": wrong_at_the_end})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)
    assert evaluation.official.scores.references[MUSIC] == 49
    assert evaluation.strict.scores.references[MUSIC] == 50
    assert f20_of_music(evaluation, "strict") == pytest.approx(49 / 49.5, abs=1e-12)
    assert evaluation.left_out.last_frames == 1


def test_false_alarms_after_the_last_labelled_frame_are_free():
    evaluation = score({"a": music(range(10))}, {"a": music(range(50))})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(evaluation, "strict") == pytest.approx(10 / (10 + 40 / 2), abs=1e-12)
    assert evaluation.left_out.predictions_after_end == 40


def test_false_alarms_in_silent_clips_are_free():
    evaluation = score({"a": music(range(50)), "silent": []}, {"a": music(range(50)), "silent": music(range(50))})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(evaluation, "strict") == pytest.approx(50 / (50 + 50 / 2), abs=1e-12)
    assert evaluation.left_out.silent_clips == 1
    assert evaluation.left_out.predictions_after_end == 0


def test_a_clip_with_labels_in_frame_0_only_counts_as_if_it_were_silent():
    evaluation = score({"a": music([0])}, {"a": music(range(50))})
    assert evaluation.official.scores.f20 == 0
    assert evaluation.official.scores.references.sum() == 0
    assert evaluation.left_out.silent_clips == 0
    assert evaluation.left_out.last_frames == 1


def test_missing_prediction_files_are_free():
    evaluation = score({"a": music(range(50)), "b": music(range(50))}, {"a": music(range(50))})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(evaluation, "strict") == pytest.approx(50 / (50 + 50 / 2), abs=1e-12)
    assert evaluation.left_out.missing_files == 1
    assert evaluation.missing_clips == ("b",)


def test_an_empty_prediction_file_counts_as_all_missed():
    evaluation = score({"a": music(range(50)), "b": music(range(50))}, {"a": music(range(50)), "b": []})
    assert f20_of_music(evaluation) == pytest.approx(49 / (49 + 0.5 * 49), abs=1e-11)
    assert evaluation.left_out.missing_files == 0


def test_a_prediction_without_its_first_row_as_if_that_were_the_header():
    evaluation = score({"a": music(range(50))}, {"a": music(range(1, 50))})
    assert f20_of_music(evaluation) == pytest.approx(48 / 48.5, abs=1e-12)
    assert round(48 / 48.5, 3) == 0.990


def test_azimuth_360_is_folded_and_accepted():
    evaluation = score({"a": music(range(50), azimuth=0)}, {"a": music(range(50), azimuth=360)})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)
    assert evaluation.official.scores.doae_deg == 0


def test_a_class_out_of_range_is_refused_with_its_place_and_not_silently_lost():
    wrong = [(3, 13, 0, 0, 100)]
    with pytest.raises(MetricError, match=r"^b: class 13 in frame 3; the class list has 0 to 12$"):
        score({"a": [], "b": music([0, 1])}, {"a": [], "b": wrong})
    with pytest.raises(MetricError, match=r"^b: class 13 in frame 3"):
        score({"a": [], "b": wrong}, {"a": []})


def test_a_prediction_for_an_unknown_clip_is_refused_by_name():
    with pytest.raises(MetricError, match=r"1 of 2 prediction clips have no reference: other"):
        score({"a": music([0, 1])}, {"a": music([0]), "other": music([0])})


# The definition, line by line.


def test_exactly_20_degrees_and_exactly_twice_the_distance_are_hits():
    at_the_edge = score({"a": music([0, 1], 10, 150)}, {"a": music([0, 1], 30, 300)})
    assert f20_of_music(at_the_edge) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(score({"a": music([0, 1], 10, 150)}, {"a": music([0, 1], 31, 300)})) == 0
    assert f20_of_music(score({"a": music([0, 1], 10, 150)}, {"a": music([0, 1], 30, 301)})) == 0


@pytest.mark.parametrize("distance", range(1, 400, 7))
def test_twice_the_distance_is_a_hit_for_every_whole_centimetre(distance):
    evaluation = score({"a": music([0, 1], 0, distance)}, {"a": music([0, 1], 0, 2 * distance)})
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)


def test_a_reference_at_distance_0_makes_the_relative_error_huge_as_in_centimetres():
    evaluation = score({"a": music([0, 1], 0, 0)}, {"a": music([0, 1], 0, 1)})
    assert evaluation.official.scores.rde == pytest.approx(1 / 2.220446049250313e-16)
    assert f20_of_music(evaluation) == 0


def test_a_reference_at_distance_0_is_left_out_of_the_strict_distance_errors_and_counted():
    near, far = music([0, 1, 2], 0, 0), music([10, 11, 12], 0, 100)
    evaluation = score({"a": near + far}, {"a": music([0, 1, 2], 0, 30) + music([10, 11, 12], 0, 150)})
    assert evaluation.strict.rde == pytest.approx(0.5)
    assert evaluation.strict.distance_error_m == pytest.approx(0.5)
    # No distance is wrong where none can be told.
    assert evaluation.strict.f20 == pytest.approx(1)
    assert evaluation.left_out.zero_distances == 3
    (sentence,) = evaluation.left_out.warnings()
    assert sentence.startswith("3 references at distance 0: the official RDE divides by it")
    assert sentence in evaluation.notes()
    # The table of a band says the same.
    band, *_ = evaluation.table("distance", "strict").as_json(evaluation.settings)
    assert band["band"] == "within 1 m"
    assert band["rde"] is None or band["rde"] == pytest.approx(0.5)
    without = score({"a": far}, {"a": music([10, 11, 12], 0, 150)})
    assert without.left_out.zero_distances == 0
    assert without.left_out.warnings() == ()


def test_one_number_has_one_name_for_the_value_and_one_for_its_interval():
    official = score({"a": music([0, 1], 0, 100)}, {"a": music([0, 1], 10, 150)}).official
    assert official.f20 == official.scores.f20 == pytest.approx(1 / 13)
    assert (official.doae_deg, official.rde, official.distance_error_m) == pytest.approx((10, 0.5, 0.5))
    assert math.isnan(official.interval.f20.low)
    assert set(official.as_json()["intervals"]) == {"f20", "doae_deg", "rde"}


def test_the_distance_threshold_is_off_unless_asked_for():
    references, predictions = {"a": music([0, 1], 0, 1000)}, {"a": music([0, 1], 0, 1900)}
    assert f20_of_music(score(references, predictions)) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(score(references, predictions, distance_threshold_m=9)) == pytest.approx(1, abs=1e-12)
    assert f20_of_music(score(references, predictions, distance_threshold_m=8.99)) == 0


def test_rear_azimuths_are_folded_on_both_sides():
    evaluation = score({"a": music([0, 1], 150)}, {"a": music([0, 1], 25)})
    assert evaluation.official.scores.doae_deg == pytest.approx(5)
    evaluation = score({"a": music([0, 1], -170)}, {"a": music([0, 1], -370)})
    assert evaluation.official.scores.doae_deg == pytest.approx(0)


def test_errors_are_summed_over_all_pairs_and_not_only_over_hits():
    evaluation = score({"a": music([0, 1, 2], 0, 100)}, {"a": [*music([0], 0, 100), *music([1], 80, 300)]})
    assert evaluation.official.scores.doae_deg == pytest.approx(40)
    assert evaluation.official.scores.rde == pytest.approx(1)
    assert evaluation.official.scores.distance_error_m == pytest.approx(1)


def test_distance_never_enters_the_matching():
    two = [(f, MUSIC, s, azimuth, cm) for f in (0, 1) for s, azimuth, cm in ((0, 0, 100), (1, 40, 500))]
    crossed = [(f, MUSIC, s, azimuth, cm) for f in (0, 1) for s, azimuth, cm in ((0, 1, 500), (1, 39, 100))]
    evaluation = score({"a": two}, {"a": crossed})
    assert evaluation.official.scores.doae_deg == pytest.approx(1)
    assert evaluation.official.scores.rde == pytest.approx((400 / 100 + 400 / 500) / 2)


def test_two_rows_of_one_source_are_two_instances():
    twice = [*music([0, 1], 0), *music([0, 1], 60)]
    evaluation = score({"a": twice}, {"a": twice})
    assert evaluation.official.scores.references[MUSIC] == 2
    assert f20_of_music(evaluation) == pytest.approx(1, abs=1e-12)


def test_the_eleventh_row_of_a_class_in_a_frame_overwrites_the_one_in_track_0():
    crowd = [(frame, MUSIC, source, 5 * source, 100) for frame in (0, 1) for source in range(12)]
    evaluation = score({"a": crowd}, {"a": crowd})
    assert evaluation.official.scores.references[MUSIC] == 10
    assert evaluation.left_out.overwritten_references == 4
    assert evaluation.left_out.overwritten_predictions == 4
    assert any("4 reference rows found no free track" in note for note in evaluation.notes())
    # Sources 0 and 10 are gone, 11 is in track 0.
    without = [row for row in crowd if row[2] not in (0, 10)]
    assert score({"a": without}, {"a": crowd}).official.scores.doae_deg == 0


def test_the_micro_average_pools_counts_before_dividing():
    references = {"a": [*music(range(11)), *((f, BELL, 0, 0, 100) for f in range(3))]}
    predictions = {"a": music(range(11))}
    evaluation = score(references, predictions, average="micro")
    assert evaluation.official.scores.f20 == pytest.approx(10 / (10 + 3 / 2), abs=1e-12)
    assert score(references, predictions).official.scores.f20 == pytest.approx(1 / 13, abs=1e-12)


def test_nothing_detected_is_f_0_and_no_number_for_the_errors():
    for average in ("macro", "micro"):
        scores = score({"a": music(range(9))}, {"a": []}, average=average).official.scores
        assert scores.f20 == 0
        assert math.isnan(scores.doae_deg)
        assert math.isnan(scores.rde)
        assert math.isnan(scores.distance_error_m)


def test_a_class_without_pairs_is_skipped_in_the_error_means():
    references = {"a": [*music(range(5), 0), *((f, BELL, 0, 0, 100) for f in range(5))]}
    evaluation = score(references, {"a": music(range(5), 10)})
    assert evaluation.official.scores.doae_deg == pytest.approx(10)
    assert math.isnan(evaluation.official.scores.by_class.doae_deg[BELL])


def test_a_class_that_is_only_predicted_counts_0_in_the_strict_mean_too():
    evaluation = score({"a": music(range(5))}, {"a": [*music(range(5)), (0, BELL, 0, 0, 100)]})
    assert evaluation.strict.scores.f20 == pytest.approx(0.5, abs=1e-12)


def test_silence_predicted_as_silence_has_no_strict_f_score():
    for average in ("macro", "micro"):
        evaluation = score({"a": []}, {"a": []}, average=average)
        assert evaluation.official.scores.f20 == 0
        assert math.isnan(evaluation.strict.scores.f20)
