"""Whence: which sounds happen in a stereo recording, when, from which direction and how far away."""

__version__ = "0.1.0"
