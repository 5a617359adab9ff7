"""`whence export` as users run it: compared before it is written, whole or not at all."""

import numpy as np
import onnx
import pytest

from whence.cli import export
from whence.cli.main import main
from whence.models.outputs import build_output


def test_a_run_becomes_a_file_that_detects(finished_run, tmp_path, capsys):
    target = tmp_path / "model.onnx"
    assert main(["export", str(finished_run), "--to", "onnx", "--out", str(target), "--clips", "3"]) == 0
    err = capsys.readouterr().err
    assert "the same as the run within" in err
    assert "on 3 clips" in err
    assert "opset 17" in err
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    onnx.checker.check_model(onnx.load(target))


@pytest.mark.parametrize("fault", ["x of the first track", "y of the third track"])
def test_a_difference_in_any_track_counts(fault):
    expected = np.zeros((1, 2, 3, 3, 13), np.float32)
    found = expected.copy()
    found[0, 1, 0 if "first" in fault else 2, 0 if "x" in fault else 1, 5] = 0.5
    parts = [export._activity(values, build_output("multi_accdoa")) for values in (found, expected)]
    assert np.abs(parts[0] - parts[1]).max() == 0.5


def test_a_file_that_predicts_something_else_is_not_written(finished_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(export, "_TOLERANCE", -1.0)
    assert main(["export", str(finished_run), "--out", str(tmp_path / "model.onnx"), "--clips", "1"]) == 3
    assert "does not predict what the run predicts; nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "sentence"),
    [("model.pt", "an exported model is an .onnx file"), ("nowhere/model.onnx", "no such folder; make it first")],
)
def test_a_wrong_target_ends_the_command_first(finished_run, tmp_path, capsys, out, sentence):
    assert main(["export", str(finished_run), "--out", str(tmp_path / out)]) == 2
    assert sentence in capsys.readouterr().err


def test_an_unfinished_run_is_refused(tmp_path, capsys):
    words = ["export", str(tmp_path), "--out", str(tmp_path / "model.onnx")]
    assert main(words) == 2
    assert "not the folder of a run" in capsys.readouterr().err
    (tmp_path / "recipe.json").write_text("{}")
    assert main(words) == 2
    assert "an unfinished run; the command that began it continues" in capsys.readouterr().err
