"""A recipe and data become a run: trained weights, thresholds, and the record of how they came to be."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
