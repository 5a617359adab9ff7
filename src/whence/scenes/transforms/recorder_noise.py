"""Recorder noise: the hiss of microphones and preamplifiers, and now and then wind and handling below 100 Hz.

Hiss is independent in the two channels. Gusts and thumps are partly the same in both, rise and fall within a second,
and grow towards low frequencies.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whence.settings import check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

_WIND_HZ = (15.0, 100.0)
# Wind is made at 250 Hz: gusts change it slowly.
_WIND_STEP = 96
_COMMON = 0.5


@dataclass(frozen=True)
class RecorderNoiseSettings:
    """How often and how loud.

    Args:
        probability: share of scenes with noise, 0 to 1.
        level_dbfs: lowest and highest level of the hiss, dB re full scale.
        wind_probability: share of the scenes with noise that have wind or handling too.
        wind_dbfs: lowest and highest level of these.
    """

    probability: float = 0.0
    level_dbfs: tuple[float, float] = (-90.0, -60.0)
    wind_probability: float = 0.2
    wind_dbfs: tuple[float, float] = (-60.0, -35.0)

    def __post_init__(self) -> None:
        check_probability("recorder_noise.probability", self.probability)
        check_span("recorder_noise.level_dbfs", self.level_dbfs, -140, 0)
        check_probability("recorder_noise.wind_probability", self.wind_probability)
        check_span("recorder_noise.wind_dbfs", self.wind_dbfs, -140, 0)


@dataclass(frozen=True)
class RecorderNoise:
    """The noise of one recording.

    Args:
        seed: which the noise is made from.
        level_dbfs: RMS of the hiss in each channel.
        wind_dbfs: RMS of wind and handling; None for none.
    """

    seed: int
    level_dbfs: float
    wind_dbfs: float | None = None


def draw_recorder_noise(rng: np.random.Generator, settings: RecorderNoiseSettings) -> RecorderNoise | None:
    """Draw the noise of a scene; None for none."""
    if rng.random() >= settings.probability:
        return None
    windy = rng.random() < settings.wind_probability
    level_dbfs, wind_dbfs = float(rng.uniform(*settings.level_dbfs)), float(rng.uniform(*settings.wind_dbfs))
    return RecorderNoise(int(rng.integers(2**32)), level_dbfs, wind_dbfs if windy else None)


def apply_recorder_noise(clip: torch.Tensor, noise: RecorderNoise) -> torch.Tensor:
    """Add the noise to a (2, sample) clip, a whole number of label frames long.

    Returns:
        (2, sample).
    """
    rng = np.random.default_rng(noise.seed)
    hiss = torch.from_numpy(rng.standard_normal(tuple(clip.shape), dtype=np.float32)).to(clip.device)
    noisy = torch.add(clip, hiss, alpha=10 ** (noise.level_dbfs / 20))
    if noise.wind_dbfs is not None:
        spectra = torch.from_numpy(_wind_spectra(rng, clip.shape[1])).to(clip.device)
        wind = torch.fft.irfft(spectra, clip.shape[1])
        wind *= 10 ** (noise.wind_dbfs / 20) / wind.square().mean().sqrt()
        noisy += wind
    return noisy


def _wind_spectra(rng: np.random.Generator, sample_count: int) -> NDArray[np.complex64]:
    """(2, bin) of the lowest frequencies of a clip."""
    count = sample_count // _WIND_STEP
    rate_hz = SAMPLE_RATE_HZ / _WIND_STEP
    common, *own = rng.standard_normal((3, count))
    frequency_hz = np.fft.rfftfreq(count, 1 / rate_hz)
    slow = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * (frequency_hz < 1.5), count)
    gusts = np.exp(1.5 * slow / max(slow.std(), 1e-9))
    waves = (_COMMON**0.5 * common + (1 - _COMMON) ** 0.5 * np.array(own)) * gusts
    inside = (frequency_hz >= _WIND_HZ[0]) & (frequency_hz <= _WIND_HZ[1])
    spectra = np.fft.rfft(waves) * np.where(inside, 1 / np.maximum(frequency_hz, 1.0), 0.0)
    return spectra.astype(np.complex64)
