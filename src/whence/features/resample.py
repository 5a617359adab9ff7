"""24 kHz becomes 16 kHz inside the network's device: what speech and AudioSet encoders were trained on."""

# B batch, C channel

import torch
from torch import Tensor, nn

from whence.features.windows import HALF_WIDTH, STRIDE, resampling_kernels


class To16k(nn.Module):
    """Resample 24 kHz to 16 kHz by one strided convolution; differentiable, zero beyond the ends.

    Output sample n stands at 1.5 n input samples and needs HALF_WIDTH + 2 samples after that.

    Shape: (B, C, sample) -> (B, C, ceil(2 * sample / 3)).

    >>> To16k()(torch.zeros(1, 2, 120_000)).shape
    torch.Size([1, 2, 80000])
    """

    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.from_numpy(resampling_kernels())[:, None], persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """The signal at 16 kHz, float32."""
        batch, channel, sample = signal.shape
        count = -(-2 * sample // 3)
        padded = nn.functional.pad(
            signal.float().reshape(batch * channel, 1, sample), (HALF_WIDTH, HALF_WIDTH + STRIDE)
        )
        with torch.autocast(signal.device.type, enabled=False):
            phases = nn.functional.conv1d(padded, self.kernels, stride=STRIDE)
        return phases.transpose(1, 2).reshape(batch, channel, -1)[..., :count]
