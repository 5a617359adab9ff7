"""The onset maps without torch; see `whence.features.onsets`."""

# B batch, T feature frame, J fine frame, F mel band

import functools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import expit

from whence.features import onset_rule as rule
from whence.features.mel import mel_filterbank
from whence.features.numpy_spectra import Array, power, spectra
from whence.features.settings import FeatureSettings


def numpy_onsets(mid: Array, side: Array, settings: FeatureSettings) -> Array:
    """Sines and levels (B, 2, T, F) of what begins in mid and side (B, sample)."""
    fine, bank = rule.finer(settings), _bank(settings)
    half = fine.fft // 2
    of_mid, of_side = (spectra(channel, fine, half, half) for channel in (mid, side))
    cross_power = (of_mid.real * of_side.real + of_mid.imag * of_side.imag) @ bank
    weight, sine = _beginnings(power(of_mid) @ bank, power(of_side) @ bank, cross_power)
    frames = mid.shape[1] // settings.hop + 1
    before = rule.FINER // 2
    border = ((0, 0), (before, rule.FINER * frames - before - weight.shape[1]), (0, 0))
    total, moved = (
        np.pad(part, border).reshape(len(part), frames, rule.FINER, part.shape[2]).sum(axis=2)
        for part in (weight, weight * sine)
    )
    level_db = 10.0 * np.log10(total + rule.LEAST_LEVEL)
    found = np.stack([moved / (total + rule.LEAST_TOTAL), level_db], axis=1).repeat(2, axis=3)
    return np.asarray(found, dtype=np.float32)


def _beginnings(mid_power: Array, side_power: Array, cross_power: Array) -> tuple[Array, Array]:
    """Weights and sines (B, J, F / 2) of fine frames."""
    power_ = mid_power + side_power + np.float32(rule.SILENCE)
    alike = cross_power * cross_power / (mid_power * side_power + np.float32(rule.SILENCE**2))
    alike[side_power < rule.LEAST_SIDE * mid_power] = 1.0
    loudness = np.log(power_)
    first = loudness[:, rule.BORDER : rule.BORDER + 1].repeat(rule.BEFORE, axis=1)
    earlier = np.concatenate([first, loudness[:, :-1]], axis=1)
    rise = loudness - sliding_window_view(earlier, rule.BEFORE, axis=1).max(axis=-1)
    begins = expit(rule.RISE_SLOPE * (rise - rule.RISE)) * expit(rule.ALIKE_SLOPE * (alike - rule.ALIKE))
    begins[:, : rule.BORDER] = begins[:, -rule.BORDER :] = 0.0
    sine = np.clip(cross_power / (mid_power + np.float32(rule.SILENCE)), -1.0, 1.0)
    return np.exp(np.float32(rule.LOUDNESS) * loudness) * begins, sine


@functools.lru_cache(maxsize=4)
def _bank(settings: FeatureSettings) -> Array:
    """Mel weights (N, F / 2)."""
    return np.ascontiguousarray(mel_filterbank(rule.finer(settings)).T)
