"""Polarity inversion: the waveform is negated, which only a network on waveforms can notice."""

from dataclasses import dataclass

import numpy as np
import torch

from whence.settings import check_probability


@dataclass(frozen=True)
class PolarityInversionSettings:
    """How often.

    Args:
        probability: share of events inverted, 0 to 1.
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_probability("polarity_inversion.probability", self.probability)


def draw_polarity_inversion(rng: np.random.Generator, settings: PolarityInversionSettings) -> bool:
    """Draw whether an event is inverted."""
    return bool(rng.random() < settings.probability)


def apply_polarity_inversion(signals: torch.Tensor, inverted: torch.Tensor) -> torch.Tensor:
    """Negate the marked signals.

    The renderer gives it gain factors instead of signals: a negative gain is an inversion. `signals` is (signal, ...),
    `inverted` (signal,) bool.

    >>> apply_polarity_inversion(torch.ones(2, 2), torch.tensor([True, False])).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    sign = 1.0 - 2.0 * inverted.to(signals.dtype)
    return signals * sign.view(-1, *[1] * (signals.ndim - 1))
