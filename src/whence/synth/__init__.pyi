from .bank import GENERATORS as GENERATORS, generate as generate, procedural_sounds as procedural_sounds
from .waves import PEAK as PEAK
