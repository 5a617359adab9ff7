"""Live listening: a device's sound into events, shown in a terminal, recorded, and sent to other programs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
