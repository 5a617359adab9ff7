"""Spatial statistics of mid/side maps: diffuseness, levels, and onset-weighted azimuth histograms with their median."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms), E edge of an azimuth bin

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from whence.errors import ModelError
from whence.features import LEAST_LEVEL

# Bands of the distance cues and of the onset cues; label frames over which powers are averaged.
BANDS = 8
_AVERAGED_OVER = (1, 5, 21)
# In each band six numbers of direct and diffuse sound, three of its finer parts, eight of levels and slopes.
DISTANCE_CUES = (2 * len(_AVERAGED_OVER) + 3 + 8) * BANDS
# Direction cues have narrower bands: the sine of the azimuth in each average and at full resolution, and the level.
DIRECTION_BANDS = 16
DIRECTION_CUES = (len(_AVERAGED_OVER) + 2) * DIRECTION_BANDS
# Edges of azimuth bins between -90 and 90 degrees, 4 degrees apart.
EDGES = 45
# Onset cues: sine and level of eight bands.
ONSET_CUES = 2 * BANDS
_SILENCE = 1e-20
# Keeps the direction of nearly diffuse sound near 0 instead of arbitrary.
_LEAST_DIRECT = 0.02
_LEAST_WEIGHT = 1e-3
# Of the sigmoid in the median; 20 averages what lies within a few per cent of it, and stays smooth.
_SHARPNESS = 20.0


def direct_and_diffuse(mid_power: Tensor, side_power: Tensor, cross_power: Tensor) -> tuple[Tensor, Tensor]:
    """Separate the averaged powers of a coincident pair into one plane wave and a diffuse field.

    With a wave of power d from a direction of sine u, and a diffuse field of power r in the mid and r / 3 in the
    figure-eight side, mid = d + r, side = u^2 d + r / 3 and cross = u d. The smaller root of
    r^2 / 3 - r (side + mid / 3) + mid side - cross^2 = 0 is the one that leaves the wave its power.

    Args:
        mid_power: any shape, 0 or more.
        side_power: the same.
        cross_power: Re(M conj S), averaged alike.

    Returns:
        the diffuse share r / mid of the mid's power, 0..1, and u, positive to the left, drawn to 0 where little is
        direct. Noise from all directions counts as diffuse.

    Source: after the diffuseness of directional audio coding (Pulkki 2007), for two channels instead of four.

    >>> share, sine = direct_and_diffuse(torch.tensor(1.0), torch.tensor(1 / 3), torch.tensor(0.0))
    >>> round(float(share), 3), float(sine)
    (1.0, 0.0)
    """
    half = side_power + mid_power / 3
    rest = (mid_power * side_power - cross_power * cross_power).clamp(min=0.0)
    diffuse = 2 * rest / (half + (half * half - 4 / 3 * rest).clamp(min=0.0).sqrt() + _SILENCE)
    diffuse = torch.minimum(diffuse, mid_power)
    sine = cross_power / (mid_power - diffuse + _LEAST_DIRECT * mid_power + _SILENCE)
    return diffuse / (mid_power + _SILENCE), sine.clamp(-1.2, 1.2)


def distance_cues(maps: Tensor, time_pool: int) -> Tensor:
    """Return cues of distance in each label frame: diffuse shares, levels, and how levels rise and fall.

    Args:
        maps: (B, C, T, F) whose first three are mid and side log-mel in dB and their intensity.
        time_pool: feature frames in a label frame.

    Returns:
        (B, L, DISTANCE_CUES) float32; the same for swapped channels.
    """
    powers, band = _powers(maps), _band(maps, BANDS)
    fine = avg_pool2d(powers, (time_pool, band // 4))
    label = avg_pool2d(fine, (1, 4))
    cues = []
    for share, sine in _averaged(label):
        cues += [share, sine.abs()]
    # Weighted by power, because the loudest parts of a band most likely have a single source.
    share, sine = direct_and_diffuse(fine[:, :1], fine[:, 1:2], fine[:, 2:])
    weighted = torch.cat([share, sine.abs(), sine * sine], dim=1) * fine[:, :1]
    cues.append(avg_pool2d(weighted, (1, 4)) / (label[:, :1] + _SILENCE))
    cues.append(_levels(avg_pool2d(powers[:, :1], (1, band)), label[:, :1], time_pool))
    return torch.cat(cues, dim=1).transpose(1, 2).flatten(2)


def direction_cues(maps: Tensor, time_pool: int) -> Tensor:
    """Return the direction of the direct sound in each band and label frame, and the band's level.

    Args:
        maps: as in `distance_cues`.
        time_pool: as there.

    Returns:
        (B, L, DIRECTION_CUES) float32: sines, positive to the left, then levels in dB below the loudest band.
    """
    powers, band = _powers(maps), _band(maps, DIRECTION_BANDS)
    fine = avg_pool2d(powers, (time_pool, 1))
    label = avg_pool2d(fine, (1, band))
    cues = [sine for _, sine in _averaged(label)]
    _, sine = direct_and_diffuse(fine[:, :1], fine[:, 1:2], fine[:, 2:])
    cues.append(avg_pool2d(sine * fine[:, :1], (1, band)) / (label[:, :1] + _SILENCE))
    level_db = 10.0 * torch.log10(label[:, :1] + 1e-12)
    cues.append(level_db - level_db.amax(dim=3, keepdim=True))
    return torch.cat(cues, dim=1).transpose(1, 2).flatten(2)


def onset_cues(maps: Tensor, time_pool: int) -> Tensor:
    """Return the mean sine of the onsets in each of eight bands, and the logarithm of their weight, (B, L, ONSET_CUES).

    Args:
        maps: as in `onset_histogram`.
        time_pool: as there.
    """
    sine, weight = (part.reshape(*part.shape[:2], time_pool, BANDS, -1) for part in _onsets(maps, time_pool))
    total, moment = weight.sum(dim=(2, 4)), (weight * sine).sum(dim=(2, 4))
    return torch.cat([moment / (total + _LEAST_WEIGHT), log_weight(total)], dim=2)


def onset_histogram(maps: Tensor, time_pool: int) -> tuple[Tensor, Tensor]:
    """Return the cumulative histogram of azimuth over onsets, weighted by their strength.

    Args:
        maps: (B, C, T, F) whose last two are `onset_sine` and `onset_level` in dB.
        time_pool: feature frames in a label frame.

    Returns:
        (B, L, E) weight to the right of each edge, and (B, L, 1) weight in all. Sums over label frames are the
        histogram of an event.
    """
    sine, weight = _onsets(maps, time_pool)
    is_right = sine[..., None] <= (bin_edges(maps) * (math.pi / 2)).sin()
    return (weight[:, :, None] @ is_right.to(weight.dtype))[:, :, 0], weight.sum(dim=2, keepdim=True)


def bin_edges(like: Tensor) -> Tensor:
    """Return the (E,) edges as azimuth / 90 degrees, -1..1, on the device of a tensor."""
    return (torch.arange(EDGES, device=like.device, dtype=torch.float32) + 0.5) * (2.0 / EDGES) - 1.0


def log_weight(total: Tensor) -> Tensor:
    """Return the logarithm of a sum of weights, finite where there are no onsets."""
    return (total + _LEAST_WEIGHT).log()


def cumulative_share(weight_right: Tensor, total: Tensor) -> Tensor:
    """Return the share of weight to the right of each edge, 0..1; one half where there are no onsets.

    Args:
        weight_right: (..., E) of `onset_histogram`, or sums of it.
        total: (..., 1).
    """
    return (weight_right + 0.5 * _LEAST_WEIGHT) / (total + _LEAST_WEIGHT)


def median_and_spread(share: Tensor) -> tuple[Tensor, Tensor]:
    """Return a smooth median of azimuth and the width of its distribution.

    Unlike a mean, a median does not depend on how far away outliers are.

    Args:
        share: (..., E) of `cumulative_share`.

    Returns:
        (...) azimuth / 90 degrees, -1..1, and (...) a width, 0 where all onsets have one direction.

    >>> edges = bin_edges(torch.zeros(0))
    >>> median, spread = median_and_spread((edges >= 0.5).float())
    >>> round(float(median), 2), float(spread)
    (0.51, 0.0)
    """
    step = 2.0 / EDGES
    median = 1.0 - step * (_SHARPNESS * (share - 0.5)).sigmoid().sum(dim=-1)
    return median, step * (share * (1.0 - share)).sum(dim=-1)


def _powers(maps: Tensor) -> Tensor:
    """(B, 3, T, F) power of mid, power of side and their cross power."""
    power = 10.0 ** (maps[:, :2].float() / 10.0)
    return torch.cat([power, maps[:, 2:3].float() * power.sum(dim=1, keepdim=True)], dim=1)


def _band(maps: Tensor, bands: int) -> int:
    """Mel bands in one of so many, as a plain number: an exporter would take the shape for a variable."""
    return int(maps.shape[3]) // bands


def _averaged(label: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Diffuse share and sine of powers (B, 3, L, bands), averaged over more and more label frames."""
    results = []
    for frames in _AVERAGED_OVER:
        around = avg_pool2d(label, (frames, 1), 1, (frames // 2, 0), count_include_pad=False)
        results.append(direct_and_diffuse(around[:, :1], around[:, 1:2], around[:, 2:]))
    return results


def _levels(power: Tensor, label_power: Tensor, time_pool: int) -> Tensor:
    """(B, 8, L, BANDS) levels relative to the clip's quietest, and slopes within and between label frames."""
    frame_db, label_db = (10.0 * torch.log10(given + 1e-12) for given in (power, label_power))
    step, change = (
        torch.cat([torch.zeros_like(db[:, :, :1]), db[:, :, 1:] - db[:, :, :-1]], dim=2) for db in (frame_db, label_db)
    )
    pool = (time_pool, 1)
    mean = avg_pool2d(frame_db, pool)
    spread = (avg_pool2d(frame_db * frame_db, pool) - mean * mean).clamp(min=1e-6).sqrt()
    quietest = label_db.amin(dim=2, keepdim=True).expand_as(label_db)
    slopes = [max_pool2d(step, pool), max_pool2d(-step, pool), avg_pool2d(step.abs(), pool)]
    return torch.cat([label_db, label_db - quietest, quietest, *slopes, spread, change], dim=1)


def _onsets(maps: Tensor, time_pool: int) -> tuple[Tensor, Tensor]:
    """Sines and weights (B, L, cells) of the bands and feature frames in each label frame."""
    if int(maps.shape[3]) % (2 * BANDS):
        raise ModelError(f"onset maps of {maps.shape[3]} bands; they must be a multiple of {2 * BANDS}")
    frames = maps.shape[2] // time_pool
    # Neighbours are equal: these maps are made in bands of twice the width.
    onsets = maps[:, -2:, : frames * time_pool, ::2].float()
    sine, level_db = onsets.reshape(onsets.shape[0], 2, frames, -1).unbind(1)
    return sine, (10.0 ** (level_db / 10.0) - LEAST_LEVEL).clamp(min=0.0)
