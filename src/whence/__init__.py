"""Whence: which sounds happen in a stereo recording, when, from which direction and how far away."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

__version__ = "0.1.0"
