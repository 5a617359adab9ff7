"""Automatic gain: a recorder turns soft stretches up and loud ones down, and rounds off peaks.

Both channels get the same gain, so directions stay; what changes is loudness over time, a cue for distance.
"""

from dataclasses import dataclass

import numpy as np
import torch

from whence.settings import check_probability, check_span
from whence.units import SAMPLE_RATE_HZ

_STEP = 240
_MOST_DB, _FLOOR_DB = 12.0, -90.0


@dataclass(frozen=True)
class AutomaticGainSettings:
    """How often and how strong.

    Args:
        probability: share of scenes recorded with automatic gain, 0 to 1.
        strength: lowest and highest share of the changes of level that is evened out, 0 to 1.
        reaction_s: shortest and longest time in which the gain follows, seconds.
        limiting_probability: share of these scenes whose peaks are rounded off too.
        limiting_db: least and most by which the limit lies under the highest peak, dB.
    """

    probability: float = 0.0
    strength: tuple[float, float] = (0.2, 0.6)
    reaction_s: tuple[float, float] = (0.1, 2.0)
    limiting_probability: float = 0.5
    limiting_db: tuple[float, float] = (0.0, 9.0)

    def __post_init__(self) -> None:
        check_probability("automatic_gain.probability", self.probability)
        check_span("automatic_gain.strength", self.strength, 0, 1)
        check_span("automatic_gain.reaction_s", self.reaction_s, 0.01, 60)
        check_probability("automatic_gain.limiting_probability", self.limiting_probability)
        check_span("automatic_gain.limiting_db", self.limiting_db, 0, 40)


@dataclass(frozen=True)
class AutomaticGain:
    """The gain of one recording.

    Args:
        strength: share of the changes of level that is evened out.
        reaction_s: time in which the gain follows.
        limiting_db: how far under the highest peak the limit lies; None for no limit.
    """

    strength: float
    reaction_s: float
    limiting_db: float | None = None


def draw_automatic_gain(rng: np.random.Generator, settings: AutomaticGainSettings) -> AutomaticGain | None:
    """Draw the gain of a scene; None for a fixed one."""
    if rng.random() >= settings.probability:
        return None
    limited = rng.random() < settings.limiting_probability
    strength, reaction_s, limiting_db = (
        float(rng.uniform(*span)) for span in (settings.strength, settings.reaction_s, settings.limiting_db)
    )
    return AutomaticGain(strength, reaction_s, limiting_db if limited else None)


def apply_automatic_gain(clip: torch.Tensor, gain: AutomaticGain) -> torch.Tensor:
    """Even out the level of a (2, sample) clip, a whole number of label frames long.

    Returns:
        (2, sample); a clip of steady level is unchanged, unless it is limited.
    """
    power = clip.reshape(2, -1, _STEP).square().mean(dim=(0, 2)).cpu().numpy().astype(np.float64)
    smooth = _smoothed(power, np.exp(-_STEP / SAMPLE_RATE_HZ / gain.reaction_s))
    level_db = np.maximum(10 * np.log10(np.maximum(smooth, 1e-12)), _FLOOR_DB)
    gain_db = (gain.strength * (level_db.mean() - level_db)).clip(-_MOST_DB, _MOST_DB)
    # A gain for the middle of each step, joined by straight lines.
    at = np.arange(clip.shape[1])
    factor = np.interp(at, np.arange(len(gain_db)) * _STEP + _STEP / 2, 10 ** (gain_db / 20)).astype(np.float32)
    out = clip * torch.from_numpy(factor).to(clip.device)
    if gain.limiting_db is not None:
        limit = float(out.abs().max()) * 10 ** (-gain.limiting_db / 20)
        if limit > 0:
            out = torch.tanh(out / limit) * limit
    return out


def _smoothed(power: np.ndarray, kept: float) -> np.ndarray:
    """A running mean that forgets, begun as if the first second had been going on before."""
    smooth = np.empty_like(power)
    now = power[: SAMPLE_RATE_HZ // _STEP].mean()
    for index, value in enumerate(power.tolist()):
        now = kept * now + (1 - kept) * value
        smooth[index] = now
    return smooth
