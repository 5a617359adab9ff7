"""ResNet-Conformer: residual convolutions, then Conformers over time, in two published sizes."""

# B batch, C map, T feature frame (20 ms), F mel band, L label frame (100 ms), D width

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.blocks import Network, ResidualBlock
from whence.models.conformer import ConformerBlock, ConformerSettings


@dataclass(frozen=True)
class ResnetConformerSettings:
    """Sizes; the defaults are our reading of T. Zhao et al. 2025, `challenge()` gives the larger form.

    That paper has four residual blocks in place of the baseline's convolution blocks, Conformer blocks, and a fully
    connected layer to 26 numbers. It gives no widths; we use 64-64-128-128 channels and four Conformers.

    Args:
        input_maps: C.
        mel_count: F; the product of `frequency_pools` must divide it.
        output_size: numbers per label frame; 26 is classwise azimuth and distance of 13 classes.
        stem: channels of a 3x3 convolution in front; 0 for none.
        channels: of each stage.
        blocks_per_stage: residual blocks in each stage.
        time_pools: feature frames pooled at the end of each stage.
        frequency_pools: mel bands pooled at the end of each stage.
        squeeze: channels after a 1x1 convolution behind the last stage; 0 for none.
        conformer: see ConformerSettings.
        depth: Conformer blocks.
        final_time_pool: Conformer steps per label frame, pooled by the maximum.
        heads: sizes of the parts of the output, each from its own two layers; () for one linear layer.

    Raises:
        ModelError: sizes that do not fit each other.
    """

    input_maps: int = 2
    mel_count: int = 64
    output_size: int = 26
    stem: int = 0
    channels: tuple[int, ...] = (64, 64, 128, 128)
    blocks_per_stage: int = 1
    time_pools: tuple[int, ...] = (5, 1, 1, 1)
    frequency_pools: tuple[int, ...] = (4, 4, 2, 1)
    squeeze: int = 0
    conformer: ConformerSettings = field(default_factory=ConformerSettings)
    depth: int = 4
    final_time_pool: int = 1
    heads: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.channels) == len(self.time_pools) == len(self.frequency_pools):
            raise ModelError("resnet_conformer: channels, time_pools and frequency_pools must be equally long")
        bands = self.mel_count
        for pool in self.frequency_pools:
            if bands % pool:
                raise ModelError(f"resnet_conformer: {self.mel_count} bands cannot be pooled by {self.frequency_pools}")
            bands //= pool
        if self.heads and sum(self.heads) != self.output_size:
            raise ModelError(f"resnet_conformer: heads {self.heads} do not add up to output_size {self.output_size}")


def challenge(input_maps: int = 2) -> ResnetConformerSettings:
    """Return the form of the winners of 2022 to 2024: no pooling in time before eight Conformers, three heads.

    Heads: activity 13, direction (x, y) 26, distance 13, for the classwise coding with `direction="vector"`. It has
    11.5 million parameters; reports give 11.8, with a vector for each distance in time where ours has one number.
    """
    return ResnetConformerSettings(
        input_maps=input_maps,
        output_size=52,
        stem=24,
        channels=(24, 48, 96, 192),
        blocks_per_stage=2,
        time_pools=(1, 1, 1, 1),
        frequency_pools=(4, 4, 2, 1),
        squeeze=256,
        depth=8,
        final_time_pool=5,
        heads=(13, 26, 13),
    )


class ResnetEncoder(nn.Module):
    """Residual stages and a projection; (B, C, T, F) -> (B, T / time pools, D)."""

    def __init__(self, settings: ResnetConformerSettings) -> None:
        super().__init__()
        maps, bands = settings.input_maps, settings.mel_count
        layers: list[nn.Module] = []
        if settings.stem:
            layers += [
                nn.Conv2d(maps, settings.stem, 3, padding=1, bias=False),
                nn.BatchNorm2d(settings.stem),
                nn.ReLU(),
            ]
            maps = settings.stem
        pools = zip(settings.time_pools, settings.frequency_pools, strict=True)
        for channels, pool in zip(settings.channels, pools, strict=True):
            for number in range(settings.blocks_per_stage):
                is_last = number == settings.blocks_per_stage - 1
                layers.append(ResidualBlock(maps, channels, pool if is_last else (1, 1)))
                maps = channels
            bands //= pool[1]
        if settings.squeeze:
            layers.append(nn.Conv2d(maps, settings.squeeze, 1))
            maps = settings.squeeze
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(maps * bands, settings.conformer.width)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, T / time pools, D)."""
        return self.project(self.layers(features).transpose(1, 2).flatten(2))


def max_over_time(x: Tensor, steps: int) -> Tensor:
    """Take the maximum over every `steps` time steps, (B, T, D) -> (B, T // steps, D); a remainder is left out.

    Written with a reshape because the pooling layer fixes the length of an exported graph.

    >>> max_over_time(torch.tensor([[[1.0], [3.0], [2.0], [0.0], [9.0]]]), 2).flatten()
    tensor([3., 2.])
    """
    count = x.shape[1] // steps
    return x[:, : count * steps].reshape(x.shape[0], count, steps, x.shape[2]).amax(dim=2)


class TwoLayerHead(nn.Sequential):
    """Linear, LeakyReLU, linear."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__(nn.Linear(width, width), nn.LeakyReLU(), nn.Linear(width, size))


class ResnetConformer(Network):
    """Residual convolutions over time and frequency, then Conformers over time.

    Shape: (B, 2, T, 64) -> (B, T // 5, 26).

    Source: T. Zhao et al. 2025, DCASE Task 3; Wang et al. 2023 (arXiv:2101.02919) for the larger form.

    >>> small = ResnetConformerSettings(channels=(4, 4, 4, 4), depth=1, conformer=ConformerSettings(16, 2))
    >>> ResnetConformer(small).eval()(torch.zeros(1, 2, 251, 64)).shape
    torch.Size([1, 50, 26])
    """

    settings_type = ResnetConformerSettings
    features = "logmel"
    output = "classwise"

    def __init__(self, settings: ResnetConformerSettings | None = None) -> None:
        super().__init__(settings := settings or ResnetConformerSettings())
        self.encoder = ResnetEncoder(settings)
        self.conformers = nn.Sequential(*(ConformerBlock(settings.conformer) for _ in range(settings.depth)))
        width = settings.conformer.width
        if settings.heads:
            self.heads = nn.ModuleList(TwoLayerHead(width, size) for size in settings.heads)
        else:
            self.heads = nn.ModuleList([nn.Linear(width, settings.output_size)])

    def forward(self, features: Tensor) -> Tensor:
        """Maps (B, C, T, F) -> raw output (B, L, output_size)."""
        x = self.conformers(self.encoder(features))
        x = max_over_time(x, self.settings.final_time_pool)
        return torch.cat([head(x) for head in self.heads], dim=2)
