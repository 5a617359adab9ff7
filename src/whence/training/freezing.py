"""Which layers of a pretrained encoder stand still, step by step."""

from typing import Any

from torch import nn


def frozen_at(step: int, total_steps: int, phases: tuple[tuple[float, int], ...]) -> int:
    """How many of an encoder's first layers are frozen in one step, a function of its number alone.

    Args:
        step: from 0.
        total_steps: of the whole training.
        phases: (share of all steps at which it ends, layers frozen until then), in order; behind the last nothing is.

    >>> [frozen_at(step, 10, ((0.2, 12), (0.5, 8))) for step in range(7)]
    [12, 12, 8, 8, 8, 0, 0]
    """
    for end, count in phases:
        if step < round(end * total_steps):
            return count
    return 0


def let_rest(encoder: nn.Module) -> None:
    """Put every part of an encoder whose parameters are all frozen into evaluation mode.

    Its batch norms then keep their means, so that it gives the same for a clip whatever stands beside it.
    """
    for module in encoder.modules():
        parameters: list[Any] = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()
