"""The sources that sound now: smoothed, faded out, forgotten."""

import math

import pytest

from whence.labels import Events
from whence.views.terminal import ActiveSources


def test_a_source_follows_fades_and_goes():
    sources = ActiveSources()
    rows = Events.from_columns(
        {"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 10], "distance_m": [1, 2], "score": [1, 0.5]}
    )
    assert [one.since_frame for one in sources.update(rows, 2)] == [0]
    (one,) = sources.now()
    assert (one.azimuth_deg, one.distance_m, one.score) == pytest.approx((4.0, 1.4, 0.8))
    assert not one.fading
    sources.update(Events.empty(), 8)
    assert sources.now()[0].fading
    sources.update(Events.empty(), 20)
    assert sources.now() == []
    again = Events.from_columns({"frame": [30], "class_index": [8], "azimuth_deg": [-50], "distance_m": [math.nan]})
    assert [one.since_frame for one in sources.update(again, 31)] == [30]
    assert sources.now()[0].azimuth_deg == -50


def test_a_jump_to_another_side_is_followed_at_once_and_order_is_from_the_left():
    sources = ActiveSources()
    rows = Events.from_columns({"frame": [0, 0, 1], "class_index": [8, 2, 8], "azimuth_deg": [60, 0, -60]})
    sources.update(rows, 2)
    assert [one.azimuth_deg for one in sources.now()] == [0, -60]
