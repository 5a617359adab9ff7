"""Placing pieces of a sound in time: pauses, overlaps, damage and clocks that are set anew."""

import pytest
from hypothesis import given, strategies as st

from whence.audio.timeline import MOST_SILENCE_S, Timeline

RATE_HZ = 1_000


def placed(*pieces, rate_hz=RATE_HZ):
    timeline = Timeline(rate_hz)
    return timeline, [timeline.place(*piece) for piece in pieces]


def test_pieces_in_a_row_are_left_as_they_are():
    timeline, gaps = placed((0, 500), (500, 500), (None, 100), (1_100, 5))
    assert gaps == [0, 0, 0, 0]
    assert (timeline.given, timeline.notes()) == (1_105, [])


def test_times_that_are_off_by_a_little_are_no_pauses():
    timeline, gaps = placed((30, 500), (510, 500), (1_050, 500), (1_450, 500))
    assert gaps == [0, 0, 0, 0]
    assert timeline.notes() == []


def test_small_differences_are_made_good_once_they_add_up():
    timeline = Timeline(RATE_HZ)
    late = [timeline.place(number * 102, 100) for number in range(200)]
    assert sum(late) == pytest.approx(400, abs=52)
    assert all(abs(number * 102 + 100 - end) <= 50 for number, end in [(199, timeline.given)])


def test_a_late_start_is_silence_without_a_word():
    timeline, gaps = placed((3_000, 500))
    assert (gaps, timeline.given, timeline.notes()) == ([3_000], 3_500, [])


def test_pauses_are_told():
    assert placed((0, 1_000), (2_500, 500))[0].notes() == ["has no sound from 1.0 to 2.5 s; silence stands there"]
    timeline, gaps = placed((0, 1_000), (2_500, 500), (4_000, 500), (4_560, 500))
    assert gaps == [0, 1_500, 1_000, 60]
    assert timeline.notes() == ["has no sound in 2 places, first at 1.0 s; 2.5 s of silence stand there"]


def test_an_overlap_is_left_out():
    timeline, gaps = placed((0, 1_000), (800, 500), (1_250, 10), (1_310, 100))
    assert gaps == [0, -200, 0, 0]
    assert timeline.given == 1_410
    assert placed((0, 1_000), (100, 50))[1] == [0, -50]  # at most the whole piece


def test_damage_is_placed_exactly_and_told():
    timeline = Timeline(RATE_HZ)
    timeline.place(0, 1_000)
    timeline.damaged()
    assert timeline.place(1_020, 100) == 20
    timeline.damaged()
    timeline.damaged()
    assert timeline.place(1_620, 100) == 500
    assert timeline.place(1_730, 100) == 0
    assert timeline.notes() == ["is damaged in 2 places, first at 1.0 s; 0.5 s of silence stand there"]


@pytest.mark.parametrize("jump", [MOST_SILENCE_S * RATE_HZ + 1, 10**12, -1_001, -(10**12)])
def test_a_clock_that_is_set_anew_is_no_pause(jump):
    timeline, gaps = placed((0, 1_000), (1_000 + jump, 500), (1_500 + jump, 500), (2_500 + jump, 500))
    assert gaps == [0, 0, 0, 500]
    assert timeline.notes()[-1] == f"has a clock that jumps by {jump / 1_000:.1f} s at 1.0 s; the sound goes on there"


@pytest.mark.parametrize("begin", [-5_000, MOST_SILENCE_S * RATE_HZ + 1, 10**13])
def test_a_sound_that_begins_at_an_impossible_time_begins_at_0(begin):
    timeline, gaps = placed((begin, 500), (begin + 700, 500))
    assert gaps == [0, 200]
    assert timeline.notes() == ["has no sound from 0.5 to 0.7 s; silence stands there"]


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(-(10**15), 10**15)), st.integers(0, 5_000)), max_size=50))
def test_silence_is_bounded_and_all_samples_are_counted(pieces):
    timeline, gaps = placed(*pieces)
    assert sum(max(gap, 0) for gap in gaps) <= MOST_SILENCE_S * RATE_HZ
    assert all(-gap <= count for gap, (_, count) in zip(gaps, pieces, strict=True))
    assert timeline.given == sum(gaps) + sum(count for _, count in pieces)
    assert all(note.isprintable() for note in timeline.notes())
