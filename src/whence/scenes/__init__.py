"""Sounds and rooms become labelled stereo clips."""
