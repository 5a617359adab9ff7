"""One trained network with its front end and coding: audio in, physical values out."""

# B clip, L label frame (100 ms), S sample

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whence.models import Network
from whence.models.outputs import Coding

# The spectra of five seconds of stereo are 2 MB; a core's cache holds few of them.
_CLIPS_IN_CACHE = 2


@dataclass(frozen=True, eq=False)
class NetworkBundle:
    """A network that can be asked about clips.

    Args:
        network: in evaluation mode.
        features: its front end, on the same device.
        coding: what its output means.
        precision: `float32`, or `bf16` for the network alone.
    """

    network: Network
    features: nn.Module
    coding: Coding
    precision: str = "float32"

    @torch.inference_mode()
    def values(self, audio: Tensor | NDArray[np.float32], *, swap: bool = False) -> NDArray[np.float32]:
        """The values of a batch of clips.

        Args:
            audio: (B, 2, S) float32 at 24 kHz, an array or a tensor on any device.
            swap: hear each clip also with its channels swapped, mirror what comes out, and average; then swapping the
                channels of the input mirrors the result exactly.

        Returns:
            what the coding's `activate` gives, (B, L, ...).
        """
        audio = torch.as_tensor(audio)
        heard = self._once(audio)
        if not swap:
            return heard
        mirrored = self.coding.mirror(self._once(audio.flip(1)))
        averaged: NDArray[np.float32] = self.coding.average([heard, mirrored])
        return averaged

    def on(self, device: str | torch.device) -> Self:
        """The same network on a device; it is moved, not copied."""
        return replace(self, network=self.network.to(device).eval(), features=self.features.to(device))

    def _once(self, audio: Tensor) -> NDArray[np.float32]:
        """Values without averaging."""
        device = next(self.network.parameters()).device
        features = features_of(self.features, audio.to(device))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            raw = self.network(features)
        values: NDArray[np.float32] = self.coding.activate(raw.float().cpu().numpy())
        return values


@dataclass(frozen=True, eq=False)
class TorchNetworks:
    """Networks that run on torch: `whence.inference.networks.Networks` of a run.

    Args:
        members: in the order of the system.
    """

    members: Sequence[NetworkBundle]

    @property
    def codings(self) -> list[Coding]:
        """What the values of each network mean, in order."""
        return [member.coding for member in self.members]

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The values of every network for clips (B, 2, S).

        Each clip is heard by itself: in company the last bits of its answer would be others, and a stream that comes in
        other pieces could find other events.
        """
        clips = np.split(audio, len(audio))
        return [np.concatenate([member.values(clip) for clip in clips]) for member in self.members]


def features_of(front_end: nn.Module, audio: Tensor) -> Tensor:
    """What a front end makes of a batch of clips, a few at a time where spectra of all would leave the cache.

    Clips do not depend on each other, so the numbers are the same.

    Args:
        front_end: (B, 2, S) -> (B, C, T, F).
        audio: (B, 2, S), on the front end's device.
    """
    if audio.device.type != "cpu":
        maps: Tensor = front_end(audio)
        return maps
    return torch.cat([front_end(clips) for clips in torch.split(audio, _CLIPS_IN_CACHE)])


def best_device() -> str:
    """A GPU where there is one, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"
