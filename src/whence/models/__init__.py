"""The networks, one file each, and in `outputs` the codings that give their output a meaning."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
