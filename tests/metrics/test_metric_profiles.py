"""Errors along the true place: the same as a plain loop, all pairs counted, signs as the table says."""

import numpy as np
import pytest
from metrics_cases import KINDS, draw_set
from metrics_twin import clip_events

from whence.labels import ClipEvents, Events
from whence.metrics.pairing import pair
from whence.metrics.profiles import profile


def paired(kind, seed=41):
    return pair(*(clip_events(clips) for clips in draw_set(seed, kind)), 13)


def pairs_of(rows, said):
    """Rows of (azimuth, distance in metres) against others, a frame each."""
    tables = []
    for side in (rows, said):
        azimuth_deg, distance_m = zip(*side, strict=True)
        columns = {"frame": range(len(side)), "class_index": [8] * len(side), "azimuth_deg": azimuth_deg}
        tables.append(ClipEvents.from_mapping({"a": Events.from_columns({**columns, "distance_m": distance_m})}))
    return pair(*tables, 13)


@pytest.mark.parametrize("along", ["azimuth", "distance"])
@pytest.mark.parametrize("kind", KINDS)
def test_as_a_plain_loop(kind, along):
    pairing = paired(kind)
    column = "azimuth_deg" if along == "azimuth" else "distance_m"
    true = getattr(pairing.references, column)[pairing.reference_row]
    error = getattr(pairing.predictions, column)[pairing.prediction_row] - true
    steps = profile(pairing, along)
    assert steps.pairs.sum() == len(true)
    for start, end, count, quartiles in zip(*steps, strict=True):
        last = end in (90.0, np.inf)
        inside = [e for t, e in zip(true, error, strict=True) if start <= t and (t < end or (last and t <= end))]
        assert len(inside) == count
        np.testing.assert_allclose(quartiles, np.percentile(inside, [25, 50, 75]))


def test_to_the_left_and_too_far_are_positive():
    pairing = pairs_of([(10, 1.0)], [(18, 1.5)])
    assert profile(pairing, "azimuth").quartiles.tolist() == [[8.0, 8.0, 8.0]]
    assert profile(pairing, "distance").quartiles.tolist() == [[0.5, 0.5, 0.5]]


def test_straight_ahead_lies_in_the_middle_of_a_step():
    steps = profile(pairs_of([(-9, 1.0), (0, 1.0), (9, 1.0), (90, 1.0)], [(0, 1.0)] * 4), "azimuth")
    assert steps.start.tolist() == [-10.0, 70.0]
    assert steps.pairs.tolist() == [3, 1]


def test_what_is_far_away_is_one_step_and_what_is_not_known_none():
    steps = profile(pairs_of([(0, 7.0), (0, 30.0), (0, np.nan)], [(0, 6.0), (0, 6.0), (0, 1.0)]), "distance")
    assert (steps.start.tolist(), steps.end.tolist(), steps.pairs.tolist()) == ([5.0], [np.inf], [2])


def test_no_pairs_no_steps():
    nothing = ClipEvents.from_mapping({"a": Events.empty()})
    assert len(profile(pair(nothing, nothing, 13), "azimuth").pairs) == 0
