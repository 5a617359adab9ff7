import csv

from labels_twins import random_events, rng_of

from whence.labels import STARSS23, ClassList, Events
from whence.labels.event_text import event_text
from whence.labels.sonic_visualiser import azimuth_text, regions_text

EVENTS = random_events(rng_of(8, 2, 0), rows=80)


def rows_of(text):
    lines = text.splitlines()
    assert lines[0].startswith("# ")
    assert "positive (L) to the left" in lines[0]
    return list(csv.reader(lines[1:]))


def test_a_region_for_each_event():
    rows = rows_of(regions_text(EVENTS, STARSS23))
    assert len(rows) == len(list(EVENTS))
    for (start_s, azimuth_deg, duration_s, label), event in zip(rows, EVENTS, strict=True):
        assert float(start_s) == event.onset_s
        assert abs(float(azimuth_deg) - event.azimuth_deg) <= 0.05001
        assert round(float(start_s) + float(duration_s), 1) == event.offset_s
        assert label == event_text(event, STARSS23)


def test_a_point_for_each_row_in_order_of_time():
    rows = rows_of(azimuth_text(EVENTS, STARSS23))
    ordered = EVENTS.sorted()
    assert [float(row[0]) for row in rows] == [frame / 10 for frame in ordered.frame.tolist()]
    assert [float(row[1]) for row in rows] == [round(azimuth, 1) for azimuth in ordered.azimuth_deg.tolist()]
    assert [row[2] for row in rows] == [STARSS23[index] for index in ordered.class_index.tolist()]


def test_commas_and_quotes_in_names_stay_within_their_column():
    classes = ClassList(('a, "b"',))
    events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0]})
    assert rows_of(regions_text(events, classes)) == [["0.0", "0.0", "0.1", 'a, "b" 0']]
    assert rows_of(azimuth_text(events, classes)) == [["0.0", "0.0", 'a, "b"']]
