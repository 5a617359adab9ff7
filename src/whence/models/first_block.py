"""A first convolution with batch norm and max pooling, learned without ever holding its whole output."""

# B batch, C channel, T feature frame, F mel band, K input values under a kernel, O output channel

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, max_unpool2d, pad
from torch.nn.grad import conv2d_weight

# The output of a five-second clip is some MB before it is pooled; a core's cache holds one or two.
_CLIPS_IN_CACHE = 2


def conv_norm_pool(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d, pool: tuple[int, int]) -> Tensor:
    """`max_pool2d(norm(conv(x)), pool)` in training, up to rounding, in half the time on CPUs.

    An output of a convolution is a weighted sum of the few inputs under its kernel, so the means and variances that
    batch norm needs follow from those of the inputs: no pass over the output is needed, and none over its gradient.
    The norm's factor is then folded into the weights and its shift is added after the pooling, where a twentieth of
    the numbers is left. Nothing that is left needs more than one clip, so outputs are made, pooled and forgotten a few
    clips at a time.

    Args:
        x: (B, C, T, F), without gradient: what a front end gives.
        conv: 3x3, with a border of one and a bias.
        norm: its running means and variances are updated as it does in training.
        pool: feature frames and mel bands pooled.

    Returns:
        (B, O, T // pool, F // pool), of the type that autocast asks for.
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
        _follow(norm, weights @ mean + conv.bias, variance, x.numel() // x.shape[1])
        # The bias drops out; with a gradient of zero instead of none it is a parameter like all others.
        shift = norm.bias - folded.flatten(1).to(mean.dtype) @ mean + 0.0 * conv.bias
        return (pooled + shift[:, None, None]).to(kind)


class _ConvPool(torch.autograd.Function):
    """A convolution and the largest of each window of its output; only where the largest stood is remembered."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, size: tuple[int, int]) -> Tensor:
        ctx.size = size
        weights = weights.contiguous(memory_format=torch.channels_last)
        pooled, places = [], []
        for clips in torch.split(x.contiguous(memory_format=torch.channels_last), _CLIPS_IN_CACHE):
            largest, place = max_pool2d(conv2d(clips, weights, padding=1), size, return_indices=True)
            pooled.append(largest)
            places.append(place.int())
        ctx.save_for_backward(x, torch.cat(places))
        return torch.cat(pooled)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        x, places = ctx.saved_tensors
        shape = (gradient.shape[1], x.shape[1], 3, 3)
        total = torch.zeros(shape, device=x.device)
        with torch.autocast(x.device.type, enabled=False):
            whole = (tensor.contiguous(memory_format=torch.channels_last) for tensor in (x, gradient, places))
            chunks = (torch.split(tensor, _CLIPS_IN_CACHE) for tensor in whole)
            for clips, of_pooled, place in zip(*chunks, strict=True):
                of_output = max_unpool2d(of_pooled, place.long(), ctx.size, output_size=list(x.shape[2:]))
                total += conv2d_weight(clips, shape, of_output, padding=1)  # type: ignore[no-untyped-call]
        return None, total.to(gradient.dtype), None


@torch.no_grad()
def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (K,) and covariance (K, K) of the 9 C inputs under a 3x3 kernel, over all its places."""
    centre = x.mean(dim=(0, 2, 3))
    # Large means would leave few digits for the covariance.
    around = pad(x, (1, 1, 1, 1)) - centre[:, None, None]
    channels, frames, bands = x.shape[1:]
    size, count = channels * 9, x.numel() // channels
    total, products = x.new_zeros(size), x.new_zeros(size, size)
    for clip in around:
        places = clip.unfold(1, frames, 1).unfold(2, bands, 1).reshape(size, -1)
        total += places.sum(dim=1)
        products += places @ places.T
    mean = total / count
    return mean + centre.repeat_interleave(9), products / count - torch.outer(mean, mean)


@torch.no_grad()
def _follow(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Update running means and variances with those of a batch of so many values."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / max(count - 1, 1)), norm.momentum)
