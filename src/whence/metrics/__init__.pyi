from .comparison import Change as Change, Comparison as Comparison, compare as compare
from .error_profiles import (
    AZIMUTH_STEP_DEG as AZIMUTH_STEP_DEG,
    DISTANCE_STEP_M as DISTANCE_STEP_M,
    HIT as HIT,
    Along as Along,
    Calibration as Calibration,
    Confusion as Confusion,
    Profile as Profile,
    calibration as calibration,
    confusion as confusion,
    outcomes as outcomes,
    profile as profile,
)
from .evaluation import (
    Evaluation as Evaluation,
    LeftOut as LeftOut,
    Summary as Summary,
    evaluate as evaluate,
    known_clips as known_clips,
)
from .parts import evaluate_label_sets as evaluate_label_sets
from .same_class import SameClass as SameClass, same_class_at_once as same_class_at_once
from .scores import Scores as Scores, number_or_none as number_or_none
from .settings import IntervalSettings as IntervalSettings, ScoreSettings as ScoreSettings
from .tables import Breakdown as Breakdown, Dimension as Dimension
