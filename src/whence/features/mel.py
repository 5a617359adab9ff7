"""Mel filterbanks: (mel band, frequency bin) weights in the three definitions that the networks were trained with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.features.settings import FeatureSettings, MelScale

# Slaney: linear to 1 kHz, then 27 equal ratios up to 6.4 kHz.
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_BEND_HZ = 1000.0
_SLANEY_BEND_MEL = _SLANEY_BEND_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequency_hz: ArrayLike, scale: MelScale) -> NDArray[np.float64]:
    """Return frequencies on a mel scale.

    Args:
        frequency_hz: any shape, not negative.
        scale: `slaney` (Auditory Toolbox), `htk` (2595 log10(1 + f/700)), `yamnet` or `kaldi` (1127 ln(1 + f/700)).

    Returns:
        same shape, mel.

    Source: Slaney 1998, Auditory Toolbox; Young et al., The HTK Book, equation 5.13.

    >>> hz_to_mel([0.0, 500.0, 1000.0, 6400.0], "slaney")
    array([ 0. ,  7.5, 15. , 42. ])
    """
    hz = np.asarray(frequency_hz, dtype=np.float64)
    if scale == "slaney":
        above = _SLANEY_BEND_MEL + np.log(np.maximum(hz, _SLANEY_BEND_HZ) / _SLANEY_BEND_HZ) / _SLANEY_LOG_STEP
        return np.where(hz < _SLANEY_BEND_HZ, hz / _SLANEY_HZ_PER_MEL, above)
    factor = 2595.0 / np.log(10.0) if scale == "htk" else 1127.0
    return np.asarray(factor * np.log1p(hz / 700.0))


def mel_to_hz(mel: ArrayLike, scale: MelScale) -> NDArray[np.float64]:
    """Return frequencies in Hz: the inverse of `hz_to_mel`.

    >>> mel_to_hz([7.5, 42.0], "slaney").round(6)
    array([ 500., 6400.])
    """
    mels = np.asarray(mel, dtype=np.float64)
    if scale == "slaney":
        above = _SLANEY_BEND_HZ * np.exp(_SLANEY_LOG_STEP * (np.maximum(mels, _SLANEY_BEND_MEL) - _SLANEY_BEND_MEL))
        return np.where(mels < _SLANEY_BEND_MEL, mels * _SLANEY_HZ_PER_MEL, above)
    factor = 2595.0 / np.log(10.0) if scale == "htk" else 1127.0
    return np.asarray(700.0 * np.expm1(mels / factor))


def mel_filterbank(settings: FeatureSettings) -> NDArray[np.float32]:
    """Return overlapping triangles that sum the bins of a spectrum into mel bands.

    `slaney` and `htk` triangles are straight in Hz, `yamnet` and `kaldi` ones in mel; `slaney` ones have the same
    area each (they are divided by half their width in Hz), the others the same height 1.

    Args:
        settings: rate, transform length, bands and scale are read.

    Returns:
        (mel_count, fft // 2 + 1), weights >= 0.

    Source: librosa.filters.mel (slaney), torchaudio melscale_fbanks (htk) and kaldi.get_mel_banks (kaldi), AudioSet
    VGGish mel_features (yamnet).

    >>> from whence.features.settings import logmel_settings
    >>> bank = mel_filterbank(logmel_settings())
    >>> bank.shape, round(float(bank.sum(axis=1).mean()) * 24000 / 1024, 2)
    ((64, 513), 1.0)
    """
    scale = settings.scale
    bin_hz = np.arange(settings.fft // 2 + 1) * (settings.rate_hz / settings.fft)
    low, high = hz_to_mel([settings.low_hz, settings.high_hz], scale)
    edge_mel = np.linspace(low, high, settings.mel_count + 2)
    edge_hz = mel_to_hz(edge_mel, scale)
    position, edge = (hz_to_mel(bin_hz, scale), edge_mel) if scale in ("yamnet", "kaldi") else (bin_hz, edge_hz)
    left, peak, right = edge[:-2, None], edge[1:-1, None], edge[2:, None]
    rising, falling = (position - left) / (peak - left), (right - position) / (right - peak)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    if scale == "slaney":
        weights *= 2.0 / (edge_hz[2:, None] - edge_hz[:-2, None])
    if scale == "yamnet":
        weights[:, 0] = 0.0  # the original ignores the offset of the signal
    return weights.astype(np.float32)


# EfficientAT hears sound at 32 kHz after a pre-emphasis y[n] = x[n + 1] - 0.97 x[n].
_EFFICIENTAT_RATE_HZ = 32_000
_PRE_EMPHASIS = 0.97


def efficientat_filterbank(settings: FeatureSettings) -> NDArray[np.float32]:
    """Return the mel bands of EfficientAT for power spectra at another rate than the 32 kHz that it was trained at.

    The weights include the pre-emphasis, which is a factor for each frequency, and the factor by which windows of the
    same length in seconds hold more samples at 32 kHz. So nothing has to be resampled.

    Args:
        settings: rate, transform length, bands and scale are read.

    Returns:
        (mel_count, fft // 2 + 1), weights >= 0.

    Source: the front end of Schmid et al. 2023.

    >>> from whence.features.settings import efficientat_mel_settings
    >>> bank = efficientat_filterbank(efficientat_mel_settings())
    >>> bank.shape, int((bank.sum(axis=1) > 0).sum())
    ((128, 385), 121)
    """
    bin_hz = np.arange(settings.fft // 2 + 1) * (settings.rate_hz / settings.fft)
    turn = 2j * np.pi * bin_hz / _EFFICIENTAT_RATE_HZ
    emphasis = np.abs(1.0 - _PRE_EMPHASIS * np.exp(-turn)) ** 2
    scale = (_EFFICIENTAT_RATE_HZ / settings.rate_hz) ** 2
    return np.asarray(mel_filterbank(settings) * (emphasis * scale), dtype=np.float32)
