"""A smooth rise from 0 to 1: the edge of every cut, mask and cross-fade."""

import functools

import numpy as np
import torch


@functools.lru_cache(maxsize=64)
def ramp(sample_count: int, device: torch.device) -> torch.Tensor:
    """(sample,) rising from 0 to 1 as a squared sine; it and its mirror image sum to 1, so cross-fades keep amplitude.

    >>> ramp(4, torch.device("cpu")) + ramp(4, torch.device("cpu")).flip(0)
    tensor([1., 1., 1., 1.])
    """
    phase = (np.arange(sample_count) + 0.5) / max(sample_count, 1) * (np.pi / 2)
    return torch.from_numpy((np.sin(phase) ** 2).astype(np.float32)).to(device)
