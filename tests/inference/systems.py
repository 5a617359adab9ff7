"""Small systems for tests: random networks, and networks that say what they are told."""

from dataclasses import replace

import numpy as np
import torch

from whence.features import build_features
from whence.inference.member import NetworkBundle, TorchNetworks
from whence.inference.system import NetworkSystem
from whence.models import CompactLocalizerSettings
from whence.models.compact_localizer import CompactLocalizer
from whence.models.outputs import Classwise

TINY = CompactLocalizerSettings(channels=(4, 4, 4, 8), width=16, heads=2, sequence=("transformer",))


def random_bundle(seed=1, **settings):
    """A tiny localizer with random weights that differ enough to say something."""
    torch.manual_seed(seed)
    network = CompactLocalizer(replace(TINY, **settings)).eval()
    for entry in network.output_layer.parameters():
        torch.nn.init.normal_(entry, std=1.0)
    maps = "midside_onsets" if network.settings.input_maps == 6 else "midside"
    return NetworkBundle(network, build_features(maps), Classwise())


def random_system(seed=1, **fields):
    return NetworkSystem(TorchNetworks([random_bundle(seed)]), **fields)


class ToldNetworks:
    """Says class 0 in every frame whose sound is louder than 0.1, at the azimuth of its level difference."""

    codings = (Classwise(),)

    def __init__(self):
        self.heard = 0

    def predict(self, audio):
        self.heard += len(audio)
        frames = np.abs(audio.reshape(len(audio), 2, -1, 2_400)).max(axis=-1)
        left, right = frames[:, 0], frames[:, 1]
        values = np.zeros((len(audio), frames.shape[2], 3, 13), np.float32)
        values[:, :, 0, 0] = frames.max(axis=1) > 0.1
        values[:, :, 1, 0] = 90 * (left - right) / np.maximum(left + right, 1e-9)
        values[:, :, 2, 0] = 2.0
        return [values]


def noise(seconds, seed=1):
    rng = np.random.default_rng(seed)
    return (0.2 * rng.standard_normal((2, round(seconds * 24_000)))).astype(np.float32)
