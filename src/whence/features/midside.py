"""Direction cues of a coincident stereo pair per mel band: intensity, side ratio, level difference."""

# B batch, T feature frame, N frequency bin, F mel band

import torch
from torch import Tensor

from whence.features.settings import SMALLEST_PEAK

_SILENCE = 1e-10
_LEVEL_DIFFERENCE_LIMIT_DB = 40.0


def mono_maps(signal: Tensor, names: tuple[str, ...]) -> Tensor:
    """The named channels (`left`, `right`, `mid`, `side`) of (B, 2, sample), stacked to (B, M, sample).

    Mid is half the sum and side half the difference: for a plane wave side / mid = sin(azimuth) cos(elevation),
    positive to the left.

    >>> mono_maps(torch.tensor([[[3.0], [1.0]]]), ("mid", "left")).flatten()
    tensor([2., 3.])
    """
    if names == ("left", "right"):
        return signal
    left, right = signal[:, 0], signal[:, 1]
    made = {
        "left": lambda: left,
        "right": lambda: right,
        "mid": lambda: (left + right) / 2,
        "side": lambda: (left - right) / 2,
    }
    return torch.stack([made[name]() for name in names], dim=1)


def to_peak_one(signal: Tensor) -> Tensor:
    """Scale each clip of (B, C, sample) so that its largest sample is 1; digital silence stays silent.

    >>> to_peak_one(torch.tensor([[[0.25], [-0.5]]])).flatten()
    tensor([ 0.5000, -1.0000])
    """
    return signal / signal.abs().amax(dim=(1, 2), keepdim=True).clamp(min=SMALLEST_PEAK)


def intensity(cross_power: Tensor, mid_power: Tensor, side_power: Tensor) -> Tensor:
    """Re(M conj S) / (|M|^2 + |S|^2): the direction cue, positive to the left.

    For one plane wave with r = side / mid this is r / (1 + r^2), which rises with r over the whole
    front half plane; diffuse sound brings it towards 0. Swapping the channels negates it.

    Args:
        cross_power: (B, T, F) real part of M conj S, gathered into mel bands.
        mid_power: (B, T, F).
        side_power: (B, T, F).

    Returns:
        (B, T, F) in [-0.5, 0.5]; 0 in digital silence.

    >>> intensity(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([0.5]))
    tensor([0.4000])
    """
    return cross_power / (mid_power + side_power + _SILENCE)


def side_ratio(mid_power: Tensor, side_power: Tensor) -> Tensor:
    """|S|^2 / (|M|^2 + |S|^2): the side-to-mid power ratio q as q / (1 + q), so that it stays bounded.

    Together with `intensity` i it separates width from direction: i^2 = ratio * (1 - ratio) for one
    plane wave, less for several or for reverberation. Swapping the channels leaves it as it is.

    Args:
        mid_power: (B, T, F).
        side_power: (B, T, F).

    Returns:
        (B, T, F) in [0, 1]; 0 in digital silence.

    >>> side_ratio(torch.tensor([3.0]), torch.tensor([1.0]))
    tensor([0.2500])
    """
    return side_power / (mid_power + side_power + _SILENCE)


def level_difference(left_power: Tensor, right_power: Tensor) -> Tensor:
    """Left over right in dB, limited to 40 dB either way; swapping the channels negates it.

    Args:
        left_power: (B, T, F).
        right_power: (B, T, F).

    Returns:
        (B, T, F) dB, positive where the left is louder; 0 in digital silence.

    >>> level_difference(torch.tensor([10.0]), torch.tensor([1.0]))
    tensor([10.])
    """
    left_db, right_db = (10.0 * torch.log10(power.clamp(min=_SILENCE)) for power in (left_power, right_power))
    return (left_db - right_db).clamp(-_LEVEL_DIFFERENCE_LIMIT_DB, _LEVEL_DIFFERENCE_LIMIT_DB)
