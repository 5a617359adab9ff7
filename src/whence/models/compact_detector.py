"""The compact detector: YAMNet's convolutions every 80 ms and a small recurrent head, 3.9 million parameters."""

# B batch, C map, T feature frame (10 ms), F mel band, L label frame (100 ms), D width

from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.blocks import BidirectionalGru, Network, share_time
from whence.models.yamnet import YamnetEncoder, YamnetSettings

_FRAMES_PER_LABEL = 10
_FRAMES_PER_UNIT = 2


@dataclass(frozen=True)
class CompactDetectorSettings:
    """The encoder and the head.

    Args:
        encoder: see YamnetSettings; set `batch_norm` to train without the published weights.
        input_maps: C; each map (mid, or left and right) is encoded separately, and their vectors are averaged.
        mel_count: F; 64.
        output_size: numbers per label frame; 13 is classwise activity.
        width: of the head's convolutions.
        recurrent: width of the bidirectional GRU, both ways together; 0 for a second convolution instead.
        dropout: before the output.

    Raises:
        ModelError: mel bands other than 64, or an odd GRU width.
    """

    encoder: YamnetSettings = field(default_factory=YamnetSettings)
    input_maps: int = 1
    mel_count: int = 64
    output_size: int = 13
    width: int = 256
    recurrent: int = 192
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.mel_count != 64:
            raise ModelError(f"compact_detector: mel_count is {self.mel_count}; the encoder takes 64")
        if self.recurrent % 2:
            raise ModelError(f"compact_detector: recurrent is {self.recurrent}; it must be even")


class EncoderDetector(Network):
    """An encoder, and a small recurrent head that detects which classes are active in each label frame."""

    output = "classwise"
    encoder_type: ClassVar[Any]

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings := settings or self.settings_type())
        self.encoder: Any = self.encoder_type(settings.encoder)
        width = settings.width
        self.scale = nn.BatchNorm1d(self.encoder.width)
        self.squeeze = nn.Linear(self.encoder.width, width)
        self.context = nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.BatchNorm1d(width), nn.ReLU())
        self.before_output = nn.Linear(width, settings.recurrent) if settings.recurrent else nn.Linear(width, width)
        self.recurrent = BidirectionalGru(settings.recurrent) if settings.recurrent else nn.ReLU()
        self.dropout = nn.Dropout(settings.dropout)
        self.output_layer = nn.Linear(settings.recurrent or width, settings.output_size)

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, C, T, F) -> raw output (B, L, output_size)."""
        batch, maps, frames, bands = features.shape
        vectors = self.encoder(features.reshape(batch * maps, 1, frames, bands))
        vectors = vectors.reshape(batch, maps, -1, vectors.shape[2]).mean(dim=1)
        vectors = self.squeeze(self.scale(vectors.flatten(0, 1)).reshape(vectors.shape)).relu()
        x = share_time(vectors, self.encoder.frames_per_vector // _FRAMES_PER_UNIT, frames // _FRAMES_PER_LABEL)
        x = self.context(x.transpose(1, 2)).transpose(1, 2)
        return self.output_layer(self.dropout(self.recurrent(self.before_output(x))))


class CompactDetector(EncoderDetector):
    """Detect which classes are active in each label frame, with YAMNet's convolutions; 3.9 million parameters.

    Shape: (B, C, T, 64) of `yamnet_mel` -> (B, T // 10, 13).

    >>> import torch
    >>> CompactDetector().eval()(torch.zeros(1, 1, 500, 64)).shape
    torch.Size([1, 50, 13])
    """

    settings_type = CompactDetectorSettings
    features = "yamnet_mel"
    encoder_type = YamnetEncoder
