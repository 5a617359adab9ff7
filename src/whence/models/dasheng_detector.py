"""The Dasheng detector: tokens resampled to label frames, then fully connected layers."""

# B batch, C map, T feature frame (10 ms), F mel band, V token (40 ms), L label frame (100 ms), D width

import itertools
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.blocks import Network, share_time
from whence.models.dasheng import DashengEncoder, DashengSettings

_FRAMES_PER_LABEL = 10
_UNITS_PER_TOKEN = 2


@dataclass(frozen=True)
class DashengDetectorSettings:
    """The encoder and the head.

    Args:
        encoder: see DashengSettings.
        input_maps: C; each map (mid, or left and right) is encoded separately, and their tokens are averaged.
        mel_count: F.
        output_size: numbers per label frame; 13 is classwise activity.
        hidden: widths of the fully connected layers.
        upsampling: `share`: each label frame is the mean of the tokens weighted by shared time; `line`: linear
            interpolation between the centres of tokens.
        dropout: after each fully connected layer.

    Raises:
        ModelError: an unknown way of upsampling, or mel bands that differ from the encoder's.
    """

    encoder: DashengSettings = field(default_factory=DashengSettings)
    input_maps: int = 1
    mel_count: int = 64
    output_size: int = 13
    hidden: tuple[int, ...] = (512, 256)
    upsampling: Literal["share", "line"] = "share"
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.upsampling not in ("share", "line"):
            raise ModelError(f"dasheng_detector: upsampling is {self.upsampling!r}; it must be share or line")
        if self.mel_count != self.encoder.mel_count:
            raise ModelError(f"dasheng_detector: {self.mel_count} mel bands, but {self.encoder.mel_count} in encoder")


class FrameLayer(nn.Module):
    """Linear, batch norm over all frames of the batch, ReLU, dropout; (B, L, D) -> (B, L, width_out)."""

    def __init__(self, width_in: int, width_out: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width_in, width_out)
        self.norm = nn.BatchNorm1d(width_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, L, width_out)."""
        return self.dropout(self.norm(self.linear(x).transpose(1, 2)).relu().transpose(1, 2))


class DashengDetector(Network):
    """Detect which classes are active in each label frame; 125 tokens of 5 s become 50 label frames.

    Shape: (B, C, T, 64) of `dasheng_mel` -> (B, T // 10, 13).

    Source: T. Zhao et al. 2025, DCASE Task 3 (Dasheng, upsampling in time, fully connected layers with batch norm and
        ReLU). The paper does not give the upsampling and the widths of the layers.

    >>> import torch
    >>> tiny = DashengDetectorSettings(DashengSettings(width=16, depth=1, heads=2), hidden=(8,))
    >>> DashengDetector(tiny).eval()(torch.zeros(2, 1, 501, 64)).shape
    torch.Size([2, 50, 13])
    """

    settings_type = DashengDetectorSettings
    features = "dasheng_mel"
    output = "classwise"

    def __init__(self, settings: DashengDetectorSettings | None = None) -> None:
        super().__init__(settings := settings or DashengDetectorSettings())
        self.encoder = DashengEncoder(settings.encoder)
        widths = (settings.encoder.width, *settings.hidden)
        self.layers = nn.Sequential(*(FrameLayer(a, b, settings.dropout) for a, b in itertools.pairwise(widths)))
        self.output_layer = nn.Linear(widths[-1], settings.output_size)

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, C, T, F) -> raw output (B, L, output_size)."""
        return self.classify(self.encode(features), features.shape[2] // _FRAMES_PER_LABEL)

    def encode(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, C, T, F) -> the mean of all maps' tokens, (B, V, D)."""
        batch, maps, frames, bands = features.shape
        tokens = self.encoder(features.reshape(batch * maps, 1, frames, bands))
        return tokens.reshape(batch, maps, -1, tokens.shape[2]).mean(dim=1)

    def classify(self, tokens: Tensor, label_frames: int) -> Tensor:
        """Tokens (B, V, D) -> raw output (B, L, output_size)."""
        if self.settings.upsampling == "share":
            x = share_time(tokens, _UNITS_PER_TOKEN, label_frames)
        else:
            x = nn.functional.interpolate(tokens.transpose(1, 2), size=label_frames, mode="linear").transpose(1, 2)
        return self.output_layer(self.layers(x))
