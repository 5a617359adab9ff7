"""Reference events and predicted events become scores."""

from whence.errors import MetricError
from whence.metrics.comparison import Change, Comparison, compare
from whence.metrics.evaluation import Evaluation, evaluate
from whence.metrics.left_out import LeftOut
from whence.metrics.scores import Scores
from whence.metrics.settings import IntervalSettings, ScoreSettings

__all__ = [
    "Change",
    "Comparison",
    "Evaluation",
    "IntervalSettings",
    "LeftOut",
    "MetricError",
    "ScoreSettings",
    "Scores",
    "compare",
    "evaluate",
]
