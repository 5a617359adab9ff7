from .calibration import Calibration as Calibration, calibration as calibration
from .comparison import Change as Change, Comparison as Comparison, compare as compare
from .confusion import Confusion as Confusion, confusion as confusion
from .evaluation import Evaluation as Evaluation, evaluate as evaluate
from .left_out import LeftOut as LeftOut
from .profiles import (
    AZIMUTH_STEP_DEG as AZIMUTH_STEP_DEG,
    DISTANCE_STEP_M as DISTANCE_STEP_M,
    Along as Along,
    Profile as Profile,
    profile as profile,
)
from .scores import Scores as Scores
from .settings import IntervalSettings as IntervalSettings, ScoreSettings as ScoreSettings
from .tables import Dimension as Dimension, number_or_none as number_or_none
from .validation import known_clips as known_clips
from .verdicts import RIGHT as RIGHT, verdicts as verdicts
