"""`whence export` as users run it: compared before it is written, whole or not at all."""

import onnx
import pytest

from whence.cli import export
from whence.cli.main import main


def test_a_run_becomes_a_file_that_detects(finished_run, tmp_path, capsys):
    target = tmp_path / "model.onnx"
    assert main(["export", str(finished_run), "--to", "onnx", "--out", str(target), "--clips", "3"]) == 0
    err = capsys.readouterr().err
    assert "the same as the run within" in err
    assert "on 3 clips" in err
    assert "opset 17" in err
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    onnx.checker.check_model(onnx.load(target))


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
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "model.onnx")]) == 2
    assert "unfinished run" in capsys.readouterr().err
