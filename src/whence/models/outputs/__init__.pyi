from .accdoa import AccdoaSettings as AccdoaSettings
from .classwise import (
    ACTIVITY as ACTIVITY,
    AZIMUTH as AZIMUTH,
    DISTANCE as DISTANCE,
    Classwise as Classwise,
    ClasswiseSettings as ClasswiseSettings,
    detection as detection,
    localization as localization,
    mean_squared_localization as mean_squared_localization,
)
from .coding import Coding as Coding
from .distance import DistanceScale as DistanceScale
from .multi_accdoa import MultiAccdoaSettings as MultiAccdoaSettings
from .registry import (
    OutputSettings as OutputSettings,
    build_output as build_output,
    output_from_plain as output_from_plain,
    output_to_plain as output_to_plain,
)
from .tracks import Tracks as Tracks, TracksSettings as TracksSettings
