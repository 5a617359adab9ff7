"""Many sounds on a Ray cluster: `Detector` for Ray Data, and the actors of `whence detect --engine ray`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
