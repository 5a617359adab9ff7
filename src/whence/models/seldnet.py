"""SELDnet: the official DCASE 2025 Task 3 baseline network, with the official names of its weights."""

# B batch, C channel, T feature frame (20 ms), F mel band, L label frame (100 ms), D width

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from whence.errors import ModelError
from whence.models.blocks import Network
from whence.models.conv_norm_pool import conv_norm_pool


@dataclass(frozen=True)
class SeldNetSettings:
    """Sizes of the baseline; the defaults give the published 734,261 parameters.

    Args:
        input_maps: C.
        mel_count: F; the product of `frequency_pools` must divide it.
        output_size: numbers per label frame; 117 is multi-ACCDOA with 13 classes.
        filters: channels of each convolution.
        time_pools: feature frames pooled by each block; their product is feature frames per label frame.
        frequency_pools: mel bands pooled by each block.
        width: D, of the GRU and the attention.
        heads: of the attention.
        dropout: everywhere.

    Raises:
        ModelError: sizes that do not divide.
    """

    input_maps: int = 2
    mel_count: int = 64
    output_size: int = 117
    filters: int = 64
    time_pools: tuple[int, ...] = (5, 1, 1)
    frequency_pools: tuple[int, ...] = (4, 4, 2)
    width: int = 128
    heads: int = 8
    dropout: float = 0.05

    def __post_init__(self) -> None:
        bands = self.mel_count
        for pool in self.frequency_pools:
            if bands % pool:
                raise ModelError(f"seldnet: {self.mel_count} mel bands cannot be pooled by {self.frequency_pools}")
            bands //= pool
        if len(self.time_pools) != len(self.frequency_pools):
            raise ModelError("seldnet: time_pools and frequency_pools must be equally long")
        if self.width % self.heads:
            raise ModelError(f"seldnet: width {self.width} is no multiple of {self.heads} heads")


class ConvBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU, max pooling, dropout of whole channels."""

    def __init__(self, maps_in: int, maps_out: int, pool: tuple[int, int], dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(maps_in, maps_out, 3, padding=1)
        self.bn = nn.BatchNorm2d(maps_out)
        self.pool_size = pool
        self.pool = nn.MaxPool2d(pool)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, filters, T / pool, F / pool)."""
        # A batch norm over several processes computes its mean itself.
        alone = type(self.bn) is nn.BatchNorm2d
        if self.training and alone and x.device.type == "cpu" and not x.requires_grad:
            pooled = conv_norm_pool(x, self.conv, self.bn, self.pool_size)
        else:
            pooled = self.pool(self.bn(self.conv(x)))
        # ReLU is monotone, so it may follow the pooling, which leaves a twentieth of the numbers.
        return self.dropout(pooled.relu())


class SeldNet(Network):
    """Three convolution blocks, a two-layer bidirectional GRU, two attention layers, two linear layers.

    The state dict has the official names, so converted official weights load as they are. The official
    network applies tanh and ReLU to its last layer; here the coding does.

    Shape: (B, 2, T, 64) -> (B, T // 5, 117).

    Source: DCASE 2025 Task 3 stereo SELD baseline, model.py (audio-only).

    >>> SeldNet().parameter_count()
    734261
    """

    settings_type = SeldNetSettings
    features = "logmel"
    output = "multi_accdoa"

    def __init__(self, settings: SeldNetSettings | None = None) -> None:
        super().__init__(settings := settings or SeldNetSettings())
        self.conv_blocks = nn.ModuleList()
        maps, bands = settings.input_maps, settings.mel_count
        for pool in zip(settings.time_pools, settings.frequency_pools, strict=True):
            self.conv_blocks.append(ConvBlock(maps, settings.filters, pool, settings.dropout))
            maps, bands = settings.filters, bands // pool[1]
        width = settings.width
        self.gru = nn.GRU(maps * bands, width, 2, batch_first=True, dropout=settings.dropout, bidirectional=True)
        self.mhsa_layers = nn.ModuleList(
            nn.MultiheadAttention(width, settings.heads, settings.dropout, batch_first=True) for _ in range(2)
        )
        self.layer_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.fnn_list = nn.ModuleList((nn.Linear(width, width), nn.Linear(width, settings.output_size)))

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, C, T, F) -> raw output (B, L, output_size)."""
        # Channels last: convolution and batch norm of few maps then run at the speed of memory.
        x = features.contiguous(memory_format=torch.channels_last)
        for block in self.conv_blocks:
            x = block(x)
        x = self.gru(x.transpose(1, 2).flatten(2))[0].tanh()
        first_half, second_half = x.chunk(2, dim=2)
        x = first_half * second_half
        for attention, norm in zip(self.mhsa_layers, self.layer_norms, strict=True):
            x = norm(x + _attend(attention, x))
        first, last = self.fnn_list
        return last(first(x))


def _attend(attention: nn.Module, x: Tensor) -> Tensor:
    """Self-attention (B, L, D) -> (B, L, D); in an exported graph, for clips of any length."""
    assert isinstance(attention, nn.MultiheadAttention)
    if not torch.onnx.is_in_onnx_export():
        attended: Tensor = attention(x, x, x, need_weights=False)[0]
        return attended
    # Traced, torch's own attention would keep the number of label frames of the example.
    width, heads = attention.embed_dim, attention.num_heads
    projected = linear(x, attention.in_proj_weight, attention.in_proj_bias).chunk(3, dim=2)
    query, key, value = (part.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2) for part in projected)
    mixed = scaled_dot_product_attention(query, key, value)
    whole: Tensor = attention.out_proj(mixed.transpose(1, 2).reshape(x.shape[0], x.shape[1], width))
    return whole
