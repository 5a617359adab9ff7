"""The networks, one file each; `outputs` says what their numbers mean."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
