"""Matching equals one call of the solver for every group, ties included; tracks are as dictionaries hold them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import linear_sum_assignment

from whence.metrics import pairing
from whence.metrics.pairing import match, rows_in_tracks


def slow_match(groups):
    """Pairs (reference row, prediction row) of groups given as (reference azimuths, prediction azimuths)."""
    pairs, first_reference, first_prediction = set(), 0, 0
    for references, predictions in groups:
        cost = np.array([[abs(r - p) for p in predictions] for r in references], float)
        for r, p in zip(*linear_sum_assignment(cost), strict=True):
            pairs.add((first_reference + int(r), first_prediction + int(p)))
        first_reference += len(references)
        first_prediction += len(predictions)
    return pairs


def fast_match(groups):
    sides = []
    for side in (0, 1):
        counts = np.array([len(group[side]) for group in groups], int)
        azimuths = np.array([azimuth for group in groups for azimuth in group[side]], float)
        sides += [azimuths, (np.cumsum(counts) - counts, counts)]
    reference, prediction = match(*sides)
    pairs = set(zip(reference.tolist(), prediction.tolist(), strict=True))
    assert len(pairs) == len(reference)
    return pairs


whole_degrees = st.integers(-3, 3) | st.integers(-90, 90)
side = st.lists(whole_degrees | st.floats(-90, 90), min_size=1, max_size=10)


@given(st.lists(st.tuples(side, side), max_size=5))
def test_it_equals_the_solver(groups):
    assert fast_match(groups) == slow_match(groups)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 5), (5, 1), (2, 2), (2, 3), (3, 2), (3, 3), (2, 10), (5, 5), (6, 5), (7, 8)]
)
def test_every_shape_equals_the_solver(shape, whole):
    rng = np.random.default_rng([*shape, whole])
    groups = []
    for reach in (1, 3, 10, 90):
        for _ in range(40):
            azimuths = [rng.uniform(-reach, reach, size) for size in shape]
            groups.append(tuple(np.rint(values) if whole else values for values in azimuths))
    assert fast_match(groups) == slow_match(groups)


def test_both_pairings_of_two_left_of_two_cost_the_same_and_the_solver_decides():
    groups = [((0, 1), (10, 20)), ((1, 0), (10, 20)), ((0, 1), (20, 10)), ((5, 5), (5, 5)), ((-90, -80), (80, 90))]
    assert fast_match(groups) == slow_match(groups)


def test_the_lowest_index_wins_where_one_side_is_single():
    assert fast_match([((0,), (5, -5, 5)), ((7, 3, 7), (5,))]) == {(0, 0), (1, 3)}


def test_a_tie_in_all_but_the_last_bits_is_left_to_the_solver(monkeypatch):
    asked = []
    solve = pairing._solve
    monkeypatch.setattr(pairing, "_solve", lambda cost: asked.append(len(cost)) or solve(cost))
    almost = ((0.1, 0.2), (0.3 + 0.1, 0.7))
    clear = ((0.0, 50.0), (1.0, 49.0))
    assert fast_match([almost, clear, clear]) == slow_match([almost, clear, clear])
    assert asked == [1]


def test_pieces_of_any_size_give_the_same(monkeypatch):
    rng = np.random.default_rng([3, 0, 0])
    groups = [(rng.integers(-9, 9, 3), rng.integers(-9, 9, 4)) for _ in range(30)]
    whole = fast_match(groups)
    monkeypatch.setattr(pairing, "_CHUNK", 1)
    assert fast_match(groups) == whole == slow_match(groups)


def test_no_group_gives_no_pair():
    assert fast_match([]) == set()


# Tracks


def slow_rows_in_tracks(groups):
    """The rule with one dictionary for each group; the values are row numbers."""
    survivors, row = [], 0
    for sources in groups:
        tracks = {}
        for source in sources:
            track = source
            if source in tracks or source >= 10:
                free = [number for number in range(10) if number not in tracks]
                track = free[0] if free else 0
            tracks[track] = row
            row += 1
        survivors += tracks.values()
    return survivors


def fast_rows_in_tracks(groups):
    first_row = np.cumsum([0, *map(len, groups)])
    return rows_in_tracks(np.array([source for group in groups for source in group], int), first_row).tolist()


@given(st.lists(st.lists(st.integers(-2, 12), min_size=1, max_size=40), max_size=6))
def test_it_equals_the_dictionaries(groups):
    assert fast_rows_in_tracks(groups) == slow_rows_in_tracks(groups)


def test_ten_rows_survive_whatever_their_sources():
    for sources in ([0] * 10, [99] * 10, list(range(5, 15)), [9, 9, 8, 8, 7, 7, 0, 0, 3, 3]):
        assert fast_rows_in_tracks([sources]) == list(range(10))


def test_the_eleventh_row_takes_the_position_of_track_0():
    # Source 5 comes first and has the first position; source 0 is second, so that is where the eleventh row goes.
    assert fast_rows_in_tracks([[5, 0, 1, 2, 3, 4, 6, 7, 8, 9, 5]]) == [0, 10, 2, 3, 4, 5, 6, 7, 8, 9]


def test_each_later_row_overwrites_the_one_before():
    assert fast_rows_in_tracks([[0] * 13]) == [12, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_groups_do_not_touch_each_other():
    assert fast_rows_in_tracks([[0] * 11, [0], [0] * 11]) == [
        *(10, 1, 2, 3, 4, 5, 6, 7, 8, 9),
        11,
        *(22, 13, 14, 15, 16, 17, 18, 19, 20, 21),
    ]


def test_a_negative_source_keeps_a_row_of_its_own_once():
    assert fast_rows_in_tracks([[-1, *range(10)]]) == list(range(11))
    assert fast_rows_in_tracks([[-1, *range(10), -1]]) == [0, 11, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_nothing_gives_nothing():
    assert fast_rows_in_tracks([]) == []
