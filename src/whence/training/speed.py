"""The speed of training on this machine, measured with one step."""

import time
from dataclasses import replace

import numpy as np
import torch

from whence.labels import Events
from whence.training.data import Batch
from whence.training.learner import Learner
from whence.training.recipe import NetworkRecipe
from whence.units import SAMPLE_RATE_HZ

_CLIP_S = 5
# On a processor a few clips show the speed of many; a GPU needs them all at once.
_CLIPS_ON_CPU = 4


def seconds_per_clip(network: NetworkRecipe, precision: str, device: str | None = None) -> float:
    """Return how long a training step takes for each clip of five seconds, front end, loss and optimizer included.

    The clips are noise, ready in memory: reading or rendering them is not measured. Nothing is frozen.

    Args:
        network: what is trained.
        precision: `float32` or `bf16`.
        device: where; the best there is when None.
    """
    network = replace(network, frozen_encoder=(), trainable=())
    learner = Learner(network, 1, precision, device)
    on_cpu = learner.accelerator.device.type == "cpu"
    clips = min(network.batch_clips, _CLIPS_ON_CPU) if on_cpu else network.batch_clips
    noise = np.random.default_rng([1, 0]).normal(0, 0.05, (clips, 2, _CLIP_S * SAMPLE_RATE_HZ))
    event = Events.from_columns({"frame": [3], "class_index": [0], "azimuth_deg": [30], "distance_m": [2]})
    names = [f"noise {number}" for number in range(clips)]
    batch = Batch(torch.from_numpy(noise.astype(np.float32)), [event] * clips, names)
    learner.learn(batch)  # the first step also allocates
    began = time.perf_counter()
    learner.learn(batch)
    return (time.perf_counter() - began) / clips
