"""The live page of a terminal, drawn with rich: levels, a radar, a list of what sounds, and keys."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
