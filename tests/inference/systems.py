"""Small systems for tests: networks with random weights, and networks that follow the level of the sound."""

from dataclasses import replace

import numpy as np
import torch

from whence.features import logmel_settings, midside_onsets_settings, midside_pairs_settings, midside_settings
from whence.inference.network_bundle import BundleSettings, NetworkBundle, TorchNetworks
from whence.inference.system import NetworkSystem
from whence.inference.system_file import SystemFile, write_system
from whence.models import CompactLocalizerSettings, SeldNetSettings, save_weights
from whence.models.outputs import Classwise, ClasswiseSettings, build_output

TINY = CompactLocalizerSettings(channels=(4, 4, 4, 8), width=16, heads=2, sequence=("transformer",))


def random_bundle(seed=1, **settings):
    """A tiny localizer with random weights that differ enough to predict something."""
    torch.manual_seed(seed)
    model = replace(TINY, **settings)
    features = {4: midside_settings, 6: midside_onsets_settings, 8: midside_pairs_settings}[model.input_maps]()
    bundle = NetworkBundle.build(BundleSettings(model, features, ClasswiseSettings()))
    for entry in bundle.network.eval().output_layer.parameters():
        torch.nn.init.normal_(entry, std=1.0)
    return bundle


def random_system(seed=1, **fields):
    return NetworkSystem(TorchNetworks([random_bundle(seed)]), **fields)


def write_seldnet(folder, output, seed=1):
    """Write a small official baseline with random weights as a finished run; its vectors are long enough for events."""
    torch.manual_seed(seed)
    model = SeldNetSettings(filters=8, width=16, output_size=build_output(output).output_size)
    bundle = NetworkBundle.build(BundleSettings(model, logmel_settings(), output))
    torch.nn.init.normal_(bundle.network.eval().fnn_list[1].weight, std=1.0)
    (folder / "seld").mkdir(parents=True)
    save_weights(folder / "seld" / "weights.safetensors", bundle.network.state_dict(), bundle.settings.to_plain())
    write_system(folder, SystemFile(("seld",)))
    return folder


class LevelNetworks:
    """Predicts class 0 in every frame whose sound is louder than 0.1, at the azimuth of its level difference."""

    codings = (Classwise(),)

    def __init__(self):
        self.clip_count = 0

    def predict(self, audio):
        self.clip_count += len(audio)
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
