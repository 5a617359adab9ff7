import pytest
from labels_twins import random_events, rng_of

from whence.labels import STARSS23, ClassList, Events
from whence.labels.audacity import audacity_text, audacity_texts_by_class
from whence.labels.event_text import event_text

BELLS = Events.from_columns(
    {
        "frame": [30, 31, 4, 4, 0],
        "class_index": [1, 1, 0, 1, 1],
        "source": [0, 0, 0, 2, 1],
        "azimuth_deg": [10, 20, -27, 90, 0.2],
        "distance_m": [2, 2.2, 3.06, 1, float("nan")],
    }
)
CLASSES = ClassList(("dog", "bell"))


def test_a_track_by_hand():
    assert audacity_text(BELLS, CLASSES).split("\n") == [
        "0.000000\t0.100000\tbell 0",
        "0.400000\t0.500000\tdog 27R 3.1m",
        "0.400000\t0.500000\tbell 90L 1.0m",
        "3.000000\t3.200000\tbell 15L 2.1m",
        "",
    ]


def test_a_track_for_each_class_by_hand():
    assert audacity_texts_by_class(BELLS, CLASSES) == {
        "dog": "0.400000\t0.500000\tdog 27R 3.1m\n",
        "bell": "0.000000\t0.100000\tbell 0\n0.400000\t0.500000\tbell 90L 1.0m\n3.000000\t3.200000\tbell 15L 2.1m\n",
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_event_stands_in_one_line_and_in_one_track(seed):
    events = random_events(rng_of(8, 1, seed), rows=80)
    lines = audacity_text(events, STARSS23).splitlines()
    assert [line.split("\t")[2] for line in lines] == [event_text(event, STARSS23) for event in events]
    assert [float(line.split("\t")[0]) for line in lines] == [event.onset_s for event in events]
    by_class = audacity_texts_by_class(events, STARSS23)
    assert sorted("".join(by_class.values()).splitlines()) == sorted(lines)


def test_names_are_made_fit_for_files_and_never_meet():
    names = ("a/b", "a\\b", "../..", "Vögel 鳥", "x" * 300, "a-b-0")
    events = Events.from_columns({"frame": [0] * 6, "class_index": range(6), "azimuth_deg": [0] * 6})
    parts = list(audacity_texts_by_class(events, ClassList(names)))
    assert parts == ["a-b", "a-b-1", "class", "Vögel-鳥", "x" * 60, "a-b-0"]


@pytest.mark.parametrize("names", [("a-b-2", "a b", "a/b"), ("Dog", "dog", "DOG"), ("?", "!", "class")])
def test_names_that_would_meet_in_one_file_are_kept_apart(names):
    events = Events.from_columns({"frame": [0] * 3, "class_index": range(3), "azimuth_deg": [0] * 3})
    parts = audacity_texts_by_class(events, ClassList(names))
    assert len({part.casefold() for part in parts}) == 3
    assert [text.split("\t")[2].split(" 0")[0] for text in parts.values()] == list(names)
