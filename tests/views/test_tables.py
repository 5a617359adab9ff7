"""Text on a screen: columns line up, events come by onset, and missing values are dashes."""

import pytest

from whence.labels import STARSS23, Events
from whence.views import aligned, degrees, event_table, number, percent


@pytest.mark.parametrize("left", [1, 2, 3])
def test_words_begin_and_numbers_end_in_one_column(left):
    rows = [["class", "where", "score"], ["a long name", "", "1"], ["x", "38 deg left", "0.123"]]
    lines = aligned(rows, left).splitlines()
    starts = [2, 2 + len("a long name") + 2, 2 + len("a long name") + 2 + len("38 deg left") + 2]
    for line, row in zip(lines, rows, strict=True):
        padded = line.ljust(max(map(len, lines)))
        for column, cell in enumerate(row):
            width = max(len(other[column]) for other in rows)
            found = padded[starts[column] : starts[column] + width]
            assert found == (cell.ljust(width) if column < left else cell.rjust(width))
        assert line == line.rstrip()


def test_events_are_ordered_by_onset_and_unknown_distances_are_dashes():
    columns = {"frame": [9, 0], "class_index": [11, 12], "azimuth_deg": [-20.4, 0.2], "score": [0.5, 1.0]}
    first, second = (line.split() for line in event_table(Events.from_columns(columns), STARSS23).splitlines()[1:])
    assert first == ["0.0-0.1", "s", "knock", "ahead", "-", "1.00"]
    assert second == ["0.9-1.0", "s", "bell", "20", "deg", "right", "-", "0.50"]
    assert event_table(Events.empty(), STARSS23) == "  no events\n"


@pytest.mark.parametrize("form", [percent, degrees, number])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_value_is_a_dash(form, missing):
    assert form(missing) == "-"
