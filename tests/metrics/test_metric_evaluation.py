"""Evaluation as a whole: the fixed JSON, what was left out, notes, refusals, and what holds for any system."""

import json
import logging
import math

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events

from whence.errors import MetricError
from whence.labels import ClassList, ClipEvents, Events
from whence.metrics import IntervalSettings, ScoreSettings, evaluate
from whence.metrics.evaluation import LeftOut
from whence.metrics.settings import PROTOCOLS

NO_INTERVALS = IntervalSettings(method="none")
MUSIC, BELL = 8, 11


def all_scores(evaluation):
    """Both protocols' four scores in one row."""
    results = [getattr(evaluation, protocol).scores for protocol in PROTOCOLS]
    return [value for r in results for value in (r.f20, r.doae_deg, r.rde, r.distance_error_m)]


# The fixed JSON.


def test_the_json_has_exactly_the_fixed_shape():
    references, predictions = draw_set(1, "sparse")
    data = evaluate(clip_events(references), clip_events(predictions)).as_json()
    data = json.loads(json.dumps(data, allow_nan=False))
    assert list(data) == ["official", "strict", "per_class", "left_out"]
    for protocol in PROTOCOLS:
        assert list(data[protocol]) == ["f20", "doae_deg", "rde", "distance_error_m", "intervals"]
        assert list(data[protocol]["intervals"]) == ["f20", "doae_deg", "rde"]
        for name, (low, high) in data[protocol]["intervals"].items():
            assert 0 <= low <= data[protocol][name] <= high
    assert len(data["per_class"]) == 13
    assert list(data["per_class"][0]) == ["class", "name", "f20", "doae_deg", "rde", "references"]
    assert data["per_class"][0]["name"] == "female speech"
    assert list(data["left_out"]) == ["last_frames", "predictions_after_end", "missing_files", "silent_clips"]


def test_what_is_no_number_is_null():
    data = evaluate(clip_events({"a": [(0, 1, 0, 0, 100)] * 2}), clip_events({"a": []})).as_json()
    assert data["official"]["f20"] == 0
    assert data["official"]["doae_deg"] is None
    assert data["official"]["intervals"]["f20"] == [None, None]  # one recording cannot say
    assert data["per_class"][5]["rde"] is None
    json.dumps(data, allow_nan=False)


def test_per_class_rows_can_be_those_of_either_protocol():
    clips = clip_events({"a": [(frame, MUSIC, 0, 0, 100) for frame in range(50)]})
    evaluation = evaluate(clips, clips, interval_settings=NO_INTERVALS)
    assert evaluation.per_class()[MUSIC]["references"] == 49
    assert evaluation.per_class("strict")[MUSIC]["references"] == 50


def test_intervals_are_cut_to_what_scores_can_be():
    references = {f"r{i}_deg0_start0": [(frame, i, 0, 0, 100) for frame in range(9)] for i in range(13)}
    predictions = {name: rows if i else [] for i, (name, rows) in enumerate(references.items())}
    evaluation = evaluate(clip_events(references), clip_events(predictions))
    assert evaluation.official.interval.f20.high == 1.0
    assert evaluation.official.interval.rde == (0.0, 0.0)
    assert evaluation.official.recordings == 13
    only_one = {name: [] if i else rows for i, (name, rows) in enumerate(references.items())}
    evaluation = evaluate(clip_events(references), clip_events(only_one))
    assert evaluation.official.scores.f20 == pytest.approx(1 / 13)
    assert evaluation.official.interval.f20.low == 0.0
    assert evaluation.official.interval.f20.high > 2 / 13


# What was left out, and the notes about it.


def test_everything_left_out_is_counted():
    music = [(frame, MUSIC, 0, 0, 100) for frame in range(10)]
    references = {"a": music, "b": music, "c": [], "d": [], "e": music, "f": [(0, MUSIC, 0, 0, 100)]}
    late = [(frame, BELL, 0, 0, 100) for frame in (8, 9, 10, 11)]
    predictions = {"a": late, "b": [], "c": late, "f": [(0, BELL, 0, 0, 100), (1, BELL, 0, 0, 100)]}
    evaluation = evaluate(clip_events(references), clip_events(predictions))
    assert evaluation.left_out == LeftOut(
        last_frames=3, predictions_after_end=3, missing_files=2, silent_clips=2,
        overwritten_references=0, overwritten_predictions=0,
    )  # fmt: skip
    assert evaluation.missing_clips == ("d", "e")
    assert evaluation.notes()[0] == (
        "The official scorer left out: the last labelled frame of 3 clips; 3 predictions after it; "
        "2 clips with no prediction file; 2 clips without a reference event."
    )


