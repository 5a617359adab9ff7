"""From where what begins comes, as a distribution over directions, and its middle."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms), K class, E edge of a direction bin

import math

import torch
from torch import Tensor

from whence.errors import ModelError
from whence.features import LEAST_LEVEL

# Edges between -90 and 90 degrees, 4 degrees apart.
EDGES = 45
BANDS = 8
# For each label frame: the distribution, and sine and level of eight bands.
ONSETS = EDGES + 2 * BANDS
_NOTHING = 1e-3
# How sharply the middle is told; 20 takes what lies within a few per cent of it, and stays smooth.
_SHARPNESS = 20.0


def edges_like(values: Tensor) -> Tensor:
    """(E,) edges as azimuth / 90 degrees, -1..1."""
    return (torch.arange(EDGES, device=values.device, dtype=torch.float32) + 0.5) * (2.0 / EDGES) - 1.0


def onset_directions(maps: Tensor, time_pool: int) -> tuple[Tensor, Tensor]:
    """How much begins from the right of each edge, and how much in all.

    Args:
        maps: (B, C, T, F) whose last two are `onset_sine` and `onset_level` in dB.
        time_pool: feature frames in a label frame.

    Returns:
        (B, L, E) and (B, L, 1), sums of weights, so that events may be added up.
    """
    sine, weight = _cells(maps, time_pool)
    before = sine[..., None] <= (edges_like(maps) * (math.pi / 2)).sin()
    return (weight[:, :, None] @ before.to(weight.dtype))[:, :, 0], weight.sum(dim=2, keepdim=True)


def onset_bands(maps: Tensor, time_pool: int) -> Tensor:
    """(B, L, 2 * BANDS): the sine of what begins in each of eight bands, and how much, on a logarithmic scale."""
    sine, weight = (part.reshape(*part.shape[:2], time_pool, BANDS, -1) for part in _cells(maps, time_pool))
    total, moved = weight.sum(dim=(2, 4)), (weight * sine).sum(dim=(2, 4))
    return torch.cat([moved / (total + _NOTHING), how_much(total)], dim=2)


def how_much(total: Tensor) -> Tensor:
    """A sum of weights on a logarithmic scale, finite where nothing begins."""
    return (total + _NOTHING).log()


def distribution(before: Tensor, total: Tensor) -> Tensor:
    """The share of weight to the right of each edge, 0..1; one half where there is none.

    Args:
        before: (..., E) as `onset_directions` gives it, or sums of it.
        total: (..., 1).
    """
    return (before + 0.5 * _NOTHING) / (total + _NOTHING)


def middle_and_spread(share: Tensor) -> tuple[Tensor, Tensor]:
    """The middle of a distribution, smoothly, and how wide it is.

    Half of what begins comes from either side of the middle: unlike a mean it does not care how far off the rest is.

    Args:
        share: (..., E) of `distribution`.

    Returns:
        (...) azimuth / 90 degrees, -1..1, and (...) a width, 0 where everything comes from one place.

    >>> edges = edges_like(torch.zeros(0))
    >>> middle, spread = middle_and_spread((edges >= 0.5).float())
    >>> round(float(middle), 2), float(spread)
    (0.51, 0.0)
    """
    step = 2.0 / EDGES
    middle = 1.0 - step * (_SHARPNESS * (share - 0.5)).sigmoid().sum(dim=-1)
    return middle, step * (share * (1.0 - share)).sum(dim=-1)


def _cells(maps: Tensor, time_pool: int) -> tuple[Tensor, Tensor]:
    """Sines and weights (B, L, cells) of the bands and feature frames in each label frame."""
    if int(maps.shape[3]) % (2 * BANDS):
        raise ModelError(f"onset maps of {maps.shape[3]} bands; they must be a multiple of {2 * BANDS}")
    frames = maps.shape[2] // time_pool
    # Neighbours are equal: these maps are made in bands of twice the width.
    onsets = maps[:, -2:, : frames * time_pool, ::2].float()
    sine, level_db = onsets.reshape(onsets.shape[0], 2, frames, -1).unbind(1)
    return sine, (10.0 ** (level_db / 10.0) - LEAST_LEVEL).clamp(min=0.0)
