"""Events of mono sounds have no direction and cannot be scored."""

import numpy as np
import pytest

from whence.errors import MetricError
from whence.labels import ClipEvents, Events
from whence.metrics import evaluate


def test_events_without_direction_are_refused():
    events = Events.from_columns({"frame": [0], "class_index": [1], "azimuth_deg": [3], "distance_m": [1]})
    known = ClipEvents.from_mapping({"a": events})
    unknown = ClipEvents.from_mapping({"a": events.without_positions()})
    assert np.isnan(unknown.events.azimuth_deg).all()
    with pytest.raises(MetricError, match="a prediction has no direction"):
        evaluate(known, unknown)
    with pytest.raises(MetricError, match="a reference has no direction"):
        evaluate(unknown, known)