def test_without_anything_left_out_there_is_no_note():
    assert LeftOut(0, 0, 0, 0, 0, 0).sentences() == ()


def test_large_numbers_and_overwritten_rows_are_in_the_notes():
    assert LeftOut(4211, 1903, 12, 1, 1, 2345).sentences() == (
        "The official scorer left out: the last labelled frame of 4,211 clips; 1,903 predictions after it; "
        "12 clips with no prediction file; 1 clip without a reference event.",
        "1 reference row found no free track: the scorer keeps ten of a class in a frame.",
        "2,345 predicted rows found no free track: the scorer keeps ten of a class in a frame.",
    )


def test_absent_classes_are_named_and_a_micro_mean_needs_no_such_note():
    clips = clip_events({"a": [(frame, k, 0, 0, 100) for k in range(11) for frame in range(5)]})
    assert evaluate(clips, clips).notes()[1:3] == (
        "Classes present: 11 of 13; the official mean counts 0 for bell, knock.",
        "The strict mean leaves out bell, knock.",
    )
    assert not any("mean" in note for note in evaluate(clips, clips, ScoreSettings(average="micro")).notes())


def test_names_without_recordings_are_pointed_out_where_intervals_are_drawn():
    rows = [(frame, MUSIC, 0, 0, 100) for frame in range(5)]
    clips = clip_events({"street": rows, "park": rows})
    assert "2 of 2 clip names tell no recording" in evaluate(clips, clips).notes()[-1]
    assert "recording" not in evaluate(clips, clips, interval_settings=NO_INTERVALS).notes()[-1]
    named = clip_events({"a_deg1_start2": rows, "b_deg3_start4": rows})
    assert "recording" not in evaluate(named, named).notes()[-1]


# Refusals.


def test_unknown_clips_can_be_left_out_by_name_and_change_nothing(caplog):
    references, predictions = draw_set(2, "overlapping")
    expected = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    more = {"zebra": [(0, 1, 0, 0, 0)], **predictions, "ant": [(77, 1, 0, 0, 0)]}
    with caplog.at_level(logging.WARNING, logger="whence.metrics"):
        evaluation = evaluate(
            clip_events(references), clip_events(more), unknown="leave_out", interval_settings=NO_INTERVALS
        )
    assert evaluation.unknown_clips == ("zebra", "ant")
    assert caplog.messages == ["left out 2 prediction clips without a reference: zebra, ant"]
    np.testing.assert_equal(all_scores(evaluation), all_scores(expected))
    with pytest.raises(MetricError, match=r"2 of 12 prediction clips have no reference: zebra, ant; remove them"):
        evaluate(clip_events(references), clip_events(more))


@pytest.mark.parametrize("unknown", ["refuse", "leave_out"])
def test_folders_that_do_not_belong_together_are_refused(unknown):
    references = clip_events({f"a{i}": [] for i in range(5)})
    with pytest.raises(MetricError, match=r"no prediction clip .* predictions are b, references a0, a1, a2 and 2"):
        evaluate(references, clip_events({"b": []}), unknown=unknown)
    with pytest.raises(MetricError, match="no prediction clip has a reference; predictions are none"):
        evaluate(references, clip_events({}), unknown=unknown)


def test_nothing_to_score_against_is_refused():
    with pytest.raises(MetricError, match="there is no reference clip"):
        evaluate(clip_events({}), clip_events({"a": []}))


def test_settings_and_classes_must_agree():
    clips = clip_events({"a": []})
    with pytest.raises(MetricError, match="the settings are for 5 classes, the class list has 13"):
        evaluate(clips, clips, ScoreSettings(class_count=5))
    with pytest.raises(MetricError, match="unknown is 'ignore'; choose refuse or leave_out"):
        evaluate(clips, clips, unknown="ignore")


def test_other_classes_than_the_challenge_has():
    birds = ClassList(("owl", "lark"))
    clips = clip_events({"a": [(0, 1, 0, 0, 100), (1, 1, 0, 0, 100)]})
    evaluation = evaluate(clips, clips, classes=birds)
    assert evaluation.official.scores.f20 == pytest.approx(0.5)
    assert [row["name"] for row in evaluation.per_class()] == ["owl", "lark"]
    with pytest.raises(MetricError, match="a: class 1 in frame 0; the class list has 0 to 0"):
        evaluate(clips, clips, classes=ClassList(("owl",)))


