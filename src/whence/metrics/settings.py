"""What a hit is, how classes are averaged, and how intervals are drawn: the settings of a score."""

import math
from dataclasses import dataclass
from typing import Literal

from whence.errors import MetricError

Protocol = Literal["official", "strict"]
Average = Literal["macro", "micro"]
IntervalMethod = Literal["jackknife", "bootstrap", "none"]

PROTOCOLS: tuple[Protocol, ...] = ("official", "strict")


def check_protocol(protocol: str) -> None:
    """Raise unless the protocol is "official" or "strict".

    Raises:
        MetricError: the name is neither official nor strict.
    """
    if protocol not in PROTOCOLS:
        raise MetricError(f"protocol is {protocol!r}; choose official or strict")


@dataclass(frozen=True)
class ScoreSettings:
    """When a matched pair counts as a hit, and how classes become one number.

    All thresholds are inclusive: an error of exactly the threshold is a hit. The defaults are those of
    DCASE 2025 Task 3, audio track.

    Args:
        azimuth_threshold_deg: largest azimuth error of a hit, degrees.
        relative_distance_threshold: largest |reference - prediction| / reference of a hit.
        distance_threshold_m: largest distance error of a hit, metres; infinity switches the test off.
        average: "macro" is the mean over classes, "micro" pools all classes first.
        class_count: how many classes there are; class indices are 0 .. class_count - 1.
        full_circle: whether front and back are different directions, as in labels and predictions of Ambisonics. The
            official metric folds both to the front.

    Raises:
        MetricError: a threshold is negative or no number, the average is unknown, or there is no class.

    >>> ScoreSettings().azimuth_threshold_deg, ScoreSettings(average="micro").average
    (20.0, 'micro')
    """

    azimuth_threshold_deg: float = 20.0
    relative_distance_threshold: float = 1.0
    distance_threshold_m: float = math.inf
    average: Average = "macro"
    class_count: int = 13
    full_circle: bool = False

    def __post_init__(self) -> None:
        for name in ("azimuth_threshold_deg", "relative_distance_threshold", "distance_threshold_m"):
            value = getattr(self, name)
            if not value >= 0:  # also refuses NaN
                raise MetricError(f"{name} is {value}; it must be 0 or more")
        if self.average not in ("macro", "micro"):
            raise MetricError(f"average is {self.average!r}; choose macro or micro")
        if self.class_count < 1:
            raise MetricError(f"class_count is {self.class_count}; there must be at least one class")


@dataclass(frozen=True)
class IntervalSettings:
    """How confidence intervals are computed from the differences between recordings.

    Args:
        method: "jackknife" leaves out each recording once; "bootstrap" draws recordings with replacement;
            "none" saves the time. `whence.metrics.intervals` says why the first is the default.
        level: the share of such intervals that hold the true value, between 0 and 1.
        resamples: how many draws the bootstrap makes.
        seed: makes the bootstrap repeatable.

    Raises:
        MetricError: an unknown method, a level outside (0, 1), or fewer than two resamples.

    >>> IntervalSettings().level
    0.95
    """

    method: IntervalMethod = "jackknife"
    level: float = 0.95
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in ("jackknife", "bootstrap", "none"):
            raise MetricError(f"interval method is {self.method!r}; choose jackknife, bootstrap or none")
        if not 0 < self.level < 1:
            raise MetricError(f"interval level is {self.level}; it must lie between 0 and 1, for example 0.95")
        if self.resamples < 2:
            raise MetricError(f"resamples is {self.resamples}; a bootstrap needs at least 2, and 1000 is usual")
        if self.seed < 0:
            raise MetricError(f"seed is {self.seed}; it must be 0 or more")
