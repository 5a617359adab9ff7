"""Whence: which sounds happen in a stereo recording, when, from which direction and how far away."""

import os

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

__version__ = "0.1.0"

# Neither library may report to its maker. They read these once, when they are loaded, which the program that imports
# this package may do itself; processes started from here inherit them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
