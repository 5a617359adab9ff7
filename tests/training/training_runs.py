"""Trainings on scenes of noise, small enough to be run many times; also a program: `training_runs.py RUN WORKERS`."""

import logging
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from whence.corpora import Sounds
from whence.labels import STARSS23
from whence.recipes.tiny import tiny
from whence.scenes import SceneSettings, SceneStream
from whence.scenes.rooms import RoomBank
from whence.training.data import SceneData
from whence.training.loop import LoopSettings
from whence.training.train import train
from whence.training.validation import ValidationClips


def noise_sounds(seed):
    """Two short noises of each class."""
    rng = np.random.default_rng(seed)
    classes = [class_index for class_index in range(13) for _ in range(2)]
    waveforms = [rng.normal(0, 0.1, 12_000).astype(np.float32) for _ in classes]
    names = [f"{seed}-{number}" for number in range(len(classes))]
    return Sounds.from_waveforms(waveforms, classes, names, names, STARSS23)


def dry_room(places=8):
    """One room without walls, a position every few degrees."""
    azimuth = np.linspace(-80, 80, places)
    sine, cosine = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
    responses = np.stack([np.ones(places), sine, cosine], axis=1)[:, :, None].astype(np.float16)
    zeros, ones = np.zeros(places, np.int32), np.ones(places, np.float32)
    return RoomBank(responses, zeros, zeros, azimuth.astype(np.float32), ones * 0, ones, ("dry",), ones[:1] * 0.2)


def noise_scenes():
    """Scenes of one second without background."""
    plain = SceneSettings()
    return replace(
        plain,
        duration_s=1.0,
        event_duration_s=(0.3, 1.0),
        interferers=(0, 0),
        diffuse_background=replace(plain.diffuse_background, probability=0.0),
    )


def noise_data(recipe):
    """Training data and four held-out clips."""
    stream = SceneStream(recipe.seed, recipe.scenes, noise_sounds(1), dry_room(), 1, 1)
    other = SceneStream(99, recipe.scenes, noise_sounds(2), dry_room(), 4, 1)[0]
    names = [f"fold4_room1_mix{number:03d}_deg000_start0000" for number in range(4)]
    return SceneData(stream), ValidationClips(other.audio, other.events, names, STARSS23)


def noise_recipe(epochs=3):
    """The tiny recipe, of a few steps."""
    plain = tiny()
    networks = tuple(replace(network, batch_clips=4, epoch_clips=16, epochs=epochs) for network in plain.networks)
    return replace(plain, networks=networks, scenes=noise_scenes(), kept_checkpoints=2)


def run_training(run, workers, epochs=3, checkpoint_s=0.0):
    """Train, with a checkpoint after every step."""
    recipe = noise_recipe(epochs)
    data, held_out = noise_data(recipe)
    return train(recipe, data, held_out, run, LoopSettings(workers=workers, checkpoint_s=checkpoint_s, device="cpu"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    torch.set_num_threads(1)
    run_training(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
