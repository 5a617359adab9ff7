"""The log-mel that YAMNet was trained with: 16 kHz, magnitude, 64 mels 125-7500 Hz, 10 ms."""

# B batch, M map, T feature frame, F mel band

import torch
from torch import Tensor, nn

from whence.features.bands import Bands
from whence.features.dasheng_mel import peak_normalized
from whence.features.logmel import power
from whence.features.mel import mel_filterbank
from whence.features.midside import mono_maps
from whence.features.resample import To16k
from whence.features.settings import FeatureSettings
from whence.features.spectrum import Spectrum

LOG_OFFSET = 0.001
SILENCE = -6.907755  # ln(0.001): what digital silence looks like


class YamnetMel(nn.Module):
    """Stereo signal at 24 kHz -> what the YAMNet layers take, one map per chosen channel.

    Frames are not centred: feature frame t starts at sample 160 t and spans 400. The end is filled with
    zeros so that every 10 ms of signal has its frame (500 for 5 s, of which the original gives 498).

    Args:
        settings: `yamnet_mel()` or a variation; `maps` may hold left, right, mid and side.

    Shape: (B, 2, sample at 24 kHz) -> (B, M, sample16k // hop, 64).

    Source: Plakal and Ellis, YAMNet, TensorFlow model garden (features).

    >>> from whence.features.settings import yamnet_mel_settings
    >>> maps = YamnetMel(yamnet_mel_settings())(torch.zeros(1, 2, 120_000))
    >>> maps.shape, round(float(maps.max()), 3)
    (torch.Size([1, 1, 500, 64]), -6.908)
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.resample = To16k() if settings.rate_hz == 16_000 else nn.Identity()
        self.spectrum = Spectrum(settings, centred=False)
        self.bands = Bands(mel_filterbank(settings))

    def forward(self, signal: Tensor) -> Tensor:
        """The maps of a batch of whole clips."""
        mono = self.resample(mono_maps(signal.float(), self.settings.maps))
        return self.from_mono(peak_normalized(mono) if self.settings.peak_normalized else mono)

    def from_mono(self, signal: Tensor) -> Tensor:
        """The maps of (B, M, sample) that already are at the analysis rate."""
        with torch.autocast(signal.device.type, enabled=False):
            # The square root has no slope at zero, and silence is common: keep the gradient finite.
            magnitude = torch.sqrt(power(self.spectrum(signal)) + 1e-20)
            return torch.log(self.bands(magnitude) + LOG_OFFSET)
