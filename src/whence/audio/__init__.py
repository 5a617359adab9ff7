"""A sound file becomes a stereo signal, and back."""
