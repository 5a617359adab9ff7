"""A whole training on synthetic clips: it learns, stops, continues bit for bit, and leaves a system that loads."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.errors import DivergedError, InferenceError
from whence.inference import load_run
from whence.models.weights import load_weights
from whence.training.learner import Learner
from whence.training.loop import LoopSettings
from whence.training.run_folder import read_lines
from whence.training.train import train

CPU = LoopSettings(device="cpu")


def stop_after(steps):
    """A user who presses Ctrl-C after so many steps."""
    taken = iter(range(1, 10_000))
    return lambda: next(taken) >= steps


def weights_of(run):
    return load_weights(run / "localizer" / "weights.safetensors").tensors


def test_a_run_learns_and_its_system_detects(whole_run, tiny_clips):
    lines = read_lines(whole_run)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[-1]["losses"]["loss"] < lines[0]["losses"]["loss"]
    system = load_run(whole_run)
    events = system.detect(tiny_clips.audio[0].numpy())
    assert events.frame.max(initial=0) < 5
    assert json.loads((whole_run / "system.json").read_text())["members"] == ["localizer"]


@pytest.mark.parametrize("steps", [1, 4, 6, 11])
def test_a_stopped_training_continues_bit_for_bit(steps, tmp_path, whole_run, tiny_recipe, tiny_data, tiny_clips):
    stopped = replace(CPU, should_stop=stop_after(steps))
    assert not train(tiny_recipe, tiny_data, tiny_clips, tmp_path / "parts", stopped)
    with pytest.raises(InferenceError, match="unfinished run"):
        load_run(tmp_path / "parts")
    assert train(tiny_recipe, tiny_data, tiny_clips, tmp_path / "parts", CPU)
    whole, parts = weights_of(whole_run), weights_of(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name in whole:
        assert torch.equal(whole[name], parts[name]), name
    strip = [
        {k: v for k, v in line.items() if k not in ("seconds", "clips_per_s")}
        for line in read_lines(tmp_path / "parts")
    ]
    assert strip == [{k: line[k] for k in strip[0]} for line in read_lines(whole_run)]


def test_a_finished_run_is_left_alone(whole_run, tiny_recipe, tiny_data, tiny_clips):
    before = (whole_run / "localizer" / "weights.safetensors").read_bytes()
    assert train(tiny_recipe, tiny_data, tiny_clips, whole_run, CPU)
    assert (whole_run / "localizer" / "weights.safetensors").read_bytes() == before


def test_a_loss_that_is_not_finite_names_the_clips_and_saves_the_weights(
    tmp_path, whole_run, tiny_recipe, tiny_data, tiny_clips
):
    class Poisoned:
        def batches(self, *args):
            for number, batch in enumerate(tiny_data.batches(*args)):
                if number == 5:
                    batch.audio[0, 0, 0] = float("nan")
                yield batch

    with pytest.raises(DivergedError, match=r"step 5: the loss is nan; the clips are named in .*bad_batch.json"):
        train(tiny_recipe, Poisoned(), tiny_clips, tmp_path, CPU)
    bad = json.loads((tmp_path / "localizer" / "bad_batch.json").read_text())
    assert bad == {"step": 5, "clips": ["made 5"]}
    # Without the poison the same folder goes on to the weights of an undisturbed training.
    assert train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)
    clean = weights_of(whole_run)
    for name, tensor in weights_of(tmp_path).items():
        assert torch.equal(tensor, clean[name]), name


def test_only_the_best_epochs_are_saved(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    train(replace(tiny_recipe, kept_checkpoints=2), tiny_data, tiny_clips, tmp_path, CPU)
    saved = [json.loads(path.read_text())["score"] for path in (tmp_path / "localizer").glob("best.epoch*.json")]
    scores = sorted((line["score"] for line in read_lines(tmp_path)), reverse=True)
    assert sorted(saved, reverse=True) == scores[:2]


def test_when_memory_runs_out_the_batch_is_halved(tiny_recipe, tiny_data, monkeypatch, caplog):
    learner = Learner(tiny_recipe.networks[0], 1, "float32", "cpu")
    batch = next(tiny_data.batches(range(1), 4, 4, 0))
    real = Learner._loss_parts
    sizes = []

    def small_device(self, audio, events, microphones, first):
        sizes.append(len(audio))
        if len(audio) > 2:
            raise torch.OutOfMemoryError("no memory")
        return real(self, audio, events, microphones, first)

    monkeypatch.setattr(Learner, "_loss_parts", small_device)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    losses = learner.learn(batch)
    assert sizes == [4, 2, 2]
    assert np.isfinite(losses["loss"])
    assert caplog.text.count("ran out of memory; going on with 2 clips") == 1
    learner.learn(batch)
    assert sizes == [4, 2, 2, 2, 2]


def test_a_device_too_small_for_one_clip_ends_the_training(tiny_recipe, tiny_data, monkeypatch):
    def no_memory(self, audio, events, microphones, first):
        raise torch.OutOfMemoryError("no memory")

    learner = Learner(tiny_recipe.networks[0], 1, "float32", "cpu")
    monkeypatch.setattr(Learner, "_loss_parts", no_memory)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    with pytest.raises(MemoryError, match="one clip does not fit"):
        learner.learn(next(tiny_data.batches(range(1), 4, 4, 0)))


def test_swapped_channels_mirror_the_events_exactly(whole_run, tiny_clips):
    system = load_run(whole_run, swap=True)
    signal = tiny_clips.audio[0].numpy()
    plain, mirrored = system.detect(signal), system.detect(np.ascontiguousarray(signal[::-1]))
    assert mirrored == plain.mirrored()
