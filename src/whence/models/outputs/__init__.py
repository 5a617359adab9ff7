"""Codings: how a network's output encodes events. Each file holds encode, loss and decode of one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
