"""Spectra gathered into mel bands by a few small products: of one large matrix nearly everything would be zero."""

# T feature frame, N frequency bin, F mel band

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

# More groups have fewer zeros, but products too small to be quick; of 64 bands and 513 bins these are the fastest.
_GROUPS = 4
# Floats in a cache line: products whose rows begin on one are quicker.
_LINE = 16


class Bands(nn.Module):
    """Weighted sums over the bins of each band.

    Neighbouring bands form a group, and a group looks only at the bins between its lowest and its highest. The sums
    are those of one product with all weights, up to rounding.

    Args:
        weights: (F, N), such as `mel_filterbank` gives; zeros anywhere.

    Shape: (..., N) -> (..., F).

    >>> Bands(np.eye(8, 10, k=1, dtype=np.float32))(torch.arange(10.0))
    tensor([1., 2., 3., 4., 5., 6., 7., 8.])
    """

    def __init__(self, weights: NDArray[np.float32]) -> None:
        super().__init__()
        self._bins: list[slice] = []
        for number, group in enumerate(np.array_split(weights, min(_GROUPS, len(weights)))):
            used = np.flatnonzero(group.any(axis=0))
            first, end = (int(used[0]) // _LINE * _LINE, int(used[-1]) + 1) if len(used) else (0, 0)
            self._bins.append(slice(first, end))
            # Recomputed from the settings, so it does not belong in a file of weights.
            self.register_buffer(f"weights{number}", torch.from_numpy(group[:, first:end].T.copy()), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """The bands of real values, differentiable."""
        rows = values.reshape(-1, values.shape[-1])
        groups = [rows[:, bins] @ weights for bins, weights in zip(self._bins, self.buffers(), strict=True)]
        return torch.cat(groups, dim=1).reshape(*values.shape[:-1], -1)
