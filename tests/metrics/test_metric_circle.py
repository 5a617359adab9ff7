"""Scores on the full circle: front and back are different directions, and errors go the short way round."""

import itertools

import numpy as np
import pytest

from whence.cli.main import main
from whence.labels import ClipEvents, Events, fold_to_front, write_dcase
from whence.metrics import ScoreSettings, evaluate
from whence.metrics.error_profiles import nearest_matches, profile
from whence.metrics.pairing import apart_deg, pair

CIRCLE = ScoreSettings(full_circle=True)


def clips(azimuth_deg, frame=None, **columns):
    azimuth_deg = np.asarray(azimuth_deg, dtype=float)
    frame = np.arange(len(azimuth_deg)) if frame is None else frame
    base = {"frame": frame, "class_index": np.zeros(len(azimuth_deg)), "distance_m": np.full(len(azimuth_deg), 2.0)}
    return ClipEvents.from_mapping({"a": Events.from_columns({**base, "azimuth_deg": azimuth_deg, **columns})})


@pytest.mark.parametrize(
    ("true_deg", "predicted_deg", "error_deg"), [(170, -170, 20), (-90, 90, 180), (10, 170, 160), (355, -10, 5)]
)
def test_errors_go_the_short_way_round(true_deg, predicted_deg, error_deg):
    pairing = pair(clips([true_deg]), clips([predicted_deg]), 13, full_circle=True)
    assert pairing.azimuth_error_deg == pytest.approx(error_deg)


def test_the_official_metric_stays_folded():
    front, behind = clips([10.0] * 3), clips([170.0] * 3)
    assert evaluate(front, behind).official.scores.doae_deg == pytest.approx(0.0, abs=1e-9)
    circle = evaluate(front, behind, CIRCLE)
    assert circle.official.scores.doae_deg == pytest.approx(160.0)
    assert circle.strict.scores.f20 == 0.0
    assert "full circle" in circle.notes()[0]
    assert not any("full circle" in note for note in evaluate(front, behind).notes())


def test_folded_labels_score_the_same_either_way():
    rng = np.random.default_rng(4)
    true, found = (clips(fold_to_front(rng.uniform(-180, 180, 60)), np.repeat(np.arange(20), 3)) for _ in range(2))
    plain, circle = evaluate(true, found), evaluate(true, found, CIRCLE)
    assert plain.official.as_json() == circle.official.as_json()


def test_predictions_go_to_references_with_the_least_sum_of_errors():
    rng = np.random.default_rng(5)
    true_deg, found_deg = rng.uniform(-180, 180, (2, 40, 3))
    frame = np.repeat(np.arange(40), 3)
    sources = {"source": np.tile(np.arange(3), 40)}
    pairing = pair(
        clips(true_deg.ravel(), frame, **sources), clips(found_deg.ravel(), frame, **sources), 13, full_circle=True
    )
    least = 0.0
    for true, found in zip(true_deg, found_deg, strict=True):
        orders = itertools.permutations(range(3))
        least += min(sum(abs((t - found[i] + 180) % 360 - 180) for t, i in zip(true, o, strict=True)) for o in orders)
    assert pairing.azimuth_error_deg.sum() == pytest.approx(least)


def test_bands_go_all_around():
    truth = clips([0, 45, -90, 100, -140, 179])
    rows = {
        row["band"]: row["references"]
        for row in evaluate(truth, truth, CIRCLE).table("azimuth", "strict").as_json(CIRCLE)
    }
    assert rows == {
        "ahead (up to 30 deg)": 1,
        "30 to 60 deg": 1,
        "at the sides (60 to 120 deg)": 2,
        "120 to 150 deg": 1,
        "behind": 1,
    }


def test_profiles_go_all_around():
    truth = clips([0, 175, -175, -90])
    steps = profile(pair(truth, clips([5, -180, -170, -95]), 13, full_circle=True), "azimuth")
    assert steps.start.tolist() == [-90.0, -10.0, 170.0]
    np.testing.assert_allclose(steps.quartiles[:, 1], [-5, 5, 5])
    assert steps.pairs.tolist() == [1, 1, 2]


def test_confusions_are_matched_across_the_back():
    one = (np.array([0]), np.array([-178.0]))
    assert [rows.tolist() for rows in nearest_matches(one, (np.array([0, 0]), np.array([178.0, -150.0])), 20)] == [
        [0],
        [0],
    ]


def test_angles_between_folded_directions_are_plain_differences():
    one, other = np.random.default_rng(6).uniform(-90, 90, (2, 1_000))
    np.testing.assert_array_equal(apart_deg(one, other), np.abs(one - other))


def test_the_command_scores_the_full_circle_on_demand(tmp_path, capsys):
    for name, azimuth_deg in (("truth", 10.0), ("mine", 170.0)):
        write_dcase(tmp_path / f"{name}.csv", clips([azimuth_deg] * 3)["a"])
    words = ["evaluate", str(tmp_path / "truth.csv"), str(tmp_path / "mine.csv")]
    assert main(words) == 0
    assert capsys.readouterr().out.split("DOAE")[1].split()[0] == "0.0"
    assert main([*words, "--full-circle"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("full circle, not the challenge's rule: 20 deg")
    assert out.split("DOAE")[1].split()[0] == "160.0"
