"""What stands still while the rest learns: layers of a pretrained encoder, or all but some parts."""

from typing import Any

from torch import nn

from whence.errors import TrainingError


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


def only_these_learn(network: nn.Module, parts: tuple[str, ...]) -> None:
    """Freeze every parameter outside the named parts.

    Raises:
        TrainingError: if the network has no part of such a name.

    >>> network = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    >>> only_these_learn(network, ("1",))
    >>> [parameter.requires_grad for parameter in network.parameters()]
    [False, False, True, True]
    """
    network.requires_grad_(False)
    for part in parts:
        try:
            network.get_submodule(part).requires_grad_(True)
        except AttributeError:
            names = ", ".join(name for name, _ in network.named_children())
            raise TrainingError(f"recipe: learns has {part!r}, which the network has not; its parts: {names}") from None


def let_rest_but(network: nn.Module, parts: tuple[str, ...]) -> None:
    """Put all but the named parts into evaluation mode: no dropout, and batch norms keep their means."""
    for child in network.children():
        child.eval()
    for part in parts:
        network.get_submodule(part).train()
