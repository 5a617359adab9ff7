"""The same maps without torch, for machines that only run ONNX files."""

# B batch, M map, T feature frame, N frequency bin, F mel band

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from whence.errors import FeatureError
from whence.features.mel import efficientat_filterbank, mel_filterbank
from whence.features.numpy_spectra import HALF_WIDTH, STRIDE, Array, Spectra, power, resampling_kernels, spectra
from whence.features.onset_rule import numpy_onsets, without_onsets
from whence.features.settings import CROSS_FRAMES, FAINT_CHANNEL, MADE_OF, POWER_MAPS, SMALLEST_PEAK, FeatureSettings
from whence.settings import known_name

_SILENCE = np.float32(1e-10)
_LEVEL_DIFFERENCE_LIMIT_DB = 40.0
_BLOCK = 64  # feature frames smoothed by one matrix product


def numpy_features(settings: FeatureSettings) -> Callable[[Array], Array]:
    """Return the front end of `settings` as a plain function on arrays.

    It agrees with the torch form within 0.01 dB on log-mel maps and 1e-3 on the others (float32 both;
    the difference is the order of sums in the two Fourier transforms).

    Args:
        settings: of any front end in `whence.features.settings.DEFAULTS`.

    Returns:
        a function (B, 2, sample at 24 kHz) float32 -> (B, M, T, F) float32.

    Raises:
        FeatureError: there is no such front end.

    >>> from whence.features.settings import midside_settings
    >>> numpy_features(midside_settings())(np.zeros((1, 2, 120_000), np.float32)).shape
    (1, 4, 251, 64)
    """
    bank = np.ascontiguousarray(mel_filterbank(settings).T)
    kinds: dict[str, Callable[[Array, FeatureSettings, Array], Array]] = {
        "logmel": stereo_maps,
        "midside": stereo_maps,
        "perceptual": stereo_maps,
        "midside_onsets": _midside_onsets,
        "dasheng_mel": _dasheng_mel,
        "yamnet_mel": _yamnet_mel,
        "efficientat_mel": _efficientat_mel,
    }
    front_end = kinds[known_name(settings.name, kinds, "features", FeatureError)]
    if settings.peak_normalized and front_end in (stereo_maps, _midside_onsets):
        return lambda signal: front_end(_to_peak_one(signal), settings, bank)
    return lambda signal: front_end(signal, settings, bank)


def decibels(value: Array, dynamic_range_db: float) -> Array:
    """10 log10 of (B, M, T, F), floored under each clip's maximum; see `whence.features.spectrum.decibels`."""
    level = 10.0 * np.log10(np.maximum(value, _SILENCE))
    floor = level.max(axis=(1, 2, 3), keepdims=True) - np.float32(dynamic_range_db)
    return np.asarray(np.maximum(level, floor), dtype=np.float32)


def stereo_maps(signal: Array, settings: FeatureSettings, bank: Array) -> Array:
    """Return the maps of `whence.features.front_end.StereoMaps`."""
    half = settings.fft // 2
    wanted = {part for name in settings.maps for part in MADE_OF.get(name, (name,))}
    of = {name: spectra(channel, settings, half, half) for name, channel in _channels(signal).items() if name in wanted}
    powers = {name: power(spectrum) @ bank for name, spectrum in of.items()}
    maps: dict[str, Callable[[], NDArray[np.floating]]] = {
        "intensity": lambda: (
            ((of["mid"].real * of["side"].real + of["mid"].imag * of["side"].imag) @ bank)
            / (powers["mid"] + powers["side"] + _SILENCE)
        ),
        "side_ratio": lambda: powers["side"] / (powers["mid"] + powers["side"] + _SILENCE),
        "level_difference": lambda: _level_difference(powers["left"], powers["right"]),
        "coherence": lambda: (
            coherence(of["left"], of["right"], settings.smoothing) @ (bank / bank.sum(axis=0).clip(1e-12))
        ),
    }
    if {"cross_real", "cross_imaginary"} & set(settings.maps):
        product = of["mid"] * of["side"].conj()
        parts: list[Array] = [np.asarray(part @ bank, dtype=np.float32) for part in (product.real, product.imag)]
        crossed = _cross_coherence(powers["mid"], powers["side"], *parts)
        maps["cross_real"], maps["cross_imaginary"] = (lambda: crossed[0]), (lambda: crossed[1])
    stacked = np.stack([powers[name] if name in powers else maps[name]() for name in settings.maps], axis=1)
    levels = [index for index, name in enumerate(settings.maps) if name in POWER_MAPS]
    if levels:
        stacked[:, levels] = decibels(stacked[:, levels], settings.dynamic_range_db)
    return stacked.astype(np.float32, copy=False)


