"""One network with its front end, coding and precision: built, loaded, run by torch."""

# B clip, L label frame (100 ms), S sample

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whence.audio import Microphones
from whence.errors import InferenceError, ModelError
from whence.features import FeatureSettings, build_features
from whence.inference.devices import checked_device
from whence.inference.system import NetworkSystem
from whence.inference.system_file import read_system
from whence.models import Network, build_model, load_network, model_to_plain
from whence.models.outputs import Coding, OutputSettings, build_output, output_from_plain, output_to_plain
from whence.settings import from_plain

WEIGHTS_FILE = "weights.safetensors"
# The spectra of five seconds of stereo are 2 MB; a core's cache holds few of them.
_CLIPS_IN_CACHE = 2


@dataclass(frozen=True)
class BundleSettings:
    """The settings of a network, its front end and its coding.

    Args:
        model: settings of a network in `whence.models.MODELS`.
        features: of its front end.
        output: of its coding.
    """

    model: Any
    features: FeatureSettings
    output: OutputSettings

    def to_plain(self) -> dict[str, Any]:
        """Return plain data, as a file of weights holds it in its description."""
        return {
            "model": model_to_plain(self.model),
            "features": asdict(self.features),
            "output": output_to_plain(self.output),
        }


@dataclass(frozen=True, eq=False)
class NetworkBundle:
    """A network that predicts the values of clips.

    Args:
        network: in evaluation mode.
        features: its front end, on the same device.
        coding: what its output means.
        settings: what the three were built from.
        precision: `float32`, or `bf16` for the network alone.
    """

    network: Network
    features: nn.Module
    coding: Coding
    settings: BundleSettings
    precision: str = "float32"

    @classmethod
    def build(cls, settings: BundleSettings, precision: str = "float32", network: Network | None = None) -> Self:
        """Build all parts; a given network keeps its weights, a new one has fresh weights."""
        network = build_model(settings.model) if network is None else network
        return cls(network, build_features(settings.features), build_output(settings.output), settings, precision)

    @torch.inference_mode()
    def values(
        self, audio: Tensor | NDArray[np.float32], *, swap: bool = False, microphones: Microphones | None = None
    ) -> NDArray[np.float32]:
        """Predict the values of a batch of clips.

        Args:
            audio: (B, 2, S) float32 at 24 kHz, an array or a tensor on any device.
            swap: predict each clip also with its channels swapped, mirror these values, and average; swapping the
                channels of the input then mirrors the result exactly.
            microphones: the pair of all clips, for a network that is told it; None where it is not known.

        Returns:
            what the coding's `activate` gives, (B, L, ...).
        """
        audio = torch.as_tensor(audio)
        plain = self._once(audio, microphones)
        if not swap:
            return plain
        mirrored = self.coding.mirror(self._once(audio.flip(1), microphones))
        averaged: NDArray[np.float32] = self.coding.average([plain, mirrored])
        return averaged

    def on(self, device: str | torch.device) -> Self:
        """Move the network to a device, in evaluation mode; nothing is copied."""
        return replace(self, network=self.network.to(device).eval(), features=self.features.to(device))

    def _once(self, audio: Tensor, microphones: Microphones | None) -> NDArray[np.float32]:
        """Values without averaging."""
        device = next(self.network.parameters()).device
        features = features_of(self.features, audio.to(device))
        told: tuple[Tensor, ...] = ()
        if self.network.is_told and microphones is not None:
            told = (torch.from_numpy(microphones.numbers()).to(device).expand(len(audio), -1),)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            raw = self.network(features, *told)
        values: NDArray[np.float32] = self.coding.activate(raw.float().cpu().numpy())
        return values


@dataclass(frozen=True, eq=False)
class TorchNetworks:
    """The `Networks` of a run, on torch.

    Args:
        bundles: in the order of the system.
        microphones: the pair of all clips, for networks that are told it.
    """

    bundles: Sequence[NetworkBundle]
    microphones: Microphones | None = None

    @property
    def codings(self) -> list[Coding]:
        """What the values of each network mean, in order."""
        return [bundle.coding for bundle in self.bundles]

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network for clips (B, 2, S).

        Clips go through one by one. Batched results differ in the last bits, and the events of a stream would then
        depend on the sizes of its pieces.
        """
        clips = np.split(audio, len(audio))
        pair = self.microphones
        return [np.concatenate([bundle.values(clip, microphones=pair) for clip in clips]) for bundle in self.bundles]

    def told(self, microphones: Microphones) -> Self:
        """Return the same networks for clips of this pair."""
        return replace(self, microphones=microphones)


def features_of(front_end: nn.Module, audio: Tensor) -> Tensor:
    """Apply a front end to a batch of clips; on a processor to a few at a time, so that spectra stay in its cache.

    Clips do not depend on each other, so the numbers are the same.

    Args:
        front_end: (B, 2, S) -> (B, C, T, F).
        audio: (B, 2, S), on the front end's device.
    """
    if audio.device.type != "cpu":
        maps: Tensor = front_end(audio)
        return maps
    return torch.cat([front_end(clips) for clips in torch.split(audio, _CLIPS_IN_CACHE)])


def load_bundle(path: Path, precision: str = "float32") -> NetworkBundle:
    """Load one network with its front end and coding from a file of weights.

    Raises:
        ModelError: the file is missing, damaged or foreign.
        InferenceError: it does not state the features or the coding of the network.
    """
    network, description = load_network(path)
    for part in ("features", "output"):
        if part not in description:
            raise InferenceError(f"{path}: does not state its {part}; train it again, or convert it anew")
    features = from_plain(FeatureSettings, description["features"], f"{path}: features", ModelError)
    settings = BundleSettings(network.settings, features, output_from_plain(description["output"]))
    return NetworkBundle.build(settings, precision, network)


def load_run(
    folder: Path, *, swap: bool = False, precision: str = "float32", device: str | None = None
) -> NetworkSystem:
    """Load the system of a finished run.

    Args:
        folder: as `whence train` left it.
        swap: average with the mirrored prediction for the mirrored clip.
        precision: `float32`, or `bf16` for the networks.
        device: where it runs; a GPU where there is one when None.

    Raises:
        InferenceError: the folder holds no finished run, or there is no such device.
        ModelError: weights are missing, damaged or foreign.
    """
    system = read_system(folder)
    where = checked_device(device)
    names = (*system.members, *system.localizers)
    networks = TorchNetworks([load_bundle(folder / name / WEIGHTS_FILE, precision).on(where) for name in names])
    return system.system(networks, swap=swap, name=str(folder))
