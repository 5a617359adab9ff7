"""The web page of `whence serve`: one process, one model, a queue, and nothing kept longer than it is looked at."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
