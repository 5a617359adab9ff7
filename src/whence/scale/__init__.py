"""Many sounds, in processes that may be killed: work is resumed, and the events become one table."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
