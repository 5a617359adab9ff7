"""Pictures of a clip: what it sounds like, where its events are over time, and where they stand around the listener."""

from whence.views.picture.clip import draw_clip, draw_picture

__all__ = ["draw_clip", "draw_picture"]
