"""A program: one network without batch norm, trained by however many processes `torchrun` started, into a folder.

With the word `frozen` after the folder its encoder is frozen at first.
"""

import sys
from dataclasses import replace
from pathlib import Path

import small_detectors
import torch
from torch import nn
from training_runs import noise_data, noise_recipe

from whence.inference import network_bundle
from whence.scenes.transforms import SpecAugmentSettings
from whence.training.loop import LoopSettings, train_network

build_model = network_bundle.build_model


def without_batch_norm(settings):
    """Batch norm sees only its own process's clips, so that nothing could be equal with it."""
    network = build_model(settings)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return network


if __name__ == "__main__":
    torch.set_num_threads(1)
    network_bundle.build_model = without_batch_norm
    recipe = noise_recipe(epochs=2)
    detector = recipe.networks[0]
    # Key biases of attention have no gradient but rounding errors, which Adam would blow up.
    model = replace(detector.model, dropout=0.0, sequence=("gru",))
    detector = replace(detector, model=model, spec_augment=SpecAugmentSettings())
    if sys.argv[2:] == ["frozen"]:
        frozen = small_detectors.detector()
        detector = replace(frozen, model=replace(frozen.model, dropout=0.0), epochs=2)
    data, held_out = noise_data(recipe)
    folder = Path(sys.argv[1])
    (folder / detector.name).mkdir(parents=True, exist_ok=True)
    train_network(folder, recipe, detector, data, held_out, LoopSettings(device="cpu"))
