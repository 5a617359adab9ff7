"""The Dasheng audio encoder: a vision transformer over 40 ms columns of a log-mel, with the published names."""

# B batch, T feature frame (10 ms), F mel band, V token (40 ms), D width, H head

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from whence.errors import ModelError
from whence.models.windows import windows

_PATCH_FRAMES = 4


@dataclass(frozen=True)
class DashengSettings:
    """Sizes of the encoder; `base`, `size_06b` and `size_12b` give the published ones.

    Args:
        width: D.
        depth: blocks.
        heads: H, must divide D.
        mel_count: F.
        positions: tokens with a learned position; longer input is cut into windows of this many.
        overlap: tokens that neighbouring windows share, half of which each gives up; 0 cuts as the original does,
            end to end, so that tokens beside a cut see one side only.
        tag_count: outputs of the AudioSet head; 0 for none, 527 for the tuned file.
        save_memory: compute each block's inside again in the backward pass instead of keeping it.

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


def base(tag_count: int = 0) -> DashengSettings:
    """Dasheng-Base, 85.4 million parameters."""
    return DashengSettings(tag_count=tag_count)


def size_06b() -> DashengSettings:
    """Dasheng-0.6B."""
    return DashengSettings(width=1280, depth=32, heads=16)


def size_12b() -> DashengSettings:
    """Dasheng-1.2B."""
    return DashengSettings(width=1536, depth=40, heads=24)


class Attention(nn.Module):
    """Multi-head self-attention, (B, V, D) -> (B, V, D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Every token as a mix of all."""
        batch, tokens, width = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return result


class Mlp(nn.Module):
    """Linear, GELU, linear; four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, V, D) -> (B, V, D)."""
        result: Tensor = self.fc2(nn.functional.gelu(self.fc1(x)))
        return result


class Block(nn.Module):
    """Attention and MLP, each after a layer norm and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, V, D) -> (B, V, D)."""
        x = x + self.attn(self.norm1(x))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result


class PatchEmbed(nn.Module):
    """One token from all bands of four feature frames."""

    def __init__(self, width: int, mel_count: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, (mel_count, _PATCH_FRAMES), stride=(mel_count, _PATCH_FRAMES))


def _embedding(width: int, positions: int) -> nn.Parameter:
    """(1, D, 1, positions) small random numbers."""
    values = torch.empty(1, width, 1, positions)
    # On the meta device, where `whence models` counts parameters, drawing would import torch's compiler: a second.
    return nn.Parameter(values if values.is_meta else 0.02 * values.normal_())


class DashengEncoder(nn.Module):
    """Log-mel -> one vector per 40 ms.

    The original cuts input beyond 10.08 s into windows end to end; here windows overlap (see
    `DashengSettings.overlap`) and each token is taken from the window in which it stands further inside.

    Args:
        settings: see DashengSettings.

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
        # The names count the rearrangements of the original, which here are plain transposes.
        self.init_bn = nn.Sequential(nn.Identity(), nn.BatchNorm2d(settings.mel_count, momentum=0.01))
        self.patch_embed = PatchEmbed(width, settings.mel_count)
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
        """Tokens (B, V, D) of log-mel maps (B, 1, T, F)."""
        bands_first = self.init_bn(features.permute(0, 3, 1, 2)).permute(0, 2, 1, 3)
        tokens = self.patch_embed.proj(bands_first)
        pieces = windows(tokens.shape[3], self.settings.positions, self.settings.overlap)
        outputs = [
            self._encode(tokens[..., first:end])[:, kept - first : until - first] for first, end, kept, until in pieces
        ]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)

    def tags(self, features: Tensor) -> Tensor:
        """AudioSet probabilities (B, tag_count) of whole clips.

        Raises:
            ModelError: the encoder was built without the tagging head.
        """
        if not self.settings.tag_count:
            raise ModelError("this Dasheng has no AudioSet head; build it with tag_count=527")
        result: Tensor = self.outputlayer(self(features).mean(dim=1)).sigmoid()
        return result

    def freeze(self, block_count: int) -> None:
        """Keep the first blocks as they are: 0 trains everything, `depth` nothing of the encoder.

        What stands before the first block (batch norm with its running means, patches, positions) is frozen with
        the first block, the last norm with the last one. Repeated calls with smaller counts thaw from the top.

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
        """As usual, but a frozen batch norm does not follow the batches."""
        super().train(mode)
        if self.frozen_blocks:
            self.init_bn.eval()
        return self

    def _encode(self, tokens: Tensor) -> Tensor:
        """(B, V, D) of at most `positions` columns (B, D, 1, V)."""
        placed = tokens + self.time_pos_embed[..., : tokens.shape[3]] + self.freq_pos_embed
        x = placed.flatten(2).transpose(1, 2)
        for block in self.blocks:
            remember = self.settings.save_memory and self.training and torch.is_grad_enabled()
            x = checkpoint(block, x, use_reentrant=False) if remember else block(x)
        result: Tensor = self.norm(x)
        return result


def frozen_blocks(epoch: int, depth: int, wait: int, every: int) -> int:
    """How many blocks `freeze` should hold in an epoch of gradual unfreezing, top block first.

    Args:
        epoch: from 0.
        depth: blocks of the encoder.
        wait: epochs with the whole encoder frozen, while the head settles.
        every: epochs from one thawed block to the next.

    >>> [frozen_blocks(epoch, depth=3, wait=2, every=1) for epoch in range(7)]
    [3, 3, 2, 1, 0, 0, 0]
    """
    thawed = 0 if epoch < wait else (epoch - wait) // every + 1
    return max(0, depth - thawed)
