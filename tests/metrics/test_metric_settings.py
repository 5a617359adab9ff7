"""Settings refuse what has no meaning, by name."""

import math

import pytest

from whence.errors import MetricError
from whence.metrics import IntervalSettings, ScoreSettings
from whence.metrics.settings import check_protocol


@pytest.mark.parametrize("name", ["azimuth_threshold_deg", "relative_distance_threshold", "distance_threshold_m"])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_a_threshold_is_0_or_more(name, value):
    with pytest.raises(MetricError, match=f"^{name} is {value}; it must be 0 or more$"):
        ScoreSettings(**{name: value})


def test_thresholds_may_be_0_or_infinite():
    assert ScoreSettings(azimuth_threshold_deg=0).azimuth_threshold_deg == 0
    assert ScoreSettings(azimuth_threshold_deg=math.inf).azimuth_threshold_deg == math.inf


def test_the_defaults_are_those_of_the_challenge():
    settings = ScoreSettings()
    assert (settings.azimuth_threshold_deg, settings.relative_distance_threshold) == (20, 1)
    assert (settings.distance_threshold_m, settings.average, settings.class_count) == (math.inf, "macro", 13)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"average": "mean"}, "average is 'mean'; choose macro or micro"),
        ({"class_count": 0}, "class_count is 0; there must be at least one class"),
    ],
)
def test_score_settings_name_what_is_wrong(settings, message):
    with pytest.raises(MetricError, match=f"^{message}$"):
        ScoreSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "guess"}, "interval method is 'guess'; choose jackknife, bootstrap or none"),
        ({"level": 95}, "interval level is 95; it must lie between 0 and 1"),
        ({"level": 0}, "interval level is 0; it must lie between 0 and 1"),
        ({"resamples": 1}, "resamples is 1; a bootstrap needs at least 2"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
    ],
)
def test_interval_settings_name_what_is_wrong(settings, message):
    with pytest.raises(MetricError, match=f"^{message}"):
        IntervalSettings(**settings)


def test_a_protocol_is_official_or_strict():
    check_protocol("official")
    check_protocol("strict")
    with pytest.raises(MetricError, match="protocol is 'lenient'; choose official or strict"):
        check_protocol("lenient")
