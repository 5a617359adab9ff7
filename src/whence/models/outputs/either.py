"""The few functions that codings apply to NumPy arrays and torch tensors alike, so that decoding needs no torch."""

from typing import Any

import numpy as np


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return np.tanh(x) if isinstance(x, np.ndarray) else x.tanh()


def relu(x: Any) -> Any:
    """The positive part."""
    return np.maximum(x, np.zeros((), x.dtype)) if isinstance(x, np.ndarray) else x.relu()


def sigmoid(x: Any) -> Any:
    """Logit to probability, without overflow either way."""
    if not isinstance(x, np.ndarray):
        return x.sigmoid()
    half = np.asarray(0.5, x.dtype)
    return half * (np.tanh(half * x) + np.asarray(1, x.dtype))


def softplus(x: Any) -> Any:
    """ln(1 + exp(x)): positive, and straight for large x."""
    if isinstance(x, np.ndarray):
        return np.logaddexp(x, np.zeros((), x.dtype))
    from torch.nn.functional import softplus as torch_softplus

    return torch_softplus(x)


def exp(x: Any) -> Any:
    """Exponential."""
    return np.exp(x) if isinstance(x, np.ndarray) else x.exp()


def degrees_of(y: Any, x: Any) -> Any:
    """The angle of (x, y) in degrees, -180..180."""
    if isinstance(x, np.ndarray):
        return np.degrees(np.arctan2(y, x))
    return y.atan2(x).rad2deg()


def stack(parts: list[Any], axis: int) -> Any:
    """Arrays of one shape along a new axis."""
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts, axis)
    import torch

    return torch.stack(parts, axis)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`."""
    return np.where(condition, yes, no) if isinstance(yes, np.ndarray) else yes.where(condition, no)
