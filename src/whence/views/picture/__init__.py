"""Pictures of a clip: its spectrograms, its events over time, and a map of where they are."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
