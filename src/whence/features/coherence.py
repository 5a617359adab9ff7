"""Recursive coherence between two channels: near 1 for one direct sound, lower in reverberation."""

# B batch, T feature frame, N frequency bin

import torch
from torch import Tensor

_BLOCK = 64  # feature frames smoothed by one matrix product
_SILENCE = 1e-10


def recursive_average(values: Tensor, smoothing: float) -> Tensor:
    """Smooth along time by y[t] = smoothing * y[t - 1] + (1 - smoothing) * x[t], all feature frames at once.

    The average before the first frame is zero. A block of frames is one product with the lower triangle of powers of
    `smoothing`; each block starts from the last average of the one before. Up to rounding this is the recursion
    exactly, without a loop over frames.

    Args:
        values: (..., T, N) float32.
        smoothing: 0 to below 1.

    Returns:
        (..., T, N).

    >>> recursive_average(torch.ones(1, 3, 1), 0.5).flatten()
    tensor([0.5000, 0.7500, 0.8750])
    """
    if not values.shape[-2]:
        return values
    steps = torch.arange(min(_BLOCK, values.shape[-2]), device=values.device)
    lag = (steps[:, None] - steps[None, :]).to(values.dtype)
    # The inner clamp keeps the unused half of the triangle finite, which the gradient would trip over.
    weights = torch.where(lag >= 0, (1.0 - smoothing) * smoothing ** lag.clamp(min=0), 0.0)
    decay = smoothing ** (steps + 1).to(values.dtype)
    last = torch.zeros_like(values[..., 0, :])
    blocks = []
    for block in torch.split(values, _BLOCK, dim=-2):
        count = block.shape[-2]
        blocks.append(weights[:count, :count] @ block + decay[:count, None] * last[..., None, :])
        last = blocks[-1][..., -1, :]
    return torch.cat(blocks, dim=-2)


def coherence(first: Tensor, second: Tensor, smoothing: float) -> Tensor:
    """Magnitude-squared coherence |<A conj B>|^2 / (<|A|^2> <|B|^2>) with recursive averages < >.

    For a coincident pair this is the distance cue: the direct sound is the same in both channels up to
    a gain, the room's sound is not. The first few feature frames are near 1 in any sound, since an average over one
    frame is always coherent.

    Args:
        first: (B, T, N) complex spectra.
        second: the same shape.
        smoothing: of the averages; the time constant is -hop_s / ln(smoothing), 90 ms at 0.8 and 20 ms.

    Returns:
        (B, T, N) in 0..1; 0 in digital silence.

    Source: after Yeow et al. 2025 (arXiv:2507.00874), who add recursive coherence to stereo SELD input.

    >>> spectra = torch.ones(1, 5, 3, dtype=torch.complex64)
    >>> bool(torch.allclose(coherence(spectra, 2j * spectra, 0.8), torch.ones(1, 5, 3)))
    True
    """
    a, b = torch.view_as_real(first), torch.view_as_real(second)
    (a_real, a_imag), (b_real, b_imag) = a.unbind(-1), b.unbind(-1)
    powers = (a_real**2 + a_imag**2, b_real**2 + b_imag**2)
    cross = (a_real * b_real + a_imag * b_imag, a_imag * b_real - a_real * b_imag)
    stacked = torch.stack((*powers, *cross), dim=1)
    power_a, power_b, real, imag = recursive_average(stacked, smoothing).unbind(1)
    # The product of two powers falls below float32 long before either does, hence two divisions.
    value = (real / (power_a + _SILENCE)) * (real / (power_b + _SILENCE)) + (imag / (power_a + _SILENCE)) * (
        imag / (power_b + _SILENCE)
    )
    return value.clamp(max=1.0)
