"""How `whence train` ends when the machine gives up, the folder is taken, or test clips were looked at."""

import errno
import json
import os
import shutil

import pytest
import torch

from whence.cli.main import main
from whence.errors import DivergedError
from whence.training import Recipe
from whence.training.learner import Learner
from whence.training.run_folder import locked
from whence.training.validation import PAPER_LABEL

PAPER = ("--settings", "protocol=paper")


def test_a_full_disk_ends_with_3_and_one_sentence(finished_run, small_training, tmp_path, monkeypatch, capsys):
    def refuse_checkpoints(descriptor):
        if os.fstat(descriptor).st_size > 30_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse_checkpoints)
    assert main(small_training.words(tmp_path / "run")) == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert "No space left on device while keeping the weights of epoch 1 (needs 0." in last
    assert last.endswith("the last checkpoint is as it was; free some space, and the same command continues")


def out_of_memory(self, given, events, microphones, first):
    raise torch.OutOfMemoryError("no memory")


def diverged(self, batch):
    raise DivergedError("detector, step 0: the loss is nan")


@pytest.mark.parametrize(
    ("method", "failure", "sentence"),
    [("_loss_parts", out_of_memory, "out of memory"), ("learn", diverged, "the loss is nan; the clips are named in")],
)
def test_a_machine_that_gives_up_ends_with_3(method, failure, sentence, small_training, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Learner, method, failure)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    assert main(small_training.words(tmp_path / "run")) == 3
    err = capsys.readouterr().err
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_folder_in_use_ends_with_2(small_training, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    with locked(run):
        assert main(small_training.words(run)) == 2
    assert "is in use by pid" in capsys.readouterr().err


def test_a_run_of_a_newer_version_ends_with_2(small_training, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text(json.dumps({"format": 2, "version": "2.1", "networks": {}}))
    assert main(small_training.words(run)) == 2
    assert "made by whence 2.1; this is" in capsys.readouterr().err


@pytest.fixture(scope="module")
def paper_run(stereo_set, small_training, tmp_path_factory):
    """A run whose weights were chosen on test clips too."""
    run = tmp_path_factory.mktemp("paper") / "run"
    words = ["--data", str(stereo_set), "--settings", str(small_training.recorded), "--out", str(run), *PAPER]
    assert main(["train", "tiny", *words]) == 0
    return run


def test_the_paper_protocol_labels_what_it_writes(paper_run):
    lines = [json.loads(line) for line in (paper_run / "metrics.jsonl").read_text().splitlines()]
    assert {line["protocol"] for line in lines} == {PAPER_LABEL}
    choices = [line for line in lines if "chosen_epoch" in line]
    assert [line["network"] for line in choices] == ["detector", "localizer"]
    for line in choices:
        assert line["mean"] == pytest.approx(0.5 * (line["score"] + line["dev_test"]["score"]))
    assert json.loads((paper_run / "system.json").read_text())["validation"]["protocol"] == PAPER_LABEL


def test_the_table_and_tuning_keep_the_label(paper_run, finished_run, stereo_set, tmp_path, capsys):
    honest_run = tmp_path / "honest"
    shutil.copytree(finished_run, honest_run)  # predictions are stored in a run
    assert main(["table", str(paper_run), str(honest_run), "--data", str(stereo_set)]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if PAPER_LABEL in line] == [f"{paper_run}: {PAPER_LABEL}"]
    assert main(["table", str(paper_run), str(honest_run), "--data", str(stereo_set), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found[str(paper_run)]["protocol"] == PAPER_LABEL
    assert "protocol" not in found[str(honest_run)]
    assert main(["tune", str(paper_run), "--data", str(stereo_set)]) == 0
    assert all(PAPER_LABEL in line for line in capsys.readouterr().err.splitlines()[-2:-1])
    assert json.loads((paper_run / "system.json").read_text())["validation"]["protocol"] == PAPER_LABEL


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (PAPER, "protocol paper chooses on the clips of dev-test too"),
        (("--settings", "protocol=fair"), "recipe.protocol is 'fair'"),
        (("--settings", "protocoll=paper"), "recipe.protocoll is not a field; did you mean protocol?"),
        (("--settings", "=paper"), "give FIELD=VALUE with a field of the recipe"),
        (("--settings", "networks.detector.epochs=none"), "recipe.networks.detector.epochs is 'none'"),
        (("--settings", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("--settings", "networks.localizer.frozen_encoder=[[0.5, 1]]"), "localizer.frozen_encoder"),
    ],
)
def test_words_of_settings_that_cannot_be_are_named(more, sentence, small_training, tmp_path, capsys):
    assert main(small_training.words(tmp_path / "run", *more)) == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_later_settings_have_the_last_word(small_training, tmp_path, monkeypatch):
    from whence import training

    seen = []
    monkeypatch.setattr(training, "train", lambda recipe, *rest: seen.append(recipe) or True)
    words = ("--settings", "networks.detector.epochs=3", "--settings", "tensorboard=true")
    assert main(small_training.words(tmp_path / "run", *words)) == 0
    [recipe] = seen
    assert isinstance(recipe, Recipe)
    assert [network.epochs for network in recipe.networks] == [3, 2]
    assert recipe.tensorboard
    assert recipe.networks[0].batch_clips == 4
