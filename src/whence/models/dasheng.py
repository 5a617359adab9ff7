"""The Dasheng audio encoder: a vision transformer over 40 ms columns of a log-mel, with the published names."""

# B batch, T feature frame (10 ms), F mel band, V token (40 ms), D width, H head

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from whence.errors import ModelError

_PATCH_FRAMES = 4


@dataclass(frozen=True)
class DashengSettings:
    """Sizes of the encoder; the defaults are Dasheng-Base, 85.4 million parameters.

    Dasheng-0.6B has width 1280, depth 32 and 16 heads; Dasheng-1.2B has 1536, 40 and 24.

    Args:
        width: D.
        depth: blocks.
        heads: H, must divide D.
        mel_count: F.
        positions: tokens with a learned position; longer input is cut into windows of this many.
        overlap: tokens that neighbouring windows share; each uses half of them. 0 cuts end to end as the original
            does, so that tokens beside a cut have context on one side only.
        tag_count: outputs of the AudioSet head; 0 for none, 527 for the tuned file. Detectors do not use it.
        save_memory: compute activations inside blocks again in the backward pass instead of storing them.

    Raises:
        ModelError: sizes that do not fit.
    """

    width: int = 768
    depth: int = 12
    heads: int = 12
    mel_count: int = 64
    positions: int = 252
    overlap: int = 50
    tag_count: int = 0
    save_memory: bool = False

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ModelError(f"dasheng: width {self.width} is no multiple of {self.heads} heads")
        if not 0 <= self.overlap < self.positions:
            raise ModelError(f"dasheng: overlap is {self.overlap}; it must lie in 0..{self.positions - 1}")


class Attention(nn.Module):
    """Multi-head self-attention, (B, V, D) -> (B, V, D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, V, D) -> (B, V, D)."""
        batch, tokens, width = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """Attention and an MLP, each after a layer norm and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        hidden = {"fc1": nn.Linear(width, 4 * width), "gelu": nn.GELU(), "fc2": nn.Linear(4 * width, width)}
        self.mlp = nn.Sequential(OrderedDict(hidden))

    def forward(self, x: Tensor) -> Tensor:
        """(B, V, D) -> (B, V, D)."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def _embedding(width: int, positions: int) -> nn.Parameter:
    """(1, D, 1, positions) small random numbers."""
    values = torch.empty(1, width, 1, positions)
    # On the meta device, where `whence models` counts parameters, drawing would import torch's compiler: a second.
    return nn.Parameter(values if values.is_meta else 0.02 * values.normal_())


class DashengEncoder(nn.Module):
    """Log-mel -> one vector per 40 ms.

    The original cuts input beyond 10.08 s into windows end to end. Here windows overlap (see
    `DashengSettings.overlap`), and each token is taken from the window whose ends are farther away.

    Shape: (B, 1, T, 64) of `dasheng_mel` -> (B, T // 4, D).

    Source: Dinkel et al. 2024 (arXiv:2406.06992), github.com/RicherMans/Dasheng (Apache-2.0).

    >>> encoder = DashengEncoder(DashengSettings(width=16, depth=1, heads=2))
    >>> encoder(torch.zeros(1, 1, 501, 64)).shape
    torch.Size([1, 125, 16])
    """

    def __init__(self, settings: DashengSettings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        # The published names count layers that rearrange dimensions, which here are plain transposes.
        self.init_bn = nn.Sequential(nn.Identity(), nn.BatchNorm2d(settings.mel_count, momentum=0.01))
        patch = (settings.mel_count, _PATCH_FRAMES)
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, width, patch, stride=patch)})
        self.time_pos_embed = _embedding(width, settings.positions)
        self.freq_pos_embed = _embedding(width, 1)
        self.blocks = nn.ModuleList(Block(width, settings.heads) for _ in range(settings.depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        if settings.tag_count:
            self.outputlayer = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, settings.tag_count))
        self.frozen_blocks = 0
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel maps (B, 1, T, F) -> tokens (B, V, D)."""
        bands_first = self.init_bn(features.permute(0, 3, 1, 2)).permute(0, 2, 1, 3)
        tokens = self.patch_embed["proj"](bands_first)
        outputs = [
            self._encode(tokens[..., first:end])[:, use_first - first : use_end - first]
            for first, end, use_first, use_end in windows(
                tokens.shape[3], self.settings.positions, self.settings.overlap
            )
        ]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)

    def freeze(self, block_count: int) -> None:
        """Freeze the first blocks: 0 trains everything, `depth` nothing of the encoder.

        The layers before the first block (batch norm with its running statistics, patches, positions) are frozen with
        it, the last norm with the last block. Repeated calls with smaller counts unfreeze from the top.

        Raises:
            ModelError: the count is not in 0..depth.
        """
        depth = self.settings.depth
        if not 0 <= block_count <= depth:
            raise ModelError(f"dasheng: cannot freeze {block_count} blocks; there are {depth}")
        self.frozen_blocks = block_count
        self.requires_grad_(block_count == 0)
        for block in self.blocks[block_count:]:
            block.requires_grad_(True)
        if block_count < depth:
            self.norm.requires_grad_(True)
        self.train(self.training)

    def train(self, mode: bool = True) -> "DashengEncoder":
        """Set the training mode, in which a frozen batch norm keeps its running statistics."""
        super().train(mode)
        if self.frozen_blocks:
            self.init_bn.eval()
        return self

    def _encode(self, tokens: Tensor) -> Tensor:
        """At most `positions` columns (B, D, 1, V) -> tokens (B, V, D)."""
        with_positions = tokens + self.time_pos_embed[..., : tokens.shape[3]] + self.freq_pos_embed
        x = with_positions.flatten(2).transpose(1, 2)
        for block in self.blocks:
            recompute = self.settings.save_memory and self.training and torch.is_grad_enabled()
            x = checkpoint(block, x, use_reentrant=False) if recompute else block(x)
        return self.norm(x)


def windows(count: int, size: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Cut `count` tokens into windows of at most `size`, each token to be used from one of them.

    Args:
        count: number of tokens.
        size: tokens in a window.
        overlap: tokens that neighbours share; the last pair may share more, so that all windows are full. With 0
            the last window may be shorter.

    Returns:
        for each window its first token, its end, and the part (from, until) to use.

    >>> windows(9, 4, 2)
    [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 6), (5, 9, 6, 9)]
    """
    if count <= size:
        return [(0, count, 0, count)]
    starts = list(range(0, count - (size if overlap else 0), size - overlap))
    if overlap:
        starts.append(count - size)
    ends = [min(start + size, count) for start in starts]
    cuts = [0, *((start + end) // 2 for start, end in zip(starts[1:], ends, strict=False)), count]
    return list(zip(starts, ends, cuts, cuts[1:], strict=False))
