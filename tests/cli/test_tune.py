"""`whence tune` as a user types it."""

import json
import shutil

import pytest

from whence.cli.main import main


@pytest.fixture
def run(finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "run")
    return tmp_path / "run"


def system_of(run):
    return json.loads((run / "system.json").read_text())


def test_tuning_on_the_clips_training_held_out_is_never_worse(run, small_training, capsys):
    before = system_of(run)
    words = ["--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]
    assert main(["tune", str(run), *words]) == 0
    after = system_of(run)
    # The old settings are among those that are tried.
    assert after["validation"]["f20"] >= before["validation"]["f20"]
    assert after["smoothing_frames"] in (1, 3, 5, 7)
    assert (after["members"], after["localizers"]) == (["detector"], ["localizer"])
    err = capsys.readouterr().err
    clips, first, second, warning = err.splitlines()[-4:]
    assert clips == "both on the same 4 held-out clips:"
    assert first.startswith("before: F20")
    assert second.startswith("now:    F20")
    assert "optimistic" in warning


def test_before_and_now_are_scores_of_the_same_clips(run, small_training, stereo_set, capsys):
    words = ["tune", str(run), "--data", str(stereo_set)]
    assert main(words) == 0
    now = capsys.readouterr().err.split("now:    ")[1].split("  (activity")[0]
    # Scores of other clips in the file are not those that are compared.
    system = {**system_of(run), "validation": {"f20": 0.99, "doae_deg": 1.0, "rde": 0.1}}
    (run / "system.json").write_text(json.dumps(system))
    assert main(words) == 0
    err = capsys.readouterr().err
    assert f"before: {now}\n" in err
    assert "99.0 %" not in err


def test_ruined_thresholds_are_found_again(run, small_training):
    trained = system_of(run)
    (run / "system.json").write_text(json.dumps({**trained, "thresholds": [2.0] * 13, "activity": "detector"}))
    words = ["--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]
    assert main(["tune", str(run), *words]) == 0
    assert system_of(run)["validation"]["f20"] >= trained["validation"]["f20"]


def test_other_clips_can_tune_a_run_and_it_still_predicts(run, stereo_set, capsys):
    assert main(["tune", str(run), "--data", str(stereo_set), "--swap"]) == 0
    clips = stereo_set / "stereo_dev" / "dev-test-sony"
    assert main(["predict", str(run), str(clips), "--out", str(run / "csv")]) == 0
    assert "4 of 4 clips predicted" in capsys.readouterr().err


def test_caution_never_lowers_thresholds(run, small_training):
    words = ["tune", str(run), "--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]
    assert main(words) == 0
    best = system_of(run)
    assert main([*words, "--cautious", "100"]) == 0
    cautious = system_of(run)
    assert cautious["thresholds"] != best["thresholds"]
    assert all(high >= low for high, low in zip(cautious["thresholds"], best["thresholds"], strict=True))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{run}", "--data", "{run}", "--cautious", "-1"], "--cautious -1: give points of F20 from 0 to 100"),
        (["{run}"], "name the training data"),
        (["{run}/nowhere", "--data", "{run}"], "nowhere: no such folder"),
        (["{run}/detector", "--data", "{run}"], "detector: a part of a run; name the run, "),
        (["{run}", "--data", "{run}"], "stereo_dev: no such folder"),
        (["{run}", "--data", "{run}", "--classes", "{run}/two.txt"], "has 13 classes, the class list 2"),
    ],
)
def test_what_cannot_be_tuned_is_named_and_left_alone(words, sentence, run, capsys):
    (run / "two.txt").write_text("bell\nmusic\n")
    before = (run / "system.json").read_bytes()
    assert main(["tune", *(word.format(run=run) for word in words)]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err
    assert (run / "system.json").read_bytes() == before
