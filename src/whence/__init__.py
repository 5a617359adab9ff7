"""Whence: which sounds happen in a stereo recording, when, from which direction and how far away."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.inference.detecting import detect
    from whence.inference.loading import load
    from whence.inference.streaming import Stream

__all__ = ["Stream", "__version__", "detect", "load"]

__version__ = "0.1.0"

_PLACES = {"detect": "detecting", "load": "loading", "Stream": "streaming"}


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: `import whence` costs nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module 'whence' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"whence.inference.{_PLACES[name]}"), name)
