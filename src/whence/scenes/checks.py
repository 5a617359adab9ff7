"""Rules for settings: each names the dotted field, the value it has and what is allowed."""

import math
from collections.abc import Sequence

from whence.scenes.errors import SceneError


def check_probability(field: str, value: float) -> None:
    """Refuse what is no probability.

    Raises:
        SceneError: unless 0 <= value <= 1.

    >>> check_probability("channel_swap.probability", 1.5)
    Traceback (most recent call last):
    whence.scenes.errors.SceneError: channel_swap.probability is 1.5; it must lie between 0 and 1
    """
    check_number(field, value, 0, 1)


def check_number(field: str, value: float, least: float, most: float = math.inf) -> None:
    """Refuse a number below `least`, above `most`, or that is no number.

    Raises:
        SceneError: unless least <= value <= most and value is finite.
    """
    if not (least <= value <= most and math.isfinite(value)):
        raise SceneError(f"{field} is {value}; it must {_allowed(least, most)}")


def check_span(field: str, span: Sequence[float], least: float = -math.inf, most: float = math.inf) -> None:
    """Refuse a (low, high) pair that does not rise or leaves its limits.

    Raises:
        SceneError: unless least <= low <= high <= most and both are finite.
    """
    if len(span) != 2:
        raise SceneError(f"{field} is {tuple(span)}; it must be two numbers, the lowest and the highest")
    low, high = span
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SceneError(f"{field} is {(low, high)}; both must be finite numbers")
    if low > high:
        raise SceneError(f"{field} is {(low, high)}; the first must not be above the second")
    if low < least or high > most:
        raise SceneError(f"{field} is {(low, high)}; both must {_allowed(least, most)}")


def _allowed(least: float, most: float) -> str:
    """The limits in words."""
    if math.isinf(most):
        return "be a finite number" if math.isinf(least) else f"be at least {least}"
    return f"lie between {least} and {most}"
