"""Comparison: paired differences, against leaving recordings out by hand."""

import json
import math

import numpy as np
import pytest
from metrics_cases import draw_set, near
from metrics_twin import clip_events

from whence.errors import MetricError
from whence.metrics import Change, IntervalSettings, ScoreSettings, compare, evaluate

NO_INTERVALS = IntervalSettings(method="none")
MUSIC, BELL = 8, 11


def two_systems(seed=3, kind="sparse"):
    references, old = draw_set(seed, kind, clips=9)
    rng = np.random.default_rng([seed, 9, 0])
    new = {name: near(rng, rows) if name in references else rows for name, rows in references.items() if name in old}
    return references, old, new


def test_a_system_compared_with_itself_is_no_change_at_all():
    references, old, _ = two_systems()
    for method in ("jackknife", "bootstrap"):
        comparison = compare(
            clip_events(references),
            clip_events(old),
            clip_events(old),
            interval_settings=IntervalSettings(method, resamples=50),
        )
        bands = [change for where in comparison.where.values() for change in where.values()]
        # The bootstrap multiplies matrices, and a processor may sum equal columns of one in different orders.
        zero = pytest.approx(0, abs=0 if method == "jackknife" else 1e-12)
        for change in (comparison.f20, comparison.doae_deg, comparison.rde, *comparison.per_class, *bands):
            if not math.isnan(change.old):
                # Where only one recording has anything of a kind, it cannot be left out and there is no interval.
                assert change.difference == 0
                assert (change.low, change.high) == (zero, zero) or math.isnan(change.low)
            assert not (change.is_clear and method == "jackknife")
        assert (comparison.f20.low, comparison.f20.high) == (zero, zero)
        assert comparison.better() == comparison.worse() == ()
        assert comparison.notes() == ()


@pytest.mark.parametrize("protocol", ["official", "strict"])
def test_differences_are_those_of_the_two_evaluations(protocol):
    references, old, new = (clip_events(clips) for clips in two_systems())
    comparison = compare(references, old, new, protocol=protocol)
    systems = [evaluate(references, system, interval_settings=NO_INTERVALS) for system in (old, new)]
    before, after = (getattr(system, protocol).scores for system in systems)
    for name in ("f20", "doae_deg", "rde"):
        change = getattr(comparison, name)
        assert change.old == pytest.approx(getattr(before, name), rel=1e-12)
        assert change.new == pytest.approx(getattr(after, name), rel=1e-12)
        assert change.low < change.difference < change.high
    for index, change in enumerate(comparison.per_class):
        assert change.old == pytest.approx(before.by_class.f20[index], rel=1e-12)
    for dimension, bands in comparison.where.items():
        tables = [system.table(dimension, protocol) for system in systems]
        scores = [table.scores(ScoreSettings()).f20 for table in tables]
        for band, change in bands.items():
            index = tables[0].bands.index(band)
            assert (change.old, change.new) == pytest.approx((scores[0][index], scores[1][index]), rel=1e-12)


def test_the_interval_is_that_of_leaving_each_recording_out_for_both_systems():
    from scipy import stats

    references, old, new = two_systems()
    comparison = compare(*(clip_events(clips) for clips in (references, old, new)))
    recordings = comparison.old.recordings
    # Under "official" the recording of the clip without predictions is no observation.
    names = [name for name in recordings.names if name != "missing"]
    differences = []
    for recording in names:
        kept = [clip for clip in references if not clip.startswith(f"{recording}_deg")]
        f20 = [
            evaluate(
                clip_events({clip: references[clip] for clip in kept}),
                clip_events({clip: system[clip] for clip in kept if clip in system}),
                interval_settings=NO_INTERVALS,
            ).official.scores.f20
            for system in (old, new)
        ]
        differences.append(f20[1] - f20[0])
    error = math.sqrt((len(names) - 1) * np.var(differences)) * stats.t.ppf(0.975, len(names) - 1)
    change = comparison.f20
    assert change.low == pytest.approx(change.difference - error, rel=1e-9)
    assert change.high == pytest.approx(change.difference + error, rel=1e-9)


