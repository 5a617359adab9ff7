"""`--model`: one way for every command, models on the Hub included."""

import argparse
from pathlib import Path

import pytest

import whence
from whence import hub
from whence.cli.main import COMMANDS, main
from whence.cli.model_choice import add_model, model_paths, open_model
from whence.errors import WhenceError

NAME = "hf:ann/small@" + "0" * 40


def test_a_model_on_the_hub_becomes_a_path(monkeypatch):
    monkeypatch.setattr(hub, "hub_model", lambda name: Path("/cache") / name[3:6])
    assert model_paths([NAME, "runs/a"]) == ("/cache/ann", "runs/a")


@pytest.mark.parametrize(
    ("words", "paths"),
    [([], ()), (["runs/first"], ("runs/first",)), (["a.onnx, b/", "c"], ("a.onnx", "b/", "c"))],
)
def test_every_other_value_is_left_as_it_is_and_split_at_commas(words, paths):
    assert model_paths(words) == paths


def test_a_path_with_a_comma_is_one_model_if_it_is_there(tmp_path):
    (tmp_path / "a,b").mkdir()
    assert model_paths([str(tmp_path / "a,b")]) == (str(tmp_path / "a,b"),)
    with pytest.raises(WhenceError, match="one of them empty"):
        model_paths(["a,"])


def test_the_fetched_model_is_opened(monkeypatch):
    monkeypatch.setattr(hub, "hub_model", lambda name: Path("/cache/small.onnx"))
    monkeypatch.setattr(whence, "load", lambda model, **settings: (model, settings), raising=False)
    assert open_model([NAME], swap=True, threads=2) == (("/cache/small.onnx",), {"swap": True, "threads": 2})


@pytest.mark.parametrize("name", ["detect", "listen", "serve", "plot"])
def test_every_command_with_a_model_takes_one_from_the_hub(name):
    helps = {action.dest: action.help for action in COMMANDS[name].parser(name)._actions}
    alone = argparse.ArgumentParser()
    add_model(alone)
    assert helps["model"] == alone._actions[-1].help


@pytest.mark.parametrize("command", [["detect", "x.wav"], ["serve", "--port", "0"]])
def test_a_wrong_name_is_refused_in_one_sentence(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("x.wav").write_bytes(b"")
    assert main([*command, "--model", "hf:no name"]) == 2
    assert "Traceback" not in capsys.readouterr().err
