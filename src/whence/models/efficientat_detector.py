"""The detector with EfficientAT's convolutions every 80 ms and a small recurrent head, 1.0 million parameters."""

# B batch, C map, T feature frame (10 ms), F mel band, L label frame (100 ms)

from dataclasses import dataclass, field

from whence.errors import ModelError
from whence.models.compact_detector import EncoderDetector
from whence.models.efficientat import EfficientatEncoder, EfficientatSettings


@dataclass(frozen=True)
class EfficientatDetectorSettings:
    """The encoder and the head; see CompactDetectorSettings.

    Raises:
        ModelError: mel bands other than 128, or an odd GRU width.
    """

    encoder: EfficientatSettings = field(default_factory=EfficientatSettings)
    input_maps: int = 1
    mel_count: int = 128
    output_size: int = 13
    width: int = 256
    recurrent: int = 192
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.mel_count != 128:
            raise ModelError(f"efficientat_detector: mel_count is {self.mel_count}; the encoder takes 128")
        if self.recurrent % 2:
            raise ModelError(f"efficientat_detector: recurrent is {self.recurrent}; it must be even")


class EfficientatDetector(EncoderDetector):
    """Detect which classes are active in each label frame, with EfficientAT's convolutions.

    Shape: (B, C, T, 128) of `efficientat_mel` -> (B, T // 10, 13).

    >>> import torch
    >>> EfficientatDetector().eval()(torch.zeros(1, 1, 501, 128)).shape
    torch.Size([1, 50, 13])
    """

    settings_type = EfficientatDetectorSettings
    features = "efficientat_mel"
    encoder_type = EfficientatEncoder
