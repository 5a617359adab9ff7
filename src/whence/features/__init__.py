"""Stereo signals to maps over time and mel band: log-mel, mid/side intensity, coherence, onsets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
