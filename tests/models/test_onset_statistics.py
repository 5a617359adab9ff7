"""The distribution of what begins over directions, and its middle."""

import math

import pytest
import torch
from hypothesis import given, strategies as st

from whence.errors import ModelError
from whence.models.onset_statistics import (
    BANDS,
    EDGES,
    distribution,
    edges_like,
    middle_and_spread,
    onset_bands,
    onset_directions,
)


def maps_of(sines, levels_db, frames=10, bands=64):
    """Maps in which every cell of feature frame t has the sine and the level of that frame."""
    maps = torch.zeros(1, 6, frames, bands)
    maps[0, 4] = torch.tensor(sines)[:, None]
    maps[0, 5] = torch.tensor(levels_db)[:, None]
    return maps


def middle_of(maps):
    before, total = onset_directions(maps, 5)
    return middle_and_spread(distribution(before, total))


@given(st.floats(-85, 85))
def test_one_direction_is_the_middle_and_has_no_width(azimuth_deg):
    middle, spread = middle_of(maps_of([math.sin(math.radians(azimuth_deg))] * 10, [0.0] * 10))
    assert middle.shape == (1, 2)
    assert middle[0].tolist() == pytest.approx([azimuth_deg / 90] * 2, abs=0.05)
    assert spread[0].tolist() == pytest.approx([0.0] * 2, abs=1e-3)


def test_the_middle_does_not_care_how_far_off_the_rest_is():
    most = [0.5, 0.5, 0.5, 0.5]
    near, far = (middle_of(maps_of([*most, other] * 2, [0.0] * 10)) for other in (0.3, -1.0))
    assert float(near[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)
    assert float(far[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)
    assert float(far[1][0, 0]) > 2 * float(near[1][0, 0]) > 0


def test_more_counts_more():
    loud, faint = (
        middle_of(maps_of([-0.5, 0.5, 0.5, 0.5, 0.5] * 2, [level] + [0.0] * 4 + [level] + [0.0] * 4))
        for level in (20.0, -20.0)
    )
    assert float(loud[0][0, 0]) == pytest.approx(-30 / 90, abs=0.05)
    assert float(faint[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)


def test_where_nothing_begins_the_middle_is_ahead():
    middle, _ = middle_of(maps_of([0.9] * 10, [-40.0] * 10))
    assert middle.tolist() == [pytest.approx([0.0, 0.0], abs=1e-6)]


def test_sums_over_frames_are_those_of_the_event():
    maps = maps_of([0.1, 0.9, -0.4, 0.7, 0.2] * 2, [0.0, 3.0, -5.0, 1.0, -2.0] * 2)
    before, total = onset_directions(maps, 5)
    whole_before, whole_total = onset_directions(maps, 10)
    torch.testing.assert_close(before.sum(dim=1), whole_before[:, 0], rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(total.sum(dim=1), whole_total[:, 0], rtol=1e-5, atol=1e-3)
    # Each edge has a sum of its own, and float32 sums of 320 weights may differ by some 320 * 6e-8 of them.
    assert (before.diff(dim=2) >= -2e-5 * total).all()
    assert before.shape == (1, 2, EDGES)


def test_bands_tell_their_own_sines_and_levels():
    maps = maps_of([0.5] * 10, [-40.0] * 10)
    maps[0, 5, :, 8:16] = 0.0  # the second of eight
    found = onset_bands(maps, 5)[0, 0]
    assert found[:BANDS].tolist() == pytest.approx([0.0, 0.5, 0, 0, 0, 0, 0, 0], abs=1e-3)
    assert int(found[BANDS:].argmax()) == 1


def test_edges_lie_evenly_and_alike_on_both_sides():
    edges = edges_like(torch.zeros(0))
    torch.testing.assert_close(edges, -edges.flip(0))
    assert edges.diff().tolist() == pytest.approx([2 / EDGES] * (EDGES - 1), abs=1e-6)


def test_bands_that_do_not_divide_are_refused():
    with pytest.raises(ModelError, match="onset maps of 40 bands; they must be a multiple of 16"):
        onset_bands(torch.zeros(1, 6, 10, 40), 5)
