"""Schedule, thresholds, checkpoints and the run folder."""

import json
import multiprocessing
import os

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

import whence
from whence.errors import TrainingError
from whence.training.checkpoints import load_state, save_state
from whence.training.recipe import OptimizerSettings
from whence.training.run_folder import METRICS_FILE, append_line, opened_run, read_lines
from whence.training.schedule import rate_at
from whence.training.thresholds import best_thresholds

# Schedule


@given(st.integers(1, 300), st.floats(0, 0.9))
def test_the_rate_rises_to_its_peak_and_falls(total, warmup_share):
    settings = OptimizerSettings(peak_rate=2.0, warmup_share=warmup_share)
    rates = [rate_at(step, total, settings) for step in range(total)]
    peak = max(round(warmup_share * total), 0)
    assert all(0 < rate <= 2.0 for rate in rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert peak == 0 or rates[peak - 1] == 2.0


def test_a_constant_rate_stays():
    settings = OptimizerSettings(peak_rate=0.5, warmup_share=0.0, schedule="constant")
    assert {rate_at(step, 10, settings) for step in range(10)} == {0.5}


@pytest.mark.parametrize("wrong", [{"peak_rate": 0}, {"warmup_share": 1}, {"schedule": "linear"}, {"average_decay": 1}])
def test_optimizer_settings_out_of_range_are_named(wrong):
    with pytest.raises(TrainingError, match=f"optimizer.{next(iter(wrong))} is"):
        OptimizerSettings(**wrong)


# Thresholds


def f_score(score, references, misplaced, threshold):
    """The definition, cell by cell."""
    hits = spatial = alarms = missed = 0
    for s, count, wrong in zip(score, references, misplaced, strict=True):
        if s > threshold:
            if count == 0:
                alarms += 1
            else:
                hits += not wrong
                spatial += wrong
                missed += count - 1
        else:
            missed += count
    return hits / (hits + spatial + 0.5 * (alarms + missed)) if hits else 0.0


@given(st.integers(0, 500))
def test_thresholds_are_the_best_there_are(seed):
    rng = np.random.default_rng(seed)
    cells = int(rng.integers(1, 30))
    score = rng.integers(0, 8, (cells, 2)) / 8  # with ties
    references = rng.choice([0, 0, 1, 2], (cells, 2))
    misplaced = rng.random((cells, 2)) < 0.3
    found = best_thresholds(score, references, misplaced)
    for k in range(2):
        candidates = np.unique(np.concatenate([score[:, k] - 1e-6, [found.threshold[k]]]))
        possible = [f_score(score[:, k], references[:, k], misplaced[:, k], t) for t in candidates]
        if references[:, k].sum():
            assert found.f_score[k] == pytest.approx(max(possible))
            reached = f_score(score[:, k], references[:, k], misplaced[:, k], found.threshold[k])
            assert reached == pytest.approx(found.f_score[k])
        else:
            assert (found.threshold[k], found.f_score[k]) == (0.5, 0.0)


@given(st.integers(0, 500), st.sampled_from([0.01, 0.1, 0.4]))
def test_an_allowance_takes_the_highest_threshold_that_it_allows(seed, allowance):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 8, (25, 1)) / 8
    references = rng.choice([0, 0, 1, 2], (25, 1))
    misplaced = rng.random((25, 1)) < 0.3
    best, found = (best_thresholds(score, references, misplaced, given) for given in (0.0, allowance))
    assert found.threshold[0] >= best.threshold[0]
    if references.sum():
        assert found.f_score[0] >= best.f_score[0] - allowance - 1e-9
        # Whatever stays above it alone would give up too much.
        for level in np.unique(score[score > found.threshold[0]])[:-1]:
            assert f_score(score[:, 0], references[:, 0], misplaced[:, 0], level) < best.f_score[0] - allowance + 1e-9


# Checkpoints


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


# Run folder


def hold(folder, recipe, inside, leave):
    with opened_run(folder, recipe):
        inside.set()
        leave.wait(30)


def test_two_trainings_in_one_folder_are_kept_apart(tmp_path, tiny_recipe):
    context = multiprocessing.get_context("spawn")
    inside, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "run", tiny_recipe, inside, leave))
    other.start()
    try:
        assert inside.wait(60)
        with (
            pytest.raises(TrainingError, match=f"is in use by pid {other.pid} on host"),
            opened_run(tmp_path / "run", tiny_recipe),
        ):
            pass
    finally:
        leave.set()
        other.join(30)
    with opened_run(tmp_path / "run", tiny_recipe):
        pass


def test_a_run_is_not_continued_with_another_recipe(tmp_path, tiny_recipe):
    from dataclasses import replace

    with opened_run(tmp_path, tiny_recipe):
        pass
    before = (tmp_path / "recipe.json").read_bytes()
    with pytest.raises(TrainingError, match="seed was 1, is 2"), opened_run(tmp_path, replace(tiny_recipe, seed=2)):
        pass
    assert (tmp_path / "recipe.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 99, "version": "2.1"}, rf"made by whence 2.1; this is {whence.__version__}. pip install -U whence"),
        ({"format": 0, "version": "0.0.1"}, r"made by whence 0.0.1; this is .*. choose another folder"),
        ({"format": None}, "choose another folder"),
    ],
)
def test_a_run_of_another_version_is_refused_and_left_alone(change, sentence, tmp_path, tiny_recipe):
    with opened_run(tmp_path, tiny_recipe):
        pass
    kept = {**json.loads((tmp_path / "recipe.json").read_text()), **change}
    (tmp_path / "recipe.json").write_text(json.dumps(kept))
    with pytest.raises(TrainingError, match=sentence), opened_run(tmp_path, tiny_recipe):
        pass
    assert json.loads((tmp_path / "recipe.json").read_text()) == kept


def test_a_torn_line_of_the_record_is_cut_off(tmp_path):
    append_line(tmp_path, {"epoch": 1})
    with (tmp_path / METRICS_FILE).open("ab") as file:
        file.write(b'{"epoch": 2, "lo')
    assert read_lines(tmp_path) == [{"epoch": 1}]
    append_line(tmp_path, {"epoch": 2})
    assert read_lines(tmp_path) == [{"epoch": 1}, {"epoch": 2}]
