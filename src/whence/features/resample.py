"""24 kHz becomes 16 kHz inside the network's device: what speech and AudioSet encoders were trained on."""

# B batch, C channel

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whence.features.windows import HALF_WIDTH, STRIDE, resampling_kernels

# Outputs come in pairs, one pair for every three inputs; so many pairs are one row of a product of matrices.
_PAIRS = 50


class To16k(nn.Module):
    """Resample 24 kHz to 16 kHz by a windowed sinc; differentiable, zero beyond the ends.

    Output sample n stands at 1.5 n input samples and needs HALF_WIDTH + 2 samples after that. The convolution is done
    as products with a matrix that holds the two filters again and again, each three samples further: a quarter of
    what it multiplies with is zero, and still it takes a quarter of the time of a strided convolution on CPUs.

    Shape: (B, C, sample) -> (B, C, ceil(2 * sample / 3)).

    >>> To16k()(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 2, 80000])
    """

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.from_numpy(_repeated(resampling_kernels())), persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """The signal at 16 kHz, float32."""
        batch, channel, sample = signal.shape
        hop, reach = _PAIRS * STRIDE, self.filters.shape[0]
        rows = max(-(-sample // hop), 1)
        after = (rows - 1) * hop + reach - HALF_WIDTH - sample
        padded = nn.functional.pad(signal.float().reshape(batch * channel, sample), (HALF_WIDTH, after))
        with torch.autocast(signal.device.type, enabled=False):
            resampled = padded.unfold(1, reach, hop) @ self.filters
        return resampled.reshape(batch, channel, -1)[..., : -(-2 * sample // 3)]


def _repeated(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The filters (2, tap) as a matrix (input sample, output sample) for _PAIRS pairs of outputs."""
    taps = kernels.shape[1]
    matrix = np.zeros((taps + STRIDE * (_PAIRS - 1), 2 * _PAIRS), np.float32)
    for pair in range(_PAIRS):
        matrix[STRIDE * pair : STRIDE * pair + taps, 2 * pair : 2 * pair + 2] = kernels.T
    return matrix
