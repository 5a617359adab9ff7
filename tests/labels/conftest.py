"""Shared by the tests of labels/."""

from hypothesis import settings

# A time limit for each example fails on a busy machine, not on slow code.
settings.register_profile("labels", deadline=None)
settings.load_profile("labels")
