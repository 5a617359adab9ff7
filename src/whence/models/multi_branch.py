"""Multi-branch network: activity, direction and distance in three branches."""

# B batch, C map, T feature frame (20 ms), F mel band, L label frame (100 ms), K class, D width

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from whence.errors import ModelError
from whence.models.blocks import Network
from whence.models.conformer import ConformerBlock
from whence.models.resnet_conformer import (
    ResnetConformerSettings,
    ResnetEncoder,
    TwoLayerHead,
    challenge,
    max_over_time,
)


def _trunk() -> ResnetConformerSettings:
    """The challenge form with half of its Conformers; the branches have the others."""
    return replace(challenge(), depth=4, heads=())


@dataclass(frozen=True)
class MultiBranchSettings:
    """A shared trunk and the branches.

    Args:
        trunk: stages, Conformers and final pooling before the branches; its output_size and heads are not used.
        class_count: K.
        branch_depth: Conformers in each branch.

    Raises:
        ModelError: no class, or a negative depth.
    """

    trunk: ResnetConformerSettings = field(default_factory=_trunk)
    class_count: int = 13
    branch_depth: int = 2

    def __post_init__(self) -> None:
        if self.class_count < 1 or self.branch_depth < 0:
            raise ModelError("multi_branch: class_count from 1, branch_depth from 0")

    @property
    def input_maps(self) -> int:
        """C."""
        return self.trunk.input_maps

    @property
    def mel_count(self) -> int:
        """F."""
        return self.trunk.mel_count

    @property
    def output_size(self) -> int:
        """Activity, x, y and distance of every class."""
        return 4 * self.class_count


class MultiBranch(Network):
    """One trunk and three branches, whose outputs side by side are the classwise coding with `direction="vector"`.

    Shape: (B, 2, T, 64) -> (B, T // 5, 52): 13 activities, 13 x, 13 y, 13 distances.

    Source: arXiv:2501.10755 (the three-branch structure of NERC-SLIP, DCASE 2024 Task 3). How many Conformers are
        shared is our choice.

    >>> MultiBranchSettings().output_size
    52
    """

    settings_type = MultiBranchSettings
    features = "logmel"
    output = "classwise"

    def __init__(self, settings: MultiBranchSettings | None = None) -> None:
        super().__init__(settings := settings or MultiBranchSettings())
        trunk, count = settings.trunk, settings.class_count
        self.encoder = ResnetEncoder(trunk)
        self.conformers = nn.Sequential(*(ConformerBlock(trunk.conformer) for _ in range(trunk.depth)))
        sizes = {"activity": count, "direction": 2 * count, "distance": count}
        self.branches = nn.ModuleDict({name: self._branch(size) for name, size in sizes.items()})

    def _branch(self, size: int) -> nn.Sequential:
        """Conformers and a head."""
        conformer = self.settings.trunk.conformer
        blocks = (ConformerBlock(conformer) for _ in range(self.settings.branch_depth))
        return nn.Sequential(*blocks, TwoLayerHead(conformer.width, size))

    def forward(self, features: Tensor) -> Tensor:
        """Maps (B, C, T, F) -> raw output (B, L, 4 K)."""
        x = self.conformers(self.encoder(features))
        x = max_over_time(x, self.settings.trunk.final_time_pool)
        return torch.cat([branch(x) for branch in self.branches.values()], dim=2)
