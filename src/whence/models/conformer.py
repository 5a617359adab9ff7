"""The Conformer block and its parts."""

# B batch, T time step, D width, H head, E head width

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from whence.errors import ModelError


@dataclass(frozen=True)
class ConformerSettings:
    """Sizes of one block.

    Args:
        width: D.
        heads: H; must divide D.
        feed_forward: width of the feed-forward as a multiple of D.
        kernel: time steps under the depthwise convolution, odd.
        expansion: width inside the convolution as a multiple of D.
        dropout: after every part.
        reach: largest distance in time steps that has an attention bias of its own; 0 for no bias.

    Raises:
        ModelError: sizes that do not fit.
    """

    width: int = 256
    heads: int = 8
    feed_forward: int = 2
    kernel: int = 7
    expansion: int = 2
    dropout: float = 0.1
    reach: int = 128

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ModelError(f"conformer: width {self.width} is no multiple of {self.heads} heads")
        if self.kernel % 2 == 0:
            raise ModelError(f"conformer: kernel is {self.kernel}; it must be odd")


class SelfAttention(nn.Module):
    """Multi-head self-attention with a learned bias for each head and distance in time.

    The bias gives the block a sense of order without limiting the length, as learned positions would.

    Args:
        width: D.
        heads: H.
        reach: see ConformerSettings.
        dropout: of the attention weights.

    Shape: (B, T, D) -> (B, T, D).
    """

    def __init__(self, width: int, heads: int, reach: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.reach, self.dropout = heads, reach, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(2 * reach + 1, heads)) if reach else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        batch, steps, width = x.shape
        query, key, value = (
            part.reshape(batch, steps, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2)
        )
        mixed = scaled_dot_product_attention(
            query, key, value, attn_mask=self._bias(x, query.dtype), dropout_p=self.dropout if self.training else 0.0
        )
        return self.project(mixed.transpose(1, 2).reshape(batch, steps, width))

    def _bias(self, x: Tensor, dtype: torch.dtype) -> Tensor | None:
        """(H, T, T): what is added to each head's scores."""
        if self.bias is None:
            return None
        step = torch.arange(x.shape[1], device=x.device)
        distance = (step[None, :] - step[:, None]).clamp(-self.reach, self.reach) + self.reach
        return self.bias[distance].permute(2, 0, 1).to(dtype)


class FeedForward(nn.Module):
    """Layer norm, linear, Swish, linear, each followed by dropout."""

    def __init__(self, width: int, multiple: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, multiple * width)
        self.shrink = nn.Linear(multiple * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        hidden = self.dropout(nn.functional.silu(self.expand(self.norm(x))))
        return self.dropout(self.shrink(hidden))


class Convolution(nn.Module):
    """Layer norm, gated linear unit, depthwise convolution over time, batch norm, Swish, linear."""

    def __init__(self, settings: ConformerSettings) -> None:
        super().__init__()
        inner = settings.expansion * settings.width
        self.norm = nn.LayerNorm(settings.width)
        self.gate = nn.Conv1d(settings.width, 2 * inner, 1)
        self.depthwise = nn.Conv1d(inner, inner, settings.kernel, padding=settings.kernel // 2, groups=inner)
        self.batch_norm = nn.BatchNorm1d(inner)
        self.shrink = nn.Conv1d(inner, settings.width, 1)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = nn.functional.glu(self.gate(self.norm(x).transpose(1, 2)), dim=1)
        x = nn.functional.silu(self.batch_norm(self.depthwise(x)))
        return self.dropout(self.shrink(x)).transpose(1, 2)


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, convolution and half a feed-forward, each added to its input; layer norm.

    Shape: (B, T, D) -> (B, T, D).

    Source: Gulati et al. 2020 (arXiv:2005.08100), with a distance bias in place of relative sinusoids.

    >>> ConformerBlock(ConformerSettings(width=16, heads=2))(torch.zeros(1, 50, 16)).shape
    torch.Size([1, 50, 16])
    """

    def __init__(self, settings: ConformerSettings) -> None:
        super().__init__()
        self.before = FeedForward(settings.width, settings.feed_forward, settings.dropout)
        self.attention_norm = nn.LayerNorm(settings.width)
        self.attention = SelfAttention(settings.width, settings.heads, settings.reach, settings.dropout)
        self.attention_dropout = nn.Dropout(settings.dropout)
        self.convolution = Convolution(settings)
        self.after = FeedForward(settings.width, settings.feed_forward, settings.dropout)
        self.norm = nn.LayerNorm(settings.width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + 0.5 * self.before(x)
        x = x + self.attention_dropout(self.attention(self.attention_norm(x)))
        x = x + self.convolution(x)
        x = x + 0.5 * self.after(x)
        return self.norm(x)
