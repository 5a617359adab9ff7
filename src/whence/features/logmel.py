"""Power becomes decibels the way the official baseline does it, and linear spectra become mel bands."""

# B batch, M map, T feature frame, F mel band

import torch
from torch import Tensor

_SMALLEST_POWER = 1e-10


def decibels(power: Tensor, dynamic_range_db: float) -> Tensor:
    """10 log10 of power, floored under the loudest value of each clip.

    The floor is taken per clip over all its maps, so a quiet channel keeps its level under the loud one
    and a clip never depends on its batch mates.

    Args:
        power: (B, M, T, F), not negative.
        dynamic_range_db: values further than this under the clip's maximum are raised to it.

    Returns:
        same shape, dB re 1, at least -100.

    Source: librosa.power_to_db with ref=1, amin=1e-10, top_db as given.

    >>> decibels(torch.tensor([[[[100.0, 1.0, 0.0]]]]), 80.0)
    tensor([[[[ 20.,   0., -60.]]]])
    """
    level = 10.0 * torch.log10(power.clamp(min=_SMALLEST_POWER))
    return torch.maximum(level, level.amax(dim=(1, 2, 3), keepdim=True) - dynamic_range_db)


def squares(spectra: Tensor, *, spent: bool = False) -> Tensor:
    """Squared real and imaginary parts in turn; neighbours sum to |X|^2, which weights given twice do on their way.

    Args:
        spectra: (..., N) complex.
        spent: the spectra are not needed any more; where no gradient flows, their memory is used.

    Returns:
        (..., 2 N).
    """
    parts = torch.view_as_real(spectra)
    kept = parts.requires_grad and torch.is_grad_enabled()
    return (parts.mul_(parts) if spent and not kept else parts * parts).flatten(-2)


def power(spectra: Tensor) -> Tensor:
    """|X|^2 of complex spectra, without the square root that `abs` would take."""
    parts = squares(spectra)
    # Adding two views is several times as fast as a sum over an axis of two.
    return parts[..., 0::2] + parts[..., 1::2]
