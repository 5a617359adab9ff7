"""What averages tell of direct and of diffuse sound: how much a room adds, and from where the rest comes."""

# B batch, C map, T feature frame, F mel band, L label frame (100 ms)

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

# Bands that the statistics are told in, and over how many label frames powers are averaged for them.
BANDS = 8
_AVERAGED_OVER = (1, 5, 21)
# In each band six numbers of direct and diffuse sound, three of its finer parts, eight of levels and slopes.
STATISTICS = (2 * len(_AVERAGED_OVER) + 3 + 8) * BANDS
# Directions are told in narrower bands: the sine of the wave in each average and at its finest, and the band's level.
DIRECTION_BANDS = 16
DIRECTIONS = (len(_AVERAGED_OVER) + 2) * DIRECTION_BANDS
_SILENCE = 1e-20
# Keeps the direction of what is nearly all diffuse near 0 instead of anywhere.
_LEAST_DIRECT = 0.02


def direct_and_diffuse(mid_power: Tensor, side_power: Tensor, cross_power: Tensor) -> tuple[Tensor, Tensor]:
    """Take averaged powers of a coincident pair for one plane wave in a diffuse field.

    With a wave of power d from a direction of sine u, and a diffuse field of power r in the mid and, as a
    figure-eight hears it, r / 3 in the side, mid = d + r, side = u^2 d + r / 3 and cross = u d. The smaller root of
    r^2 / 3 - r (side + mid / 3) + mid side - cross^2 = 0 is the one that leaves the wave its power.

    Args:
        mid_power: any shape, 0 or more.
        side_power: the same.
        cross_power: Re(M conj S), averaged as they are.

    Returns:
        the diffuse share r / mid of the mid's power, 0..1, and u, positive to the left, drawn to 0 where little is
        direct. Noise that comes from everywhere counts as diffuse.

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


def room_statistics(maps: Tensor, time_pool: int) -> Tensor:
    """What tells near from far in a label frame, whatever sounds: diffuse shares, levels, how they rise and fall.

    Args:
        maps: (B, C, T, F) whose first three are mid and side log-mel in dB and their intensity.
        time_pool: feature frames in a label frame.

    Returns:
        (B, L, STATISTICS) float32; the same for swapped channels.
    """
    powers, band = _powers(maps), _band(maps, BANDS)
    fine = avg_pool2d(powers, (time_pool, band // 4))
    label = avg_pool2d(fine, (1, 4))
    found = []
    for share, sine in _solved(label):
        found += [share, sine.abs()]
    # Where and when one sound rules, it is heard apart: the loudest parts of a band count most.
    share, sine = direct_and_diffuse(fine[:, :1], fine[:, 1:2], fine[:, 2:])
    weighed = torch.cat([share, sine.abs(), sine * sine], dim=1) * fine[:, :1]
    found.append(avg_pool2d(weighed, (1, 4)) / (label[:, :1] + _SILENCE))
    found.append(_levels(avg_pool2d(powers[:, :1], (1, band)), label[:, :1], time_pool))
    return torch.cat(found, dim=1).transpose(1, 2).flatten(2)


def direction_statistics(maps: Tensor, time_pool: int) -> Tensor:
    """From where the direct sound of each band comes in a label frame, and which bands are loud.

    Args:
        maps: as `room_statistics`.
        time_pool: as there.

    Returns:
        (B, L, DIRECTIONS) float32: sines, positive to the left, then levels in dB below the loudest band.
    """
    powers, band = _powers(maps), _band(maps, DIRECTION_BANDS)
    fine = avg_pool2d(powers, (time_pool, 1))
    label = avg_pool2d(fine, (1, band))
    found = [sine for _, sine in _solved(label)]
    _, sine = direct_and_diffuse(fine[:, :1], fine[:, 1:2], fine[:, 2:])
    found.append(avg_pool2d(sine * fine[:, :1], (1, band)) / (label[:, :1] + _SILENCE))
    level_db = 10.0 * torch.log10(label[:, :1] + 1e-12)
    found.append(level_db - level_db.amax(dim=3, keepdim=True))
    return torch.cat(found, dim=1).transpose(1, 2).flatten(2)


def _powers(maps: Tensor) -> Tensor:
    """(B, 3, T, F) power of mid, power of side and their cross power."""
    power = 10.0 ** (maps[:, :2].float() / 10.0)
    return torch.cat([power, maps[:, 2:3].float() * power.sum(dim=1, keepdim=True)], dim=1)


def _band(maps: Tensor, bands: int) -> int:
    """Mel bands in one of so many, a plain number: an exporter would take the shape for a variable."""
    return int(maps.shape[3]) // bands


def _solved(label: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Diffuse share and sine of powers (B, 3, L, bands), averaged over more and more label frames."""
    found = []
    for frames in _AVERAGED_OVER:
        around = avg_pool2d(label, (frames, 1), 1, (frames // 2, 0), count_include_pad=False)
        found.append(direct_and_diffuse(around[:, :1], around[:, 1:2], around[:, 2:]))
    return found


def _levels(power: Tensor, label_power: Tensor, time_pool: int) -> Tensor:
    """(B, 8, L, BANDS) levels against those of the clip, and rises and falls within a label frame and between two."""
    frame_db, label_db = (10.0 * torch.log10(given + 1e-12) for given in (power, label_power))
    step = frame_db[:, :, 1:] - frame_db[:, :, :-1]
    step = torch.cat([torch.zeros_like(frame_db[:, :, :1]), step], dim=2)
    pool = (time_pool, 1)
    mean = avg_pool2d(frame_db, pool)
    spread = (avg_pool2d(frame_db * frame_db, pool) - mean * mean).clamp(min=1e-6).sqrt()
    change = label_db[:, :, 1:] - label_db[:, :, :-1]
    change = torch.cat([torch.zeros_like(label_db[:, :, :1]), change], dim=2)
    quietest = label_db.amin(dim=2, keepdim=True).expand_as(label_db)
    return torch.cat(
        [
            label_db,
            label_db - quietest,
            quietest,
            max_pool2d(step, pool),
            max_pool2d(-step, pool),
            avg_pool2d(step.abs(), pool),
            spread,
            change,
        ],
        dim=1,
    )