def _cross_coherence(mid_power: Array, side_power: Array, cross_real: Array, cross_imag: Array) -> tuple[Array, Array]:
    """Return what `whence.features.cross_coherence` returns."""
    mid, side, real, imag = (_smoothed(part) for part in (mid_power, side_power, cross_real, cross_imag))
    total = (mid + side) ** 2
    product = np.maximum(total - (2 * real) ** 2, 0)
    weight = np.sqrt(product) / (product + np.float32(FAINT_CHANNEL) * total + _SILENCE**2)
    return np.clip((mid - side) * weight, -1, 1), np.clip(-2 * imag * weight, -1, 1)


def _smoothed(values: Array) -> Array:
    """The mean over the feature frames around each of (B, T, F)."""
    around, frames = CROSS_FRAMES // 2, values.shape[1]
    total, count = np.zeros_like(values), np.zeros((frames, 1), np.float32)
    for shift in range(-around, around + 1):
        first, end = max(shift, 0), min(frames + shift, frames)
        total[:, first - shift : end - shift] += values[:, first:end]
        count[first - shift : end - shift] += 1
    return np.asarray(total / count, dtype=np.float32)


def _midside_onsets(signal: Array, settings: FeatureSettings, bank: Array) -> Array:
    """Return the maps of `whence.features.onsets.MidsideOnsets`."""
    channels = _channels(signal)
    onsets = numpy_onsets(channels["mid"], channels["side"], settings)
    return np.concatenate([stereo_maps(signal, without_onsets(settings), bank), onsets], axis=1)


def coherence(first: Spectra, second: Spectra, smoothing: float) -> Array:
    """(B, T, N) magnitude-squared coherence with recursive averages; see `whence.features.coherence`."""
    cross = first * second.conj()
    stacked = np.stack((power(first), power(second), cross.real, cross.imag))
    power_first, power_second, real, imag = _recursive_average(stacked, smoothing)
    first_scale, second_scale = power_first + _SILENCE, power_second + _SILENCE
    value = (real / first_scale) * (real / second_scale) + (imag / first_scale) * (imag / second_scale)
    return np.asarray(np.minimum(value, 1.0), dtype=np.float32)


def _recursive_average(values: Array, smoothing: float) -> Array:
    """Running averages along T of (..., T, N); see `whence.features.coherence.recursive_average`."""
    lag = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)
    weights = np.where(lag >= 0, (1.0 - smoothing) * smoothing ** np.maximum(lag, 0), 0.0).astype(np.float32)
    decay = (smoothing ** np.arange(1.0, _BLOCK + 1)).astype(np.float32)[:, None]
    averaged = np.empty_like(values)
    last = np.zeros_like(values[..., :1, :])
    for start in range(0, values.shape[-2], _BLOCK):
        block = values[..., start : start + _BLOCK, :]
        count = block.shape[-2]
        averaged[..., start : start + count, :] = weights[:count, :count] @ block + decay[:count] * last
        last = averaged[..., start + count - 1 : start + count, :]
    return averaged


