"""Checkpoints on disk, the choice of the final weights, and the label of weights chosen on test clips."""

import json
import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from whence.errors import TrainingError
from whence.inference import read_system
from whence.models.weights import load_weights
from whence.training.checkpoints import best_weights, choose_weights, load_state, save_state
from whence.training.loop import LoopSettings
from whence.training.run_folder import read_lines
from whence.training.train import train
from whence.training.validation import PAPER_LABEL, Validation

CPU = LoopSettings(device="cpu")


class GivenScores:
    """Test clips on which weights have given scores, in order."""

    def __init__(self, scores):
        self.scores, self.thresholds = iter(scores), []

    def score(self, bundle, thresholds):
        self.thresholds.append(thresholds)
        return Validation(next(self.scores), {"f20": 0.1}, thresholds)


def chosen(run):
    return load_weights(run / "localizer" / "weights.safetensors").description["chosen"]


@pytest.fixture
def trained_run(tmp_path, whole_run):
    """A trained network whose three best epochs have these validation scores."""
    shutil.copytree(whole_run, tmp_path, dirs_exist_ok=True)
    for path, score in zip(sorted((tmp_path / "localizer").glob("best*.json")), (0.5, 0.3, 0.4), strict=True):
        path.write_text(json.dumps({**json.loads(path.read_text()), "score": score}))
    return tmp_path


@pytest.mark.parametrize(
    ("on_test", "epoch"),
    [
        ((0.1, 0.2, 0.45), 2),  # means 0.3, 0.3, 0.375 in the order of validation: epochs 1, 3, 2
        ((0.3, 0.4, 0.5), 1),  # all equal: the best on held-out clips
        ((0.0, 0.3, 0.2), 3),
    ],
)
def test_the_highest_mean_of_both_scores_is_chosen(on_test, epoch, trained_run, tiny_recipe, tiny_clips):
    recipe = replace(tiny_recipe, protocol="paper")
    given = GivenScores(on_test)
    choose_weights(trained_run, recipe, recipe.networks[0], tiny_clips, "cpu", given)
    summary = chosen(trained_run)
    assert (summary["epoch"], summary["protocol"]) == (epoch, PAPER_LABEL)
    # Thresholds are those of the held-out clips.
    expected = [found["thresholds"] for found, _ in best_weights(trained_run / "localizer")]
    assert [thresholds.tolist() for thresholds in given.thresholds] == expected
    # A choice that a kill interrupted is made again; the record has it once.
    choose_weights(trained_run, recipe, recipe.networks[0], tiny_clips, "cpu", GivenScores(on_test))
    lines = [line for line in read_lines(trained_run) if "chosen_epoch" in line]
    assert [(line["chosen_epoch"], line["protocol"]) for line in lines] == [(epoch, PAPER_LABEL)]


def test_every_number_of_a_paper_run_is_labelled(tmp_path, tiny_recipe, tiny_data, tiny_clips, caplog):
    recipe = replace(tiny_recipe, protocol="paper")
    with caplog.at_level("INFO", "whence"):
        assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU, test_clips=GivenScores([0.1, 0.2, 0.3]))
    assert {line["protocol"] for line in read_lines(tmp_path)} == {PAPER_LABEL}
    assert read_system(tmp_path).validation["protocol"] == PAPER_LABEL
    sentences = [record.getMessage() for record in caplog.records if "F20" in record.getMessage()]
    assert len(sentences) == 4  # three epochs and the end
    assert all(PAPER_LABEL in sentence for sentence in sentences)
    # It continues after a stop, but never with another protocol.
    assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU, test_clips=SimpleNamespace())
    with pytest.raises(TrainingError, match="protocol was 'paper', is 'honest'"):
        train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)


def test_an_honest_run_has_no_label(whole_run):
    assert not any("protocol" in line for line in read_lines(whole_run))
    assert "protocol" not in read_system(whole_run).validation
    assert "protocol" not in chosen(whole_run)


def test_the_paper_protocol_without_test_clips_is_refused_at_once(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    with pytest.raises(TrainingError, match="protocol is 'paper'"):
        train(replace(tiny_recipe, protocol="paper"), tiny_data, tiny_clips, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match="protocol is 'fair'; it must be honest or paper"):
        replace(tiny_recipe, protocol="fair")


def state(step):
    return {"weight": torch.full((3,), float(step)), "step": torch.tensor(step)}


def test_the_newest_checkpoint_comes_back(tmp_path):
    assert load_state(tmp_path) is None
    for step in range(1, 6):
        save_state(tmp_path, state(step))
        assert int(load_state(tmp_path)["step"]) == step
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "no summary", "torn summary"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path, damage, caplog):
    save_state(tmp_path, state(1))
    newest = save_state(tmp_path, state(2))
    content = bytearray(newest.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        newest.write_bytes(content)
    elif damage == "cut":
        newest.write_bytes(content[:-2])
    elif damage == "no summary":
        newest.with_suffix(".json").unlink()
    else:
        newest.with_suffix(".json").write_text('{"step": 2, "sha')
    assert int(load_state(tmp_path)["step"]) == 1
    assert ("damaged" in caplog.text) == (damage in ("flip", "cut"))


def test_a_failed_write_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    save_state(tmp_path, state(1))
    save_state(tmp_path, state(2))

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"No space .* while saving step 3 \(needs .* MB free\); last good: step 2"):
        save_state(tmp_path, state(3))
    assert int(load_state(tmp_path)["step"]) == 2
