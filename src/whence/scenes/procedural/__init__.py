"""A sound bank from nothing: physically inspired generators for every class; no recordings needed."""

from whence.scenes.procedural.bank import GENERATORS, generate, procedural_sounds
from whence.scenes.procedural.waves import PEAK

__all__ = ["GENERATORS", "PEAK", "generate", "procedural_sounds"]
