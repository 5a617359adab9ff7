"""The web page of `whence serve` and its server: one process, one model, a queue; sounds are deleted after use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