def test_names_with_anything_in_them_are_shown_safely():
    with pytest.raises(MetricError, match=r"'a\\x1b\[31m\\n'"):
        evaluate(clip_events({"a": []}), clip_events({"a": [], "a\x1b[31m\n": []}))


# Properties.


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_prediction_is_perfect(kind):
    references, _ = draw_set(21, kind)
    clips = clip_events(references)
    evaluation = evaluate(clips, clips, interval_settings=NO_INTERVALS)
    scores = evaluation.strict.scores
    assert scores.f20 == pytest.approx(1, abs=1e-12)
    # Ties may pair equal azimuths with other distances, so only the azimuth error is surely 0.
    assert scores.doae_deg == 0


@pytest.mark.parametrize("kind", KINDS)
def test_numbering_the_classes_otherwise_changes_no_mean(kind):
    references, predictions = draw_set(22, kind)
    order = np.random.default_rng([22, 0, 0]).permutation(13)
    renumbered = [
        {name: [(row[0], int(order[row[1]]), *row[2:]) for row in rows] for name, rows in clips.items()}
        for clips in (references, predictions)
    ]
    before = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    after = evaluate(*map(clip_events, renumbered), interval_settings=NO_INTERVALS)
    np.testing.assert_allclose(all_scores(after), all_scores(before), rtol=1e-12)
    np.testing.assert_allclose(
        after.official.scores.by_class.f20[order], before.official.scores.by_class.f20, rtol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_clips_changes_nothing(kind):
    references, predictions = draw_set(23, kind)
    shuffled = [dict(reversed(list(clips.items()))) for clips in (references, predictions)]
    before = evaluate(clip_events(references), clip_events(predictions))
    after = evaluate(*map(clip_events, shuffled))
    np.testing.assert_allclose(all_scores(after), all_scores(before), rtol=1e-12)
    for protocol in PROTOCOLS:
        for name in ("f20", "doae_deg", "rde"):
            ends = [getattr(getattr(evaluation, protocol), name) for evaluation in (before, after)]
            np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_swapping_left_and_right_in_both_changes_no_count(kind):
    references, predictions = (clip_events(clips) for clips in draw_set(24, kind))
    mirrored = [
        ClipEvents(clips.names, clips.first_row, clips.events.mirrored()) for clips in (references, predictions)
    ]
    before = evaluate(references, predictions, interval_settings=NO_INTERVALS)
    after = evaluate(*mirrored, interval_settings=NO_INTERVALS)
    if kind != "floats":  # mirrored fractions differ in the last bits, which decide ties
        np.testing.assert_allclose(all_scores(after), all_scores(before), rtol=1e-12)
    for protocol in PROTOCOLS:
        np.testing.assert_allclose(
            after.counts[protocol].azimuth_error_deg, before.counts[protocol].azimuth_error_deg, rtol=1e-9
        )
        assert np.array_equal(after.counts[protocol].pairs, before.counts[protocol].pairs)


def test_rows_may_stand_by_event_instead_of_by_frame():
    references, predictions = draw_set(25, "sparse")
    by_event = {name: sorted(rows, key=lambda row: (row[1], row[2])) for name, rows in references.items()}
    assert by_event != references
    before = evaluate(clip_events(references), clip_events(predictions), interval_settings=NO_INTERVALS)
    after = evaluate(clip_events(by_event), clip_events(predictions), interval_settings=NO_INTERVALS)
    np.testing.assert_allclose(after.official.scores.doae_deg, before.official.scores.doae_deg, rtol=1e-12)


def test_very_late_frames_and_very_many_turns_cost_nothing():
    last = 2**31 - 1
    table = Events.from_columns(
        {"frame": [0, last], "class_index": [12, 12], "azimuth_deg": [3600000.0, -90], "distance_m": [1, 1]}
    )
    clips = ClipEvents.from_mapping({f"clip{i}": table for i in range(50)})
    evaluation = evaluate(clips, clips)
    assert evaluation.official.scores.by_class.f20[12] == pytest.approx(1)
    assert evaluation.strict.scores.references[12] == 100
    assert evaluation.left_out.last_frames == 50


def test_silence_everywhere_is_a_result():
    silent = clip_events({"a": [], "b": []})
    evaluation = evaluate(silent, silent)
    assert evaluation.official.scores.f20 == 0
    assert math.isnan(evaluation.strict.scores.f20)
    assert evaluation.left_out.silent_clips == 2
    json.dumps(evaluation.as_json(), allow_nan=False)
