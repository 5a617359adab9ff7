"""The report's own protocol: the choice on both sets, and the label beside every number it leads to."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from whence.errors import TrainingError
from whence.inference import read_system
from whence.models.weights import load_weights
from whence.training.choosing import choose_weights
from whence.training.kept import kept_weights
from whence.training.loop import LoopSettings
from whence.training.protocol import PAPER_LABEL
from whence.training.run_folder import read_lines
from whence.training.thresholds import at_thresholds, best_thresholds
from whence.training.train import train
from whence.training.validation import Validation, describe_scores

CPU = LoopSettings(device="cpu")


class GivenScores:
    """Test clips on which the kept weights, in the order they are asked about, score as told."""

    def __init__(self, scores):
        self.scores, self.thresholds = iter(scores), []

    def score(self, member, thresholds):
        self.thresholds.append(thresholds)
        return Validation(next(self.scores), {"f20": 0.1}, thresholds)


def chosen(run):
    return load_weights(run / "localizer" / "weights.safetensors").description["chosen"]


@pytest.fixture
def kept_run(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    """A trained network whose three kept epochs have these validation scores."""
    train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)
    for path, score in zip(sorted((tmp_path / "localizer").glob("best*.json")), (0.5, 0.3, 0.4), strict=True):
        path.write_text(json.dumps({**json.loads(path.read_text()), "score": score}))
    return tmp_path


@pytest.mark.parametrize(
    ("on_test", "epoch"),
    [
        ((0.1, 0.2, 0.45), 2),  # means 0.3, 0.3, 0.375 in the order of validation: epochs 1, 3, 2
        ((0.3, 0.4, 0.5), 1),  # all alike: the one that is best on held-out clips
        ((0.0, 0.3, 0.2), 3),
    ],
)
def test_the_highest_mean_of_both_scores_is_chosen(on_test, epoch, kept_run, tiny_recipe, tiny_clips):
    recipe = replace(tiny_recipe, protocol="paper")
    given = GivenScores(on_test)
    choose_weights(kept_run, recipe, recipe.networks[0], tiny_clips, "cpu", given)
    summary = chosen(kept_run)
    assert (summary["epoch"], summary["protocol"]) == (epoch, PAPER_LABEL)
    # Thresholds are those of the held-out clips.
    kept = [found["thresholds"] for found, _ in kept_weights(kept_run / "localizer")]
    assert [thresholds.tolist() for thresholds in given.thresholds] == kept
    # A choice that a kill interrupted is made again; the record tells of it once.
    choose_weights(kept_run, recipe, recipe.networks[0], tiny_clips, "cpu", GivenScores(on_test))
    lines = [line for line in read_lines(kept_run) if "chosen_epoch" in line]
    assert [(line["chosen_epoch"], line["protocol"]) for line in lines] == [(epoch, PAPER_LABEL)]


def test_every_number_of_such_a_run_is_labelled(tmp_path, tiny_recipe, tiny_data, tiny_clips, caplog):
    recipe = replace(tiny_recipe, protocol="paper")
    with caplog.at_level("INFO", "whence"):
        assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU, test_clips=GivenScores([0.1, 0.2, 0.3]))
    assert {line["protocol"] for line in read_lines(tmp_path)} == {PAPER_LABEL}
    assert read_system(tmp_path).validation["protocol"] == PAPER_LABEL
    told = [record.getMessage() for record in caplog.records if "F20" in record.getMessage()]
    assert len(told) == 4  # three epochs and the end
    assert all(PAPER_LABEL in sentence for sentence in told)
    # It goes on after a stop and is never continued as another.
    assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU, test_clips=SimpleNamespace())
    with pytest.raises(TrainingError, match="protocol was 'paper', is 'honest'"):
        train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)


def test_an_honest_run_has_no_label(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)
    assert not any("protocol" in line for line in read_lines(tmp_path))
    assert "protocol" not in read_system(tmp_path).validation
    assert "protocol" not in chosen(tmp_path)


def test_without_test_clips_it_is_refused_and_nothing_is_begun(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    with pytest.raises(TrainingError, match="protocol is 'paper'"):
        train(replace(tiny_recipe, protocol="paper"), tiny_data, tiny_clips, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match="protocol is 'fair'; it must be honest or paper"):
        replace(tiny_recipe, protocol="fair")


def test_a_run_from_before_there_were_protocols_goes_on(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)
    plain = json.loads((tmp_path / "recipe.json").read_text())
    del plain["protocol"]
    del plain["networks"]["localizer"]["frozen_encoder"], plain["networks"]["localizer"]["learns"]
    (tmp_path / "recipe.json").write_text(json.dumps(plain))
    assert train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)


def test_given_thresholds_reach_what_the_search_said_of_them():
    rng = np.random.default_rng(1)
    score, references = rng.random((200, 4)), rng.choice([0, 0, 1, 2], (200, 4))
    references[:, 3] = 0
    for misplaced in (None, rng.random((200, 4)) < 0.2):
        best = best_thresholds(score, references, misplaced)
        np.testing.assert_allclose(at_thresholds(best.threshold, score, references, misplaced).f_score, best.f_score)
        elsewhere = at_thresholds(np.full(4, 0.3), score, references, misplaced)
        assert (elsewhere.f_score <= best.f_score).all()


def test_the_phrase_of_numbers_ends_with_the_label():
    assert describe_scores({"detection_f": 0.5, "protocol": PAPER_LABEL}) == f"detection F 50.0 %  ({PAPER_LABEL})"