def to_16k(signal: Array) -> Array:
    """Resample (..., sample) from 24 to 16 kHz; see `whence.features.encoder_mels.To16k`."""
    sample = signal.shape[-1]
    # Both filters over the whole signal at once, by Fourier: several times as fast here as window by window. In double
    # precision, because rounding noise of the loudest moment would spread over the quietest.
    length = scipy.fft.next_fast_len(sample + 4 * HALF_WIDTH, real=True)
    spectrum = scipy.fft.rfft(signal.astype(np.float64), length)[..., None, :]
    filters = scipy.fft.rfft(resampling_kernels()[:, ::-1].astype(np.float64), length)
    phases = scipy.fft.irfft(spectrum * filters, length)[..., HALF_WIDTH : HALF_WIDTH + sample + STRIDE : STRIDE]
    interleaved = np.moveaxis(phases, -2, -1).reshape(*signal.shape[:-1], -1)
    return np.asarray(interleaved[..., : -(-2 * sample // STRIDE)], dtype=np.float32)


def _level_difference(left_power: Array, right_power: Array) -> Array:
    """Left over right in dB, limited."""
    difference = 10.0 * (np.log10(np.maximum(left_power, _SILENCE)) - np.log10(np.maximum(right_power, _SILENCE)))
    limited = np.clip(difference, -_LEVEL_DIFFERENCE_LIMIT_DB, _LEVEL_DIFFERENCE_LIMIT_DB)
    return np.asarray(limited, dtype=np.float32)


def _channels(signal: Array) -> dict[str, Array]:
    """Return left, right, mid and side of (B, 2, sample)."""
    left, right = signal[:, 0].astype(np.float32, copy=False), signal[:, 1].astype(np.float32, copy=False)
    two = np.float32(2)
    return {"left": left, "right": right, "mid": (left + right) / two, "side": (left - right) / two}


def _mono_maps(signal: Array, settings: FeatureSettings) -> Array:
    """Return the chosen channels (B, M, sample) at the analysis rate."""
    channels = _channels(signal)
    chosen: Array = np.stack([channels[name] for name in settings.maps], axis=1)
    mono = to_16k(chosen) if settings.rate_hz == 16_000 else chosen
    return _to_peak_one(mono) if settings.peak_normalized else mono


def _to_peak_one(signal: Array) -> Array:
    """Scale each clip of (B, C, sample); see `whence.features.midside.to_peak_one`."""
    peak = np.abs(signal).max(axis=(1, 2), keepdims=True)
    return np.asarray(signal / np.maximum(peak, np.float32(SMALLEST_PEAK)), dtype=np.float32)


def _dasheng_mel(signal: Array, settings: FeatureSettings, bank: Array) -> Array:
    """Return the maps of `whence.features.encoder_mels.DashengMel`."""
    half = settings.fft // 2
    mel_power = power(spectra(_mono_maps(signal, settings), settings, half, half, "reflect")) @ bank
    batch, count, frames, bands = mel_power.shape
    levels = decibels(mel_power.reshape(batch * count, 1, frames, bands), settings.dynamic_range_db)
    return levels.reshape(batch, count, frames, bands).astype(np.float32, copy=False)


def _yamnet_mel(signal: Array, settings: FeatureSettings, bank: Array) -> Array:
    """Return the maps of `whence.features.encoder_mels.YamnetMel`."""
    spectrum = spectra(_mono_maps(signal, settings), settings, 0, settings.fft - settings.hop)
    return np.asarray(np.log(np.sqrt(power(spectrum)) @ bank + np.float32(0.001)), dtype=np.float32)


def _efficientat_mel(signal: Array, settings: FeatureSettings, bank: Array) -> Array:
    """Return the maps of `whence.features.encoder_mels.EfficientatMel`."""
    del bank  # its bands include the pre-emphasis
    half = settings.fft // 2
    spectrum = spectra(_mono_maps(signal, settings), settings, half, half, "reflect")
    mel_power = power(spectrum) @ efficientat_filterbank(settings).T
    return np.asarray((np.log(mel_power + np.float32(1e-5)) + np.float32(4.5)) / np.float32(5.0), dtype=np.float32)
