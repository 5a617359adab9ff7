"""Windows drawn as the organisers drew them."""

import random
from itertools import islice

import pytest

from whence.corpora.draws import CLIP_FRAMES, OFFICIAL_SEED, Window, draw_windows, recording_of, window_name
from whence.errors import CorpusError


def slow_draw(frame_counts, seed, count):
    """The obvious way, with the module's own generator, as anyone would write it."""
    random.seed(seed)
    drawn = []
    for _ in range(count):
        name = random.choices([str(n) for n in range(len(frame_counts))], weights=frame_counts)[0]
        start = random.randint(0, frame_counts[int(name)] - 50)
        drawn.append(Window(int(name), start, random.randint(0, 359)))
    return drawn


@pytest.mark.parametrize("seed", [OFFICIAL_SEED, 1, 2])
def test_the_draw_is_the_obvious_one(seed):
    counts = [600, 50, 3_000, 1_234]
    assert list(islice(draw_windows(counts, seed), 2_000)) == slow_draw(counts, seed, 2_000)


def test_the_draw_leaves_python_s_own_generator_alone():
    random.seed(3)
    expected = random.Random(3).random()
    next(draw_windows([100]))
    assert random.random() == expected


def test_windows_lie_in_their_recordings_and_are_drawn_by_length():
    counts = [50, 150, 800]
    drawn = list(islice(draw_windows(counts), 5_000))
    assert all(0 <= w.start_frame <= counts[w.recording] - CLIP_FRAMES for w in drawn)
    assert {w.viewing_angle_deg for w in drawn} == set(range(360))
    share = [sum(w.recording == n for w in drawn) / len(drawn) for n in range(3)]
    assert share == pytest.approx([0.05, 0.15, 0.8], abs=0.03)


def test_what_cannot_be_drawn_from_is_refused():
    with pytest.raises(CorpusError, match=r"no recordings to draw windows from"):
        next(draw_windows([]))
    with pytest.raises(CorpusError, match=r"recording 1 has 49 frames; a clip needs 50"):
        next(draw_windows([60, 49]))


@pytest.mark.parametrize(("start", "angle"), [(0, 0), (9_999, 359), (12_345, 7)])
def test_a_name_says_its_recording(start, angle):
    assert recording_of(window_name("fold3_room21_mix013", start, angle)) == "fold3_room21_mix013"


def test_other_names_are_their_own_recording():
    assert [recording_of(name) for name in ("a", "a_deg12_start0001", "a_deg012_start1")] == [
        "a",
        "a_deg12_start0001",
        "a_deg012_start1",
    ]
