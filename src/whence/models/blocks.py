"""Building blocks that several networks share: residual convolutions and sequence layers over time."""

# B batch, C channel, T time step, F mel band, D width

from collections.abc import Callable

from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.conformer import ConformerBlock, ConformerSettings, FeedForward, SelfAttention


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm beside a shortcut, ReLU, pooling.

    Args:
        maps_in: channels before.
        maps_out: channels after.
        pool: feature frames and mel bands pooled at the end.
        average: pool by the mean instead of the maximum.

    Shape: (B, maps_in, T, F) -> (B, maps_out, T // pool, F // pool).

    Source: He et al. 2016 (arXiv:1512.03385), basic block.
    """

    def __init__(self, maps_in: int, maps_out: int, pool: tuple[int, int] = (1, 1), average: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(maps_in, maps_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(maps_out)
        self.conv2 = nn.Conv2d(maps_out, maps_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(maps_out)
        self.shortcut = nn.Sequential()
        if maps_in != maps_out:
            self.shortcut = nn.Sequential(nn.Conv2d(maps_in, maps_out, 1, bias=False), nn.BatchNorm2d(maps_out))
        pooling: nn.Module = nn.AvgPool2d(pool) if average else nn.MaxPool2d(pool)
        self.pool = pooling if pool != (1, 1) else nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> pooled (B, maps_out, T, F)."""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        result: Tensor = self.pool((inner + self.shortcut(x)).relu())
        return result


class TransformerLayer(nn.Module):
    """Attention and feed-forward, each after a layer norm and added to its input; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, heads: int, dropout: float, reach: int = 64) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, reach, dropout)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = FeedForward(width, 2, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Every time step in view of all."""
        x = x + self.dropout(self.attention(self.norm(x)))
        result: Tensor = x + self.feed_forward(x)
        return result


class BidirectionalGru(nn.Module):
    """A GRU each way, half the width each; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """Every time step after what was before and what comes."""
        result: Tensor = self.gru(x)[0]
        return result


class TimeConvolution(nn.Module):
    """A residual convolution over time, for devices that dislike recurrence; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, dropout: float, kernel: int = 9) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.pointwise = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Every time step with its neighbours."""
        inner = self.pointwise(self.norm(self.depthwise(x.transpose(1, 2))).relu())
        result: Tensor = x + self.dropout(inner).transpose(1, 2)
        return result


def sequence_layers(kinds: tuple[str, ...], width: int, heads: int, dropout: float) -> nn.Sequential:
    """Layers over time by name.

    Args:
        kinds: any of `transformer`, `gru`, `conv`, `conformer`, in order.
        width: D.
        heads: of the attention.
        dropout: in every layer that has any.

    Raises:
        ModelError: an unknown kind.

    >>> [type(layer).__name__ for layer in sequence_layers(("transformer", "gru"), 8, 2, 0.0)]
    ['TransformerLayer', 'BidirectionalGru']
    """
    makers: dict[str, Callable[[], nn.Module]] = {
        "transformer": lambda: TransformerLayer(width, heads, dropout),
        "gru": lambda: BidirectionalGru(width),
        "conv": lambda: TimeConvolution(width, dropout),
        "conformer": lambda: ConformerBlock(ConformerSettings(width, heads, dropout=dropout)),
    }
    unknown = [kind for kind in kinds if kind not in makers]
    if unknown:
        raise ModelError(f"no sequence layer {unknown[0]!r}; there are: {', '.join(makers)}")
    return nn.Sequential(*(makers[kind]() for kind in kinds))
