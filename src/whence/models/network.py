"""What every network has in common: maps in, one row of raw numbers per label frame out."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms)

from typing import Any, ClassVar

from torch import Tensor, nn


class Network(nn.Module):
    """A network maps features (B, C, T, F) to raw output (B, L, output_size) that a coding gives a meaning.

    T and L may be any length; features are computed outside (see `whence.features`), so that a network holds
    real arithmetic only and exports as it is. Output has no activation: the coding applies it.

    Attributes:
        settings_type: the frozen dataclass a network is built from; it has `input_maps`, `mel_count`, `output_size`.
        features: the front end it was designed for, a key of `whence.features.registry.FEATURES`.
        output: the coding it was designed for, a key of `whence.models.outputs.registry.OUTPUTS`.
    """

    settings_type: ClassVar[type]
    features: ClassVar[str]
    output: ClassVar[str]

    settings: Any

    def forward(self, features: Tensor) -> Tensor:
        """Raw output (B, L, output_size) of features (B, C, T, F)."""
        raise NotImplementedError

    def parameter_count(self) -> int:
        """How many numbers are trained or could be."""
        return sum(parameter.numel() for parameter in self.parameters())
