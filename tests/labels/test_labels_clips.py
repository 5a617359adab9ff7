import pickle

import numpy as np
import pytest
from labels_twins import random_events

from whence.errors import LabelError
from whence.labels import ClipEvents, Events


@pytest.fixture
def tables():
    rng = np.random.default_rng([3, 0, 0])
    return {f"clip{i}": random_events(rng, rows=int(rng.integers(0, 20))) for i in range(12)} | {
        "quiet": Events.empty()
    }


def test_every_clip_comes_back(tables):
    clips = ClipEvents.from_mapping(tables)
    assert list(clips) == list(clips.names) == list(tables)
    assert len(clips) == 13
    assert all(clips[name] == events for name, events in tables.items())
    assert "clip3" in clips
    assert "clip99" not in clips


def test_an_unknown_clip_is_a_key_error_as_in_any_mapping(tables):
    with pytest.raises(KeyError, match="clip99"):
        ClipEvents.from_mapping(tables)["clip99"]


def test_no_clips_at_all():
    clips = ClipEvents.from_mapping({})
    assert len(clips) == 0
    assert clips.events == Events.empty()
    assert clips.clip_of_row().tolist() == []
    assert clips.select([]).names == ()


def test_clip_of_row_names_each_rows_clip(tables):
    clips = ClipEvents.from_mapping(tables)
    expected = [position for position, events in enumerate(tables.values()) for _ in range(events.row_count)]
    assert clips.clip_of_row().tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_selecting_equals_building_from_the_selected(tables, seed):
    clips = ClipEvents.from_mapping(tables)
    names = list(np.random.default_rng(seed).permutation(list(tables))[: seed + 1])
    chosen, expected = clips.select(names), ClipEvents.from_mapping({name: tables[name] for name in names})
    assert chosen.names == expected.names
    assert chosen.first_row.tolist() == expected.first_row.tolist()
    assert chosen.events == expected.events


def test_selecting_what_is_not_there_is_named(tables):
    with pytest.raises(LabelError, match="no clip 'clip99' among the 13 read"):
        ClipEvents.from_mapping(tables).select(["clip1", "clip99"])
    with pytest.raises(LabelError, match="clip name 'clip1' appears twice"):
        ClipEvents.from_mapping(tables).select(["clip1", "clip2", "clip1"])


@pytest.mark.parametrize(
    "first_row", [[], [0], [0, 2], [0, 1, 3], [1, 1, 2], [0, 3, 2], [0, 0, 0, 2], [0.5, 1, 2], [[0, 1, 2]]]
)
def test_row_numbers_that_do_not_fit_are_refused(first_row):
    two_rows = Events.from_columns({"frame": [0, 1], "class_index": [0, 0], "azimuth_deg": [0, 0]})
    with pytest.raises(LabelError, match="first_row"):
        ClipEvents(("a", "b"), first_row, two_rows)


def test_the_row_numbers_are_read_only_and_survive_pickling(tables):
    mine = np.zeros(2, dtype=np.int64)
    clips = ClipEvents(["a"], mine, Events.empty())
    mine[1] = 5
    assert clips.first_row.tolist() == [0, 0]
    assert clips.names == ("a",)
    clips = pickle.loads(pickle.dumps(ClipEvents.from_mapping(tables)))
    assert all(clips[name] == events for name, events in tables.items())
    with pytest.raises(ValueError, match="read-only"):
        clips.first_row[0] = 1
