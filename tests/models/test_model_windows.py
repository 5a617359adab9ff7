"""Windows over long input: complete, once each, away from their ends."""

from hypothesis import given, strategies as st

from whence.models.windows import windows


@given(st.integers(1, 200), st.integers(2, 40), st.data())
def test_windows_are_full_cover_everything_once_and_stay_away_from_their_ends(count, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    found = windows(count, size, overlap)
    taken = [token for _, _, kept, until in found for token in range(kept, until)]
    assert taken == list(range(count))
    for first, end, kept, until in found:
        assert first <= kept < until <= end
        assert end - first == size or count < size or overlap == 0
        assert kept == 0 or kept - first >= overlap // 2
        assert until == count or end - until >= overlap // 2


def test_short_input_is_one_window():
    assert windows(5, 5, 2) == [(0, 5, 0, 5)]
    assert windows(1, 5, 0) == [(0, 1, 0, 1)]


def test_without_overlap_the_last_window_is_as_short_as_it_happens_to_be():
    assert windows(9, 4, 0) == [(0, 4, 0, 4), (4, 8, 4, 8), (8, 9, 8, 9)]