def test_pairing_makes_the_interval_narrower_than_those_of_the_scores():
    """Recordings are hard or easy for both systems, and the new one is a little better in each."""
    rng = np.random.default_rng([5, 0, 0])
    references, old, new = {}, {}, {}
    for clip in range(40):
        name = f"r{clip}_deg000_start0000"
        references[name] = [(frame, MUSIC, 0, 0, 100) for frame in range(50)]
        found = int(rng.integers(5, 40))
        old[name] = references[name][:found]
        new[name] = references[name][: found + int(rng.integers(0, 5))]
    tables = [clip_events(clips) for clips in (references, old, new)]
    change = compare(*tables).f20
    alone = evaluate(tables[0], tables[1]).official.interval.f20
    assert change.high - change.low < 0.3 * (alone.high - alone.low)
    assert change.is_clear
    bootstrapped = compare(*tables, interval_settings=IntervalSettings("bootstrap", seed=1)).f20
    assert (bootstrapped.low, bootstrapped.high) == pytest.approx((change.low, change.high), rel=0.3)


def test_classes_are_named_from_the_largest_change_down():
    rows = {k: [(frame, k, 0, 0, 100) for frame in range(20)] for k in (0, 1, MUSIC, BELL)}
    references = {"a": rows[0] + rows[1] + rows[MUSIC] + rows[BELL]}
    old = {"a": rows[0][:5] + rows[1][:5] + rows[MUSIC] + rows[BELL]}
    new = {"a": rows[0][:8] + rows[1][:15] + rows[MUSIC][:9] + rows[BELL][:18]}
    comparison = compare(*(clip_events(clips) for clips in (references, old, new)))
    assert comparison.better() == ("male speech", "female speech")
    assert comparison.worse() == ("music", "bell")
    assert math.isnan(comparison.f20.low)  # one recording cannot say


def test_it_says_where_it_changed():
    references = {"a": [(frame, MUSIC, 0, azimuth, 100) for frame in range(20) for azimuth in (0, 80)]}
    old = {"a": [(frame, MUSIC, 0, 0, 100) for frame in range(20)]}
    comparison = compare(clip_events(references), clip_events(old), clip_events(references))
    assert set(comparison.where["azimuth"]) == {"ahead (up to 30 deg)", "at the sides (beyond 60 deg)"}
    assert comparison.where["azimuth"]["ahead (up to 30 deg)"].difference == pytest.approx(0)
    assert comparison.where["azimuth"]["at the sides (beyond 60 deg)"].difference == pytest.approx(1)
    assert set(comparison.where["polyphony"]) == {"overlap of two"}


def test_different_missing_files_are_pointed_out_under_official():
    references, old, new = two_systems()
    new.pop(next(iter(new)))
    tables = [clip_events(clips) for clips in (references, old, new)]
    assert "not of the same clips" in compare(*tables).notes()[0]
    assert compare(*tables, protocol="strict").notes() == ()


def test_it_is_plain_data_without_nan():
    references, old, new = two_systems()
    data = json.loads(json.dumps(compare(*(clip_events(c) for c in (references, old, new))).as_json(), allow_nan=False))
    assert set(data) == {"protocol", "f20", "doae_deg", "rde", "per_class", "where"}
    assert set(data["f20"]) == {"old", "new", "difference", "interval"}
    assert data["per_class"][12]["name"] == "knock"
    assert set(data["where"]) == {"azimuth", "side", "distance", "polyphony", "same_class"}
    assert data["where"]["polyphony"][0]["band"] == "single sources"


def test_a_change_is_clear_when_its_interval_is_on_one_side_of_zero():
    assert Change(old=0.2, new=0.3, low=0.05, high=0.15).is_clear
    assert Change(old=0.3, new=0.2, low=-0.15, high=-0.05).is_clear
    assert not Change(old=0.2, new=0.3, low=-0.05, high=0.25).is_clear
    assert not Change(old=math.nan, new=0.3, low=math.nan, high=math.nan).is_clear
    assert Change(math.nan, 0.3, math.nan, math.nan).as_json() == {
        **{"old": None, "new": 0.3, "difference": None},
        "interval": [None, None],
    }


def test_what_evaluate_refuses_is_refused_here():
    references, old, new = (clip_events(clips) for clips in two_systems())
    strange = clip_events({**{name: [] for name in old.names}, "strange": []})
    with pytest.raises(MetricError, match="1 of 14 prediction clips have no reference: strange"):
        compare(references, old, strange)
    assert compare(references, old, strange, unknown="leave_out").new.unknown_clips == ("strange",)
    with pytest.raises(MetricError, match="protocol is 'lenient'"):
        compare(references, old, new, protocol="lenient")
