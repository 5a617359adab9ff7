"""Band limits: a phone or a small recorder cuts off low and high frequencies."""

from dataclasses import dataclass

import numpy as np
import torch

from whence.settings import check_number, check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

# Silence after the clip, into which the filter may ring.
_PADDING = 2_400


@dataclass(frozen=True)
class BandLimitsSettings:
    """How often, and where the limits lie.

    Args:
        probability: share of scenes that are limited, 0 to 1.
        low_hz: lowest and highest lower limit, Hz, where the level has fallen by 3 dB.
        high_hz: lowest and highest upper limit, Hz.
        order: steepness of both limits: 6 dB an octave for each.
    """

    probability: float = 0.0
    low_hz: tuple[float, float] = (60.0, 300.0)
    high_hz: tuple[float, float] = (3_500.0, 11_000.0)
    order: int = 4

    def __post_init__(self) -> None:
        check_probability("band_limits.probability", self.probability)
        check_span("band_limits.low_hz", self.low_hz, 1, 2_000)
        check_span("band_limits.high_hz", self.high_hz, 2_000, SAMPLE_RATE_HZ / 2)
        check_number("band_limits.order", self.order, 1, 16)


@dataclass(frozen=True)
class BandLimits:
    """The band of one recording: limits in Hz and their steepness."""

    low_hz: float
    high_hz: float
    order: int


def draw_band_limits(rng: np.random.Generator, settings: BandLimitsSettings) -> BandLimits | None:
    """Draw the band of a scene, evenly over octaves; None for the whole band."""
    if rng.random() >= settings.probability:
        return None
    low, high = (float(np.exp(rng.uniform(*np.log(span)))) for span in (settings.low_hz, settings.high_hz))
    return BandLimits(low, high, settings.order)


def apply_band_limits(clip: torch.Tensor, band: BandLimits) -> torch.Tensor:
    """Filter a (2, sample) clip, both channels alike and without delay.

    Returns:
        (2, sample).

    Source: the magnitude of Butterworth's filters.
    """
    length = clip.shape[1] + _PADDING
    frequency = torch.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ, device=clip.device)
    low = torch.rsqrt(1 + (band.low_hz / frequency.clamp(min=1e-3)) ** (2 * band.order))
    high = torch.rsqrt(1 + (frequency / band.high_hz) ** (2 * band.order))
    limited: torch.Tensor = torch.fft.irfft(torch.fft.rfft(clip, length) * (low * high), length)
    return limited[:, : clip.shape[1]]
