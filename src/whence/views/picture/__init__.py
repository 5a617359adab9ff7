"""Pictures of a clip: what it sounds like, where its events are over time, and where they stand around the listener."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
