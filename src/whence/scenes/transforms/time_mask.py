"""Time masking: stretches of an event's waveform fall silent, as if the sound had stopped for a moment."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whence.scenes.scene import TimeMask
from whence.settings import check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

# 5 ms: shorter edges click.
RAMP_SAMPLES = 120


@dataclass(frozen=True)
class TimeMaskSettings:
    """How often, how many and how long.

    Args:
        probability: share of events masked, 0 to 1.
        count: fewest and most stretches in such an event.
        duration_s: shortest and longest stretch, seconds.
    """

    probability: float = 0.1
    count: tuple[int, int] = (1, 2)
    duration_s: tuple[float, float] = (0.05, 0.4)

    def __post_init__(self) -> None:
        check_probability("time_mask.probability", self.probability)
        check_span("time_mask.count", self.count, 1, 100)
        check_span("time_mask.duration_s", self.duration_s, 0.01, 60)


def draw_time_masks(
    rng: np.random.Generator, settings: TimeMaskSettings, start_sample: int, end_sample: int
) -> tuple[TimeMask, ...]:
    """Draw the silenced stretches of an event that lasts from start to end; empty for an event left alone."""
    if rng.random() >= settings.probability:
        return ()
    masks = []
    for _ in range(rng.integers(settings.count[0], settings.count[1] + 1)):
        count = round(rng.uniform(*settings.duration_s) * SAMPLE_RATE_HZ)
        # An event shorter than the stretch would vanish; it keeps at least half.
        count = min(count, (end_sample - start_sample) // 2)
        if count > 2 * RAMP_SAMPLES:
            masks.append(TimeMask(int(rng.integers(start_sample, end_sample - count + 1)), count))
    return tuple(masks)


@functools.lru_cache(maxsize=64)
def ramp(sample_count: int, device: torch.device) -> torch.Tensor:
    """Return (sample,) rising from 0 to 1 as a squared sine: the edge of every cut and mask.

    It and its mirror image sum to 1, so cross-fades keep amplitude.

    >>> ramp(4, torch.device("cpu")) + ramp(4, torch.device("cpu")).flip(0)
    tensor([1., 1., 1., 1.])
    """
    phase = (np.arange(sample_count) + 0.5) / max(sample_count, 1) * (np.pi / 2)
    return torch.from_numpy((np.sin(phase) ** 2).astype(np.float32)).to(device)


def apply_time_masks(signal: torch.Tensor, masks: Sequence[TimeMask], start_sample: int) -> None:
    """Silence the stretches of a signal, in place, with raised-cosine edges of 5 ms inside them.

    Args:
        signal: (sample,) whose first value is at `start_sample` of the clip.
        masks: stretches in clip time; parts outside the signal are ignored.
        start_sample: where the signal begins in the clip.
    """
    for mask in masks:
        curve = _mask_curve(mask.sample_count, signal.device)
        first = mask.start_sample - start_sample
        low, high = max(first, 0), min(first + mask.sample_count, len(signal))
        if low < high:
            signal[low:high] *= curve[low - first : high - first]


def _mask_curve(sample_count: int, device: torch.device) -> torch.Tensor:
    """(sample,) that falls from 1 to 0, stays, and rises again."""
    edge = min(RAMP_SAMPLES, sample_count // 2)
    curve = torch.zeros(sample_count, device=device)
    rise = ramp(edge, device)
    curve[sample_count - edge :] = rise
    curve[:edge] = rise.flip(0)
    return curve
