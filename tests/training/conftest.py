"""A recipe, data and clips so small that training takes seconds."""

import numpy as np
import pytest
import torch

from whence.features import midside_settings
from whence.labels import STARSS23, Events
from whence.models import CompactLocalizerSettings
from whence.models.outputs import ClasswiseSettings
from whence.training.data import Batch
from whence.training.loop import LoopSettings
from whence.training.recipe import NetworkRecipe, OptimizerSettings, Recipe
from whence.training.train import train
from whence.training.validation import ValidationClips

FRAMES = 5


def made_clip(seed, index):
    """Half a second of noise that pans by its class: enough to learn something from."""
    rng = np.random.default_rng([seed, index])
    azimuth_deg, class_index = float(rng.integers(-60, 61)), int(rng.integers(0, 2))
    noise = rng.normal(0, 0.1, 2_400 * FRAMES)
    noise = noise if class_index == 0 else np.cumsum(noise) * 0.1
    sine = np.sin(np.radians(azimuth_deg))
    audio = np.stack([(1 + sine) * noise, (1 - sine) * noise]).astype(np.float32)
    columns = {
        "frame": np.arange(FRAMES),
        "class_index": np.full(FRAMES, class_index),
        "azimuth_deg": np.full(FRAMES, azimuth_deg),
        "distance_m": np.full(FRAMES, 2.0),
    }
    return torch.from_numpy(audio), Events.from_columns(columns)


class MadeData:
    """Made clips by number."""

    def batches(self, numbers, batch_clips, epoch_steps, workers):
        for number in numbers:
            clips = [made_clip(1, number * batch_clips + i) for i in range(batch_clips)]
            yield Batch(torch.stack([audio for audio, _ in clips]), [events for _, events in clips], [f"made {number}"])


@pytest.fixture(scope="session")
def tiny_data():
    return MadeData()


@pytest.fixture(scope="session")
def tiny_clips():
    clips = [made_clip(2, index) for index in range(8)]
    names = [f"fold4_room1_mix{index:03d}_deg000_start0000" for index in range(8)]
    return ValidationClips(torch.stack([audio for audio, _ in clips]), [events for _, events in clips], names, STARSS23)


@pytest.fixture(scope="session")
def tiny_recipe():
    model = CompactLocalizerSettings(
        channels=(4, 4, 4, 8), width=16, heads=2, sequence=("transformer",), dropout=0.1, output_size=39
    )
    network = NetworkRecipe(
        "localizer",
        model,
        midside_settings(),
        ClasswiseSettings(),
        batch_clips=4,
        epochs=3,
        epoch_clips=16,
        optimizer=OptimizerSettings(average_decay=0.5, peak_rate=3e-3),
    )
    return Recipe("tiny", (network,))


@pytest.fixture(scope="session")
def whole_run(tiny_recipe, tiny_data, tiny_clips, tmp_path_factory):
    """The run of the tiny recipe, not interrupted; tests only read it."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert train(tiny_recipe, tiny_data, tiny_clips, run, LoopSettings(device="cpu"))
    return run
