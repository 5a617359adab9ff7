"""Gain: how loud a sound is at one metre, whatever the level it was recorded at."""

from dataclasses import dataclass

import numpy as np
import torch

from whence.settings import check_span


@dataclass(frozen=True)
class GainSettings:
    """Range of levels.

    Args:
        level_dbfs: lowest and highest RMS of the direct sound at 1 m over its loud frames, dB re full scale.
    """

    level_dbfs: tuple[float, float] = (-50.0, -30.0)

    def __post_init__(self) -> None:
        check_span("gain.level_dbfs", self.level_dbfs, -120, 0)


def draw_gain(rng: np.random.Generator, settings: GainSettings) -> float:
    """Draw a level in dB re full scale."""
    return float(rng.uniform(*settings.level_dbfs))


def gain_factor(level_dbfs: float, rms: float) -> float:
    """Return the factor that brings a sound of that RMS to the level; 0 for digital silence.

    >>> gain_factor(-20.0, 0.05)
    2.0
    """
    return float(10 ** (level_dbfs / 20) / rms) if rms > 0 else 0.0


def apply_gain(signals: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Multiply each signal, (signal, channel, sample), by its factor, (signal,).

    >>> apply_gain(torch.ones(2, 1, 2), torch.tensor([0.5, 2.0])).tolist()
    [[[0.5, 0.5]], [[2.0, 2.0]]]
    """
    return signals * factor[:, None, None]
