"""When a sound begins: the numbers that both forms of the onset maps share, and the form without torch."""

# B batch, T feature frame, J fine frame, F mel band

import functools
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import expit

from whence.features.mel import mel_filterbank
from whence.features.numpy_spectra import Array, power, spectra
from whence.features.settings import LEAST_LEVEL, ONSET_MAPS, FeatureSettings

# Fine frames to a feature frame, each of half its length, in bands of twice the width.
FINER = 4
# A sound begins in a fine frame whose band is louder than in all of the 45 ms before, by about this much (natural
# logarithm of power). It comes from one direction where mid and side are the same signal.
BEFORE = 9
# Fine frames at each end of a clip that reach over it: no sound begins because a clip begins or ends.
BORDER = 3
RISE, RISE_SLOPE = 1.2, 4.0
ALIKE, ALIKE_SLOPE = 0.6, 8.0
# With less side than this share of the mid a sound is straight ahead, and its side is mostly noise.
LEAST_SIDE = 0.01
# Loud onsets count more than faint ones, but far less than in proportion to their power.
LOUDNESS = 0.3
# Floor of what sines are divided by.
LEAST_TOTAL = 1e-6
SILENCE = 1e-10


def without_onsets(settings: FeatureSettings) -> FeatureSettings:
    """Return the settings of the other maps, without the onset maps.

    >>> from whence.features.settings import midside_onsets_settings, midside_settings
    >>> without_onsets(midside_onsets_settings()) == midside_settings()
    True
    """
    return replace(settings, name="midside", maps=settings.maps[: -len(ONSET_MAPS)])


def finer(settings: FeatureSettings) -> FeatureSettings:
    """Return the settings of the finer analysis in which onsets are found.

    >>> from whence.features.settings import midside_settings
    >>> fine = finer(midside_settings())
    >>> fine.hop, fine.window, fine.fft, fine.mel_count
    (120, 480, 512, 32)
    """
    return replace(
        settings,
        hop=settings.hop // FINER,
        window=settings.window // 2,
        fft=settings.fft // 2,
        mel_count=settings.mel_count // 2,
    )


def numpy_onsets(mid: Array, side: Array, settings: FeatureSettings) -> Array:
    """Return sines and levels (B, 2, T, F) of the onsets in mid and side (B, sample); see `whence.features.onsets`."""
    fine, bank = finer(settings), _bank(settings)
    half = fine.fft // 2
    of_mid, of_side = (spectra(channel, fine, half, half) for channel in (mid, side))
    cross_power = (of_mid.real * of_side.real + of_mid.imag * of_side.imag) @ bank
    weight, sine = _onsets(power(of_mid) @ bank, power(of_side) @ bank, cross_power)
    frames = mid.shape[1] // settings.hop + 1
    before = FINER // 2
    room = FINER * frames - before
    border = ((0, 0), (before, max(room - weight.shape[1], 0)), (0, 0))
    total, moved = (
        np.pad(part[:, :room], border).reshape(len(part), frames, FINER, part.shape[2]).sum(axis=2)
        for part in (weight, weight * sine)
    )
    level_db = 10.0 * np.log10(total + LEAST_LEVEL)
    found = np.stack([moved / (total + LEAST_TOTAL), level_db], axis=1).repeat(2, axis=3)
    return np.asarray(found, dtype=np.float32)


def _onsets(mid_power: Array, side_power: Array, cross_power: Array) -> tuple[Array, Array]:
    """Weights and sines (B, J, F / 2) of fine frames."""
    power_ = mid_power + side_power + np.float32(SILENCE)
    alike = cross_power * cross_power / (mid_power * side_power + np.float32(SILENCE**2))
    alike[side_power < LEAST_SIDE * mid_power] = 1.0
    loudness = np.log(power_)
    first = loudness[:, BORDER : BORDER + 1].repeat(BEFORE, axis=1)
    earlier = np.concatenate([first, loudness[:, :-1]], axis=1)
    rise = loudness - sliding_window_view(earlier, BEFORE, axis=1).max(axis=-1)
    onset = expit(RISE_SLOPE * (rise - RISE)) * expit(ALIKE_SLOPE * (alike - ALIKE))
    onset[:, :BORDER] = onset[:, -BORDER:] = 0.0
    sine = np.clip(cross_power / (mid_power + np.float32(SILENCE)), -1.0, 1.0)
    return np.exp(np.float32(LOUDNESS) * loudness) * onset, sine


@functools.lru_cache(maxsize=4)
def _bank(settings: FeatureSettings) -> Array:
    """Mel weights (N, F / 2)."""
    return np.ascontiguousarray(mel_filterbank(finer(settings)).T)
