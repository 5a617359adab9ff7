"""The learning rate of a step: up from zero, then down to zero."""

import math

from whence.training.recipe import OptimizerSettings


def rate_at(step: int, total_steps: int, settings: OptimizerSettings) -> float:
    """The learning rate of one step, a function of its number alone, so that nothing needs to be remembered.

    Args:
        step: from 0.
        total_steps: of the whole training.
        settings: peak, warm-up and shape.

    Returns:
        the rate; above 0 in every step, since a step at rate 0 would be wasted.

    Source: T. Zhao et al. 2025 (warm-up to 1e-3, cosine to 0).

    >>> settings = OptimizerSettings(peak_rate=1.0, warmup_share=0.5)
    >>> [round(rate_at(step, 8, settings), 3) for step in range(8)]
    [0.25, 0.5, 0.75, 1.0, 0.962, 0.691, 0.309, 0.038]
    """
    warmup = round(settings.warmup_share * total_steps)
    if step < warmup:
        return settings.peak_rate * (step + 1) / warmup
    if settings.schedule == "constant":
        return settings.peak_rate
    fallen = (step - warmup + 0.5) / (total_steps - warmup)
    return settings.peak_rate * 0.5 * (1.0 + math.cos(math.pi * fallen))
