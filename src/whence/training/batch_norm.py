"""Batch norm over the clips of all processes, so that several processes learn what one would."""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from whence.models import Network


def share_batch_norms(network: Network, device: torch.device) -> Network:
    """Let every batch norm of a network see the clips of all processes while it trains.

    Parameters, running means and their names stay, so that files of weights are the same.

    Args:
        network: is changed.
        device: where it trains. PyTorch's own synchronized batch norm computes on GPUs only; elsewhere it is ours.

    Returns:
        the same network.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, _BatchNorm):
                setattr(module, name, _shared(child, nn.SyncBatchNorm if device.type == "cuda" else SharedBatchNorm))
    return network


def _shared(norm: _BatchNorm, kind: type[_BatchNorm]) -> _BatchNorm:
    """Return a batch norm of another kind with the same parameters and buffers."""
    made = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    made.weight, made.bias = norm.weight, norm.bias
    for name, buffer in norm.named_buffers():
        setattr(made, name, buffer)
    return made.train(norm.training)


class SharedBatchNorm(_BatchNorm):
    """Batch norm whose mean and variance in training are those of all processes, which have equally many clips.

    Shape: (B, C, ...) -> (B, C, ...).

    Source: S. Ioffe and C. Szegedy 2015, with both moments averaged over processes.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize; in evaluation with the running mean and variance."""
        if not self.training:
            return super().forward(x)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        axes, shape = [0, *range(2, x.ndim)], (1, -1, *[1] * (x.ndim - 2))
        with torch.autocast(x.device.type, enabled=False):
            exact = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
            mean = _mean_of_processes(exact.mean(axes))
            around = exact - mean.view(shape)
            variance = _mean_of_processes(around.square().mean(axes))
            factor = self.weight * torch.rsqrt(variance + self.eps)
            normalized = around * factor.view(shape) + self.bias.view(shape)
        count = x.numel() // x.shape[1] * distributed.get_world_size()
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / max(count - 1, 1)), self.momentum)
        return normalized.to(x.dtype)

    def _check_input_dim(self, _: Tensor) -> None:
        """Take any number of axes."""


class _MeanOfProcesses(torch.autograd.Function):
    """The mean of a tensor over all processes.

    The loss of every process depends on it, so the gradients of all of them flow back to each.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return the mean."""
        total = x.clone()
        distributed.all_reduce(total)
        return total / distributed.get_world_size()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the mean of the gradients: each process has a share of 1 / W in the mean."""
        return _MeanOfProcesses.forward(ctx, gradient)


def _mean_of_processes(x: Tensor) -> Tensor:
    """Return the mean over all processes, with gradients."""
    mean: Tensor = _MeanOfProcesses.apply(x)  # type: ignore[no-untyped-call]
    return mean
