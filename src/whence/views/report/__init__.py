"""The page of `whence report`, on which a person sees and hears the mistakes of a system."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
