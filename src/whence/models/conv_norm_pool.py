"""A convolution, batch norm and max pooling as one function that never holds the whole output of the convolution."""

# B batch, C channel, T feature frame, F mel band, K input values under a kernel, O output channel

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, max_unpool2d, pad
from torch.nn.grad import conv2d_weight

# The output of a five-second clip takes some MB before pooling; a core's cache holds one or two.
_CLIPS_IN_CACHE = 2


def conv_norm_pool(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d, pool: tuple[int, int]) -> Tensor:
    """`max_pool2d(norm(conv(x)), pool)` in training, up to rounding, in half the time on CPUs.

    A convolution's output is a weighted sum of the inputs under its kernel, so the mean and variance that batch norm
    needs follow from those of the inputs, without a pass over the output or its gradient. The norm's factor is folded
    into the weights, and its shift is added after pooling, to a twentieth of the numbers. The rest needs one clip at a
    time, so outputs are computed, pooled and dropped a few clips at a time.

    Args:
        x: (B, C, T, F) features, which need no gradient.
        conv: 3x3, with padding 1 and a bias.
        norm: its running mean and variance are updated as in training.
        pool: feature frames and mel bands pooled.

    Returns:
        (B, O, T // pool, F // pool), of autocast's type.
    """
    assert conv.bias is not None
    kind = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    with torch.autocast(x.device.type, enabled=False):
        mean, covariance = _moments(x)
        weights = conv.weight.flatten(1)
        variance = ((weights @ covariance) * weights).sum(dim=1)
        factor = norm.weight * torch.rsqrt(variance + norm.eps)
        folded = (conv.weight * factor[:, None, None, None]).to(kind)
        pooled: Tensor = _ConvPool.apply(x.to(kind), folded, pool)  # type: ignore[no-untyped-call]
        _update_running(norm, weights @ mean + conv.bias, variance, x.numel() // x.shape[1])
        # The norm cancels the bias; this gives it a gradient of zero, so that optimizers treat it like the others.
        shift = norm.bias - folded.flatten(1).to(mean.dtype) @ mean + 0.0 * conv.bias
        return (pooled + shift[:, None, None]).to(kind)


class _ConvPool(torch.autograd.Function):
    """A convolution and max pooling that keeps only the indices of the maxima for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, C, T, F) -> pooled (B, O, T / pool, F / pool)."""
        ctx.size = size
        weights = weights.contiguous(memory_format=torch.channels_last)
        pooled, indices = [], []
        for clips in torch.split(x.contiguous(memory_format=torch.channels_last), _CLIPS_IN_CACHE):
            largest, index = max_pool2d(conv2d(clips, weights, padding=1), size, return_indices=True)
            pooled.append(largest)
            indices.append(index.int())
        ctx.save_for_backward(x, torch.cat(indices))
        return torch.cat(pooled)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        """Return the gradient of the weights; the features need none."""
        x, indices = ctx.saved_tensors
        shape = (gradient.shape[1], x.shape[1], 3, 3)
        total = torch.zeros(shape, device=x.device)
        with torch.autocast(x.device.type, enabled=False):
            whole = (tensor.contiguous(memory_format=torch.channels_last) for tensor in (x, gradient, indices))
            chunks = (torch.split(tensor, _CLIPS_IN_CACHE) for tensor in whole)
            for clips, of_pooled, index in zip(*chunks, strict=True):
                of_output = max_unpool2d(of_pooled, index.long(), ctx.size, output_size=list(x.shape[2:]))
                total += conv2d_weight(clips, shape, of_output, padding=1)  # type: ignore[no-untyped-call]
        return None, total.to(gradient.dtype), None


@torch.no_grad()
def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (K,) and covariance (K, K) of the 9 C inputs under a 3x3 kernel, over all its positions."""
    centre = x.mean(dim=(0, 2, 3))
    # Large means would leave few digits for the covariance.
    around = pad(x, (1, 1, 1, 1)) - centre[:, None, None]
    channels, frames, bands = x.shape[1:]
    size, count = channels * 9, x.numel() // channels
    total, products = x.new_zeros(size), x.new_zeros(size, size)
    for clip in around:
        inputs = clip.unfold(1, frames, 1).unfold(2, bands, 1).reshape(size, -1)
        total += inputs.sum(dim=1)
        products += inputs @ inputs.T
    mean = total / count
    return mean + centre.repeat_interleave(9), products / count - torch.outer(mean, mean)


@torch.no_grad()
def _update_running(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Update the running mean and variance from a batch of `count` values."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / max(count - 1, 1)), norm.momentum)
