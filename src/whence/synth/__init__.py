"""A sound bank from nothing: physically inspired generators for every class; no recordings needed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
