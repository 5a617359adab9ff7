"""JSON Lines, out and in."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import random_events, rng_of

from whence.errors import LabelError
from whence.labels import STARSS23, ClassList, Events, json_lines, read_json_lines, write_events
from whence.labels.json_lines import json_events_text, json_frames_text

CLASSES = ClassList(("dog", "bell"))


@pytest.fixture
def read(tmp_path):
    def read_text(text, classes=CLASSES):
        path = tmp_path / "a.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return read_json_lines(path, classes)

    return read_text


# Frames


@pytest.mark.parametrize("seed", range(8))
def test_frames_come_back_to_the_last_bit(tmp_path, seed):
    events = random_events(rng_of(8, 6, seed), rows=50, known_distance=seed % 2 == 0)
    (path,) = write_events(tmp_path / "a", events, "json-frames")
    assert read_json_lines(path) == events


def test_a_frame_by_hand():
    events = Events.from_columns(
        {"frame": [3], "class_index": [1], "source": [2], "azimuth_deg": [-0.5], "elevation_deg": [7]}
    )
    assert json.loads(json_frames_text(events, CLASSES)) == {
        "frame": 3,
        "class": 1,
        "name": "bell",
        "source": 2,
        "azimuth_deg": -0.5,
        "distance_m": None,
        "elevation_deg": 7.0,
        "score": 1.0,
    }


# Whole events


@pytest.mark.parametrize("seed", range(8))
def test_whole_events_come_back_as_whole_events(tmp_path, seed):
    events = random_events(rng_of(8, 7, seed), rows=50)
    (path,) = write_events(tmp_path / "a", events, "json")
    found, expected = list(read_json_lines(path)), list(events)
    assert [(e.onset_s, e.offset_s, e.class_index, e.source) for e in found] == [
        (e.onset_s, e.offset_s, e.class_index, e.source) for e in expected
    ]
    np.testing.assert_allclose([e.azimuth_deg for e in found], [e.azimuth_deg for e in expected], atol=0.006)
    np.testing.assert_allclose([e.distance_m for e in found], [e.distance_m for e in expected], atol=0.0006)
    np.testing.assert_allclose([e.score for e in found], [e.score for e in expected], atol=0.00006)


def test_an_event_by_hand():
    events = Events.from_columns({"frame": [3, 4], "class_index": [1, 1], "azimuth_deg": [10, 20], "score": [0.5, 1]})
    assert json.loads(json_events_text(events, CLASSES)) == {
        "onset_s": 0.3,
        "offset_s": 0.5,
        "class": 1,
        "name": "bell",
        "source": 0,
        "azimuth_deg": 15.0,
        "distance_m": None,
        "score": 0.75,
    }


@pytest.mark.parametrize(
    ("onset_s", "offset_s", "frames"),
    [
        (0, 0.1, [0]),
        (0.3, 0.5, [3, 4]),
        (0.30000000000000004, 0.7000000000000001, [3, 4, 5, 6]),
        (0.39, 0.41, [3, 4]),
        (0.32, 0.33, [3]),
        (5, 5.0000001, [50]),
    ],
)
def test_an_event_covers_every_frame_it_touches(read, onset_s, offset_s, frames):
    events = read(json.dumps({"onset_s": onset_s, "offset_s": offset_s, "class": 0, "azimuth_deg": 5}))
    assert events.frame.tolist() == frames
    assert set(events.azimuth_deg.tolist()) == {5.0}


def test_missing_keys_have_defaults_and_others_are_ignored(read):
    events = read(
        '\n{"frame": 2, "name": "bell", "azimuth_deg": 1, "clip": "x"}\r\n\n{"frame": 1, "class": 0, "azimuth_deg": 2}'
    )
    assert events.class_index.tolist() == [1, 0]
    assert events.frame.tolist() == [2, 1]
    assert events.source.tolist() == [0, 0]
    assert events.score.tolist() == [1, 1]
    assert np.isnan([events.distance_m, events.elevation_deg]).all()


def test_an_empty_file_is_silence(read):
    assert read("") == read("\ufeff\n \n") == Events.empty()


GOOD = '{"frame": 2, "class": 0, "azimuth_deg": 1}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("frame,class", "frame,class is not a JSON object; write one event a line"),
        ("[1, 2]", r"\[1, 2\] is not a JSON object"),
        ("{", "{ is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
        ('{"frame": 0.0, "class": 0, "azimuth_deg": 1}', r"frame is 0\.0; it must be a whole number from 0"),
        ('{"frame": true, "class": 0, "azimuth_deg": 1}', "frame is true; it must be a whole number"),
        ('{"frame": -1, "class": 0, "azimuth_deg": 1}', "frame is -1; it must be a whole number from 0"),
        ('{"frame": 2147483648, "class": 0, "azimuth_deg": 1}', "frame is 2147483648"),
        ('{"frame": 1, "class": 2, "azimuth_deg": 1}', r"class 2; this task has 0\.\.1"),
        ('{"frame": 1, "class": "dog", "azimuth_deg": 1}', 'class is "dog"; it must be a whole number from 0'),
        ('{"frame": 1, "name": "cat", "azimuth_deg": 1}', "no class cat; there are: dog, bell"),
        ('{"frame": 1, "azimuth_deg": 1}', "no class None; there are: dog, bell"),
        ('{"frame": 1, "name": ["dog"], "azimuth_deg": 1}', "no class .*; there are: dog, bell"),
        (
            '{"frame": 1, "class": 0, "name": "bell", "azimuth_deg": 1}',
            "class 0 is called bell here and dog in the class list; read the file with the list it was written with",
        ),
        ('{"frame": 1, "class": 0}', "azimuth_deg is missing; it must be a number"),
        ('{"frame": 1, "class": 0, "azimuth_deg": NaN}', "azimuth_deg is NaN; it must be a number"),
        ('{"frame": 1, "class": 0, "azimuth_deg": "1"}', 'azimuth_deg is "1"; it must be a number'),
        ('{"frame": 1, "class": 0, "azimuth_deg": 1e999}', "azimuth_deg is Infinity"),
        (
            '{"frame": 1, "class": 0, "azimuth_deg": 1, "distance_m": -1}',
            "distance_m is -1; it must be a number from 0",
        ),
        ('{"frame": 1, "class": 0, "azimuth_deg": 1, "score": "high"}', 'score is "high"; it must be a number'),
        ('{"frame": 1, "class": 0, "azimuth_deg": 1, "source": 1.5}', r"source is 1\.5; it must be a whole number"),
    ],
)
def test_a_bad_line_is_named(read, line, message):
    with pytest.raises(LabelError, match=rf"a\.jsonl:3: .*{message}") as raised:
        read(f"{GOOD}\n{line}\n{GOOD}")
    assert raised.value.line == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"onset_s": 1, "class": 0, "azimuth_deg": 1}', "offset_s is missing; it must be a number from 0"),
        ('{"class": 0, "azimuth_deg": 1}', "onset_s is missing"),
        ('{"onset_s": -1, "offset_s": 1, "class": 0, "azimuth_deg": 1}', "onset_s is -1; it must be a number from 0"),
        ('{"onset_s": 1, "offset_s": 1, "class": 0, "azimuth_deg": 1}', "the event ends at 1.0 s, before or when"),
        ('{"onset_s": 1, "offset_s": 1e9, "class": 0, "azimuth_deg": 1}', "offset_s is 1000000000.0"),
    ],
)
def test_a_bad_event_is_named(read, line, message):
    with pytest.raises(LabelError, match=rf"a\.jsonl:1: .*{message}"):
        read(line)


def test_frames_and_events_are_not_mixed(read):
    with pytest.raises(LabelError, match="some lines are whole events and some single frames; keep them in two files"):
        read(GOOD + '{"onset_s": 0, "offset_s": 1, "class": 0, "azimuth_deg": 1}')


def test_events_that_would_fill_the_memory_are_refused(read, monkeypatch):
    monkeypatch.setattr(json_lines, "_MOST_ROWS", 1000)
    line = '{"onset_s": 0, "offset_s": 60, "class": 0, "azimuth_deg": 1}\n'
    assert read(line).row_count == 600
    with pytest.raises(LabelError, match="1,200 frames are too many; are onset_s and offset_s seconds"):
        read(line * 2)


def test_frames_beyond_a_week_are_refused_before_tables_are_made(read):
    with pytest.raises(LabelError, match=r"a\.jsonl:1: 10,000,000.0 s is beyond a week; are these seconds"):
        read('{"frame": 100000000, "class": 0, "azimuth_deg": 0}')
    with pytest.raises(LabelError, match="beyond a week"):
        read('{"onset_s": 0, "offset_s": 604800.1, "class": 0, "azimuth_deg": 0}')
    assert read('{"onset_s": 604799.9, "offset_s": 604800.0, "class": 0, "azimuth_deg": 0}').frame.tolist() == [
        6_047_999
    ]


def test_what_is_no_text_is_refused(read):
    with pytest.raises(LabelError, match="not UTF-8 text"):
        read(b"\xff\xfe{")


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
keys = st.sampled_from(
    ["frame", "onset_s", "offset_s", "class", "name", "source", "azimuth_deg", "distance_m", "elevation_deg", "score"]
)
good_values = st.one_of(st.integers(0, 12), st.floats(0, 90), st.sampled_from(["music", None]))


@settings(deadline=None)
@given(st.lists(st.dictionaries(keys, st.one_of(values, good_values)), max_size=3))
def test_any_objects_give_events_or_a_sentence(tmp_path_factory, objects):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, objects)))
    try:
        events = read_json_lines(path, STARSS23)
    except LabelError as error:
        sentence = str(error)
    else:
        sentence = ""
        assert events.row_count >= len(objects)
    assert "\n" not in sentence


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_events_or_a_label_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read_json_lines(path)
    except LabelError:
        return
    assert "{" in text or not text.removeprefix("\ufeff").strip()
