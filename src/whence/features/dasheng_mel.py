"""The log-mel that Dasheng was trained with: 16 kHz, 64 HTK mels, 10 ms, 120 dB."""

# B batch, M map, T feature frame, F mel band

import torch
from torch import Tensor, nn

from whence.features.bands import Bands
from whence.features.logmel import decibels, squares
from whence.features.mel import mel_filterbank
from whence.features.midside import mono_maps
from whence.features.resample import To16k
from whence.features.settings import SMALLEST_PEAK, FeatureSettings
from whence.features.spectrum import Spectrum


def peak_normalized(signal: Tensor) -> Tensor:
    """(B, M, sample) scaled clip by clip to a largest sample of 1; digital silence stays silent."""
    return signal / signal.abs().amax(dim=(1, 2), keepdim=True).clamp(min=SMALLEST_PEAK)


class DashengMel(nn.Module):
    """Stereo signal at 24 kHz -> what the Dasheng encoder takes, one map per chosen channel.

    The original floors 120 dB under the maximum of the whole batch, so a clip would depend on its batch
    mates; here the maximum is taken per map, as if every channel were a clip of its own.

    Args:
        settings: `dasheng_mel()` or a variation; `maps` may hold left, right, mid and side.

    Shape: (B, 2, sample at 24 kHz) -> (B, M, sample16k // hop + 1, 64); 501 feature frames for 5 s.

    Source: Dinkel et al. 2024 (arXiv:2406.06992); torchaudio MelSpectrogram and AmplitudeToDB.

    >>> from whence.features.settings import dasheng_mel_settings
    >>> DashengMel(dasheng_mel_settings())(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 1, 501, 64])
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.resample = To16k() if settings.rate_hz == 16_000 else nn.Identity()
        self.spectrum = Spectrum(settings, border="reflect")
        self.bands = Bands(mel_filterbank(settings).repeat(2, axis=1))

    def forward(self, signal: Tensor) -> Tensor:
        """The maps of a batch of whole clips."""
        mono = self.resample(mono_maps(signal.float(), self.settings.maps))
        return self.from_mono(peak_normalized(mono) if self.settings.peak_normalized else mono)

    def from_mono(self, signal: Tensor) -> Tensor:
        """The maps of (B, M, sample) that already are at the analysis rate."""
        with torch.autocast(signal.device.type, enabled=False):
            mel_power = self.bands(squares(self.spectrum(signal), spent=True))
        batch, count, frames, bands = mel_power.shape
        levels = decibels(mel_power.reshape(batch * count, 1, frames, bands), self.settings.dynamic_range_db)
        return levels.reshape(batch, count, frames, bands)
