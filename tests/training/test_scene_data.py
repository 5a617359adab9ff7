"""Scenes as training data: drawn by workers and rendered by the training process where it has a GPU."""

import dataclasses
import os

import torch
from training_runs import noise_data, noise_recipe

from whence.scenes import render_batch
from whence.training.data import SceneData


def test_scenes_for_a_gpu_are_drawn_by_workers_and_rendered_by_the_training_process(monkeypatch):
    rendered = []

    def render_here(scenes, sounds, rooms, device):
        rendered.append((os.getpid(), device))
        return render_batch(scenes, sounds, rooms)

    data, _ = noise_data(noise_recipe())
    expected = list(data.batches(range(5, 8), 2, 4, 0))
    monkeypatch.setattr("whence.scenes.stream.render_batch", render_here)
    elsewhere = SceneData(dataclasses.replace(data.stream, device="meta"))
    batches = list(elsewhere.batches(range(5, 8), 2, 4, 1))
    assert rendered == [(os.getpid(), "meta")] * 3
    for batch, other in zip(batches, expected, strict=True):
        assert torch.equal(batch.audio, other.audio)
        assert (batch.events, batch.names) == (other.events, other.names)
    # Beside recorded clips, loader processes render: on the CPU.
    assert [example.audio.device.type for example in elsewhere.examples([3, 9], 8)] == ["cpu", "cpu"]
    assert len(rendered) == 3
