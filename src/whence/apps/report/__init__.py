"""A folder with one page: scores, confusions, errors by place, calibration, and the worst clips to see and hear."""

from whence.apps.report.command import COMMAND

__all__ = ["COMMAND"]
