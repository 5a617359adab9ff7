"""A sound bank from nothing: physically inspired generators for every class; no recordings needed."""

from whence.synth.bank import GENERATORS, generate, procedural_sounds
from whence.synth.waves import PEAK

__all__ = ["GENERATORS", "PEAK", "generate", "procedural_sounds"]
