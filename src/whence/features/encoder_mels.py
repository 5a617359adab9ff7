"""The log-mels that the pretrained encoders Dasheng, YAMNet and EfficientAT were trained with."""

# B batch, C channel, M map, T feature frame, F mel band

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whence.features.mel import efficientat_filterbank, mel_filterbank
from whence.features.midside import mono_maps, to_peak_one
from whence.features.numpy_spectra import HALF_WIDTH, STRIDE, resampling_kernels
from whence.features.settings import FeatureSettings
from whence.features.spectrum import Bands, Border, Spectrum, decibels, power, squares

# Outputs come in pairs, one pair for every three inputs; so many pairs are one row of a product of matrices.
_PAIRS = 50
LOG_OFFSET = 0.001
# EfficientAT: (ln(power + offset) + shift) / scale.
EFFICIENTAT_OFFSET, EFFICIENTAT_SHIFT, EFFICIENTAT_SCALE = 1e-5, 4.5, 5.0


class To16k(nn.Module):
    """Resample 24 kHz to 16 kHz by a windowed sinc; differentiable, zero beyond the ends.

    Output sample n is at 1.5 n input samples and needs HALF_WIDTH + 2 samples after that. The convolution is done as
    products with a matrix that holds the two filters again and again, each three samples further: a quarter of the
    matrix is zero, and still it takes a quarter of the time of a strided convolution on CPUs.

    Shape: (B, C, sample) -> (B, C, ceil(2 * sample / 3)).

    >>> To16k()(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 2, 80000])
    """

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(_repeated(resampling_kernels())), persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the signal at 16 kHz, float32."""
        batch, channel, sample = signal.shape
        hop, reach = _PAIRS * STRIDE, self.filters.shape[0]
        rows = max(-(-sample // hop), 1)
        after = (rows - 1) * hop + reach - HALF_WIDTH - sample
        padded = nn.functional.pad(signal.float().reshape(batch * channel, sample), (HALF_WIDTH, after))
        with torch.autocast(signal.device.type, enabled=False):
            resampled = padded.unfold(1, reach, hop) @ self.filters
        return resampled.reshape(batch, channel, -1)[..., : -(-2 * sample // 3)]


def _repeated(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The filters (2, tap) as a matrix (input sample, output sample) for _PAIRS pairs of outputs."""
    taps = kernels.shape[1]
    matrix = np.zeros((taps + STRIDE * (_PAIRS - 1), 2 * _PAIRS), np.float32)
    for pair in range(_PAIRS):
        matrix[STRIDE * pair : STRIDE * pair + taps, 2 * pair : 2 * pair + 2] = kernels.T
    return matrix


class _EncoderMel(nn.Module):
    """What they have in common: chosen channels, resampled and, if asked for, scaled clip by clip to a peak of 1."""

    def __init__(self, settings: FeatureSettings, border: Border = "zero", centred: bool = True) -> None:
        super().__init__()
        self.settings = settings
        self.resample = To16k() if settings.rate_hz == 16_000 else nn.Identity()
        self.spectrum = Spectrum(settings, border, centred)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the maps of a batch of whole clips."""
        mono = self.resample(mono_maps(signal.float(), self.settings.maps))
        return self.from_mono(to_peak_one(mono) if self.settings.peak_normalized else mono)

    def from_mono(self, signal: Tensor) -> Tensor:
        """Return the maps of (B, M, sample) at the analysis rate."""
        raise NotImplementedError


class DashengMel(_EncoderMel):
    """Stereo signal at 24 kHz -> the input of the Dasheng encoder, 64 HTK mels every 10 ms, one map per channel.

    The original floors 120 dB under the maximum of the whole batch, so a clip would depend on the others; here the
    maximum is taken per map, as if every channel were a clip of its own.

    Args:
        settings: `dasheng_mel_settings()` or a variation; `maps` may hold left, right, mid and side.

    Shape: (B, 2, sample at 24 kHz) -> (B, M, sample16k // hop + 1, 64); 501 feature frames for 5 s.

    Source: Dinkel et al. 2024 (arXiv:2406.06992); torchaudio MelSpectrogram and AmplitudeToDB.

    >>> from whence.features.settings import dasheng_mel_settings
    >>> DashengMel(dasheng_mel_settings())(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 1, 501, 64])
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__(settings, border="reflect")
        self.bands = Bands(mel_filterbank(settings).repeat(2, axis=1))

    def from_mono(self, signal: Tensor) -> Tensor:
        """Return the maps of (B, M, sample) at the analysis rate."""
        with torch.autocast(signal.device.type, enabled=False):
            mel_power = self.bands(squares(self.spectrum(signal), spent=True))
        batch, count, frames, bands = mel_power.shape
        levels = decibels(mel_power.reshape(batch * count, 1, frames, bands), self.settings.dynamic_range_db)
        return levels.reshape(batch, count, frames, bands)


class YamnetMel(_EncoderMel):
    """Stereo signal at 24 kHz -> the input of the YAMNet layers, ln magnitude in 64 mels, one map per channel.

    Frames are not centred: feature frame t starts at sample 160 t and spans 400. The end is filled with
    zeros so that every 10 ms of signal has its frame (500 for 5 s, of which the original gives 498).

    Args:
        settings: `yamnet_mel_settings()` or a variation; `maps` may hold left, right, mid and side.

    Shape: (B, 2, sample at 24 kHz) -> (B, M, sample16k // hop, 64).

    Source: Plakal and Ellis, YAMNet, TensorFlow model garden (features).

    >>> from whence.features.settings import yamnet_mel_settings
    >>> maps = YamnetMel(yamnet_mel_settings())(torch.zeros(1, 2, 120_000))
    >>> maps.shape, round(float(maps.max()), 3)
    (torch.Size([1, 1, 500, 64]), -6.908)
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__(settings, centred=False)
        self.bands = Bands(mel_filterbank(settings))

    def from_mono(self, signal: Tensor) -> Tensor:
        """Return the maps of (B, M, sample) at the analysis rate."""
        with torch.autocast(signal.device.type, enabled=False):
            # The square root has no slope at zero, and silence is common: keep the gradient finite.
            magnitude = torch.sqrt(power(self.spectrum(signal)) + 1e-20)
            return torch.log(self.bands(magnitude) + LOG_OFFSET)


class EfficientatMel(_EncoderMel):
    """Stereo signal at 24 kHz -> the input of the EfficientAT encoder, 128 mels every 10 ms, one map per channel.

    Args:
        settings: `efficientat_mel_settings()` or a variation; `maps` may hold left, right, mid and side.

    Shape: (B, 2, sample) -> (B, M, sample // 240 + 1, 128); 501 feature frames for 5 s.

    Source: Schmid, Koutini and Widmer 2023; `efficientat_filterbank` has the differences.

    >>> from whence.features.settings import efficientat_mel_settings
    >>> maps = EfficientatMel(efficientat_mel_settings())(torch.zeros(1, 2, 120_000))
    >>> maps.shape, round(float(maps.max()), 4)
    (torch.Size([1, 1, 501, 128]), -1.4026)
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__(settings, border="reflect")
        self.bands = Bands(efficientat_filterbank(settings).repeat(2, axis=1))

    def from_mono(self, signal: Tensor) -> Tensor:
        """Return the maps of (B, M, sample) at the analysis rate."""
        with torch.autocast(signal.device.type, enabled=False):
            mel_power = self.bands(squares(self.spectrum(signal), spent=True))
            return (torch.log(mel_power + EFFICIENTAT_OFFSET) + EFFICIENTAT_SHIFT) / EFFICIENTAT_SCALE
