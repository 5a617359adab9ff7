"""What networks share: their interface, residual convolutions, layers over time, and the step to label frames."""

# B batch, C map or channel, T feature frame or time step, F mel band, L label frame (100 ms), V vector, D width

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.conformer import ConformerBlock, ConformerSettings, FeedForward, SelfAttention

# 20 ms: the largest step that divides 40 and 80 ms vectors as well as 100 ms label frames.
_UNITS_PER_LABEL_FRAME = 5


class Network(nn.Module):
    """A network maps features (B, C, T, F) to raw output (B, L, output_size), which a coding gives a meaning.

    T and L may be any length. Features are computed outside (see `whence.features`), so a network has real
    arithmetic only and exports as it is. Its output has no activation: the coding applies it.

    Attributes:
        settings_type: the frozen dataclass a network is built from; it has `input_maps`, `mel_count`, `output_size`.
        features: the front end it was designed for, a key of `whence.features.registry.FEATURES`.
        output: the coding it was designed for, a key of `whence.models.outputs.registry.OUTPUTS`.
    """

    settings_type: ClassVar[type]
    features: ClassVar[str]
    output: ClassVar[str]

    def __init__(self, settings: Any = None) -> None:
        super().__init__()
        self.settings = settings or self.settings_type()

    @property
    def is_told(self) -> bool:
        """Whether it also takes the pair of microphones, (B, MICROPHONE_NUMBERS) as `Microphones.numbers` has it."""
        return bool(getattr(self.settings, "told", False))

    def parameter_count(self) -> int:
        """Count the parameters, frozen ones too."""
        return sum(parameter.numel() for parameter in self.parameters())


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm beside a shortcut, ReLU, max pooling.

    Args:
        maps_in: channels before.
        maps_out: channels after.
        pool: feature frames and mel bands pooled at the end.

    Shape: (B, maps_in, T, F) -> (B, maps_out, T // pool, F // pool).

    Source: He et al. 2016 (arXiv:1512.03385), basic block.
    """

    def __init__(self, maps_in: int, maps_out: int, pool: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(maps_in, maps_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(maps_out)
        self.conv2 = nn.Conv2d(maps_out, maps_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(maps_out)
        self.shortcut = nn.Sequential()
        if maps_in != maps_out:
            self.shortcut = nn.Sequential(nn.Conv2d(maps_in, maps_out, 1, bias=False), nn.BatchNorm2d(maps_out))
        self.pool: nn.Module = nn.MaxPool2d(pool) if pool != (1, 1) else nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> pooled (B, maps_out, T, F)."""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return self.pool((inner + self.shortcut(x)).relu())


class TransformerLayer(nn.Module):
    """Self-attention and feed-forward, each after a layer norm and added to its input; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, 64, dropout)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = FeedForward(width, 2, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.dropout(self.attention(self.norm(x)))
        return x + self.feed_forward(x)


class BidirectionalGru(nn.Module):
    """A GRU in each direction, half the width each; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        return self.gru(x)[0]


class TimeConvolution(nn.Module):
    """A residual convolution over nine time steps, for devices without fast recurrence; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 9, padding=4, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.pointwise = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        inner = self.pointwise(self.norm(self.depthwise(x.transpose(1, 2))).relu())
        return x + self.dropout(inner).transpose(1, 2)


def sequence_layers(kinds: tuple[str, ...], width: int, heads: int, dropout: float) -> nn.Sequential:
    """Build layers over time by name.

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


def share_time(vectors: Tensor, units_per_vector: int, label_frames: int) -> Tensor:
    """Average an encoder's vectors over each label frame, weighted by the time they share with it.

    A vector of 40 ms is two units of 20 ms and a label frame five, so 125 vectors become 250 units and
    50 label frames: 2.5 vectors each. Exact and without parameters. If the vectors end early, the last is repeated.

    Args:
        vectors: (B, V, D), vector v covers units v * units_per_vector onwards.
        units_per_vector: 20 ms units per vector; 2 for Dasheng.
        label_frames: L.

    Returns:
        (B, L, D).

    >>> share_time(torch.arange(5.0).reshape(1, 5, 1), 2, 2).flatten()
    tensor([0.8000, 3.2000])
    """
    batch, _, width = vectors.shape
    units = vectors[:, :, None].expand(-1, -1, units_per_vector, -1).reshape(batch, -1, width)
    repeated = units[:, -1:].expand(-1, _UNITS_PER_LABEL_FRAME, -1)
    units = torch.cat((units, repeated), dim=1)[:, : _UNITS_PER_LABEL_FRAME * label_frames]
    return units.reshape(batch, label_frames, _UNITS_PER_LABEL_FRAME, width).mean(dim=2)
