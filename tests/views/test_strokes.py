"""Strokes of azimuth over time: they cover exactly the rows, and only small steps are joined."""

import numpy as np
from report_pages import events

from whence.labels import Events
from whence.views.strokes import marked_rows, risers_of, strokes_of

MUSIC, BELL = 8, 11


def test_strokes_cover_exactly_the_rows():
    rng = np.random.default_rng(6)
    rows = {(int(f), int(c), int(a)) for f, c, a in rng.integers(0, (30, 3, 4), (60, 3))}
    table = events([(frame, class_index, 30 * azimuth, 1.0) for frame, class_index, azimuth in rows])
    strokes = strokes_of(table)
    covered = {
        (frame, index, round(azimuth / 30))
        for index, start, end, azimuth in zip(*(column.tolist() for column in strokes), strict=True)
        for frame in range(round(start * 10), round(end * 10))
    }
    assert covered == rows
    assert len(strokes.start_s) < len(rows)


def test_only_small_steps_of_one_class_are_joined():
    table = events([(0, MUSIC, 0, 1.0), (1, MUSIC, 10, 1.0), (2, MUSIC, 60, 1.0), (3, BELL, 60, 1.0)])
    assert risers_of(strokes_of(table)).tolist() == [[MUSIC, 0.1, 0.0, 10.0]]
    assert risers_of(strokes_of(Events.empty())).shape == (0, 4)


def test_every_event_has_a_mark_at_its_start():
    table = events([(frame, MUSIC, 0, 1.0) for frame in (0, 1, 2, 3, 10, 11)] + [(5, BELL, 0, 1.0)])
    marked = marked_rows(table, 3)
    assert [*zip(marked.class_index.tolist(), marked.frame.tolist(), strict=True)] == [
        *((MUSIC, 0), (MUSIC, 3), (MUSIC, 10), (BELL, 5)),
    ]
    assert not marked_rows(Events.empty(), 3)
