"""Rows in tracks: the rule of the official scorer, against dictionaries."""

import numpy as np
from hypothesis import given, strategies as st

from whence.metrics.tracks import rows_in_tracks


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


def test_the_eleventh_row_stands_in_the_place_of_track_0():
    # Source 5 comes first and has the place; source 0 is second, so that is where the eleventh row goes.
    assert fast_rows_in_tracks([[5, 0, 1, 2, 3, 4, 6, 7, 8, 9, 5]]) == [0, 10, 2, 3, 4, 5, 6, 7, 8, 9]


def test_each_later_row_overwrites_the_one_before():
    assert fast_rows_in_tracks([[0] * 13]) == [12, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_groups_do_not_touch_each_other():
    assert fast_rows_in_tracks([[0] * 11, [0], [0] * 11]) == [
        *(10, 1, 2, 3, 4, 5, 6, 7, 8, 9),
        11,
        *(22, 13, 14, 15, 16, 17, 18, 19, 20, 21),
    ]


def test_a_negative_source_keeps_a_place_of_its_own_once():
    assert fast_rows_in_tracks([[-1, *range(10)]]) == list(range(11))
    assert fast_rows_in_tracks([[-1, *range(10), -1]]) == [0, 11, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_nothing_gives_nothing():
    assert fast_rows_in_tracks([]) == []
