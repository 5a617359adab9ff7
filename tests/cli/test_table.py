"""`whence table` as a user types it: runs and predictions in one table."""

import json
import shutil

import pytest

from whence.cli.main import main

HEADER = "frame,class,source,azimuth,distance,onscreen\n"


@pytest.fixture
def run(finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def perfect(stereo_set, tmp_path):
    """The reference itself as predictions."""
    shutil.copytree(stereo_set / "metadata_dev" / "dev-test-sony", tmp_path / "perfect")
    return tmp_path / "perfect"


def test_runs_and_predictions_are_in_one_table(run, perfect, stereo_set, capsys):
    assert main(["table", str(run), str(perfect), "--data", str(stereo_set)]) == 0
    out, err = capsys.readouterr()
    assert "hidden file" not in err  # the record of predictions is ours
    assert out.startswith("dev-test, 4 clips, 20 deg, relative distance 1; in brackets 95 % intervals by recording")
    official, strict = out.split("strict")
    rows = [line for line in official.splitlines() if line.strip().startswith(str(perfect))]
    assert rows[0].split()[1:3] == ["7.7", "%"]  # one of 13 classes is there, and all of it is found
    rows = [line for line in strict.splitlines() if line.strip().startswith(str(perfect))]
    assert rows[0].split()[1:3] == ["100.0", "%"]
    assert sum(line.strip().startswith(str(run)) for line in out.splitlines()) == 2
    assert len(list((run / "predictions" / "dev-test").glob("*.csv"))) == 4


def test_the_numbers_are_those_of_evaluate(run, stereo_set, capsys):
    assert main(["table", str(run), "--data", str(stereo_set), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    references = str(stereo_set / "metadata_dev" / "dev-test-sony")
    assert main(["evaluate", references, str(run / "predictions" / "dev-test"), "--json"]) == 0
    assert table == {str(run): json.loads(capsys.readouterr().out)}


def test_predictions_are_reused_until_the_run_changes(run, stereo_set, capsys):
    words = ["table", str(run), "--data", str(stereo_set), "--json"]
    assert main(words) == 0
    first = capsys.readouterr().out
    predicted = sorted((run / "predictions" / "dev-test").glob("*.csv"))
    predicted[0].unlink()
    predicted[1].write_text(HEADER)
    assert main(words) == 0
    assert predicted[0].exists()  # a missing prediction is made
    assert predicted[1].read_text() == HEADER  # an existing one is not made again
    system = json.loads((run / "system.json").read_text())
    (run / "system.json").write_text(json.dumps({**system, "recipe": "renamed"}))
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert capsys.readouterr().out == first


def test_another_set_with_the_same_names_is_predicted_anew(run, stereo_set, tmp_path):
    assert main(["table", str(run), "--data", str(stereo_set)]) == 0
    predicted = sorted((run / "predictions" / "dev-test").glob("*.csv"))
    predicted[0].write_text(HEADER + "0,0,0,0,100,0\n")
    shutil.copytree(stereo_set, tmp_path / "other")
    assert main(["table", str(run), "--data", str(tmp_path / "other")]) == 0
    assert predicted[0].read_text() != HEADER + "0,0,0,0,100,0\n"


def test_swapped_predictions_have_a_folder_of_their_own(run, stereo_set):
    assert main(["table", str(run), "--data", str(stereo_set), "--swap"]) == 0
    assert [path.name for path in (run / "predictions").iterdir() if path.is_dir()] == ["dev-test-swap"]


def test_clips_without_a_prediction_are_reported(perfect, stereo_set, capsys):
    next(perfect.glob("*.csv")).unlink()
    assert main(["table", str(perfect), "--data", str(stereo_set)]) == 1
    assert "no prediction for 1 of 4 clips" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("systems", "sentence"),
    [
        (["nowhere"], "nowhere: no such run, folder or zip"),
        (["perfect", "perfect"], "a system is named twice"),
        (["unfinished"], "an unfinished run"),
    ],
)
def test_systems_that_cannot_be_scored_are_named(systems, sentence, perfect, stereo_set, tmp_path, capsys):
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "recipe.json").write_text("{}")
    words = [str(tmp_path / system) for system in systems]
    assert main(["table", *words, "--data", str(stereo_set)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err


def test_a_missing_set_is_named(perfect, tmp_path, capsys):
    assert main(["table", str(perfect), "--data", str(tmp_path)]) == 2
    assert "stereo_dev: no such folder" in capsys.readouterr().err


def test_predictions_for_another_pair_of_microphones_are_kept_apart(run, stereo_set, capsys):
    words = ["table", str(run), "--data", str(stereo_set), "--json"]
    assert main([*words, "--microphones", "ab:0.20"]) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert {folder.name for folder in (run / "predictions").iterdir()} == {"dev-test", "dev-test-ab0.20"}
    assert main([*words, "--microphones", "ab:3"]) == 2
    assert "ab:3" in capsys.readouterr().err
