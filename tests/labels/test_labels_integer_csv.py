"""The fast way and the exact way through a label file give the same table."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import read_by_hand

from whence.errors import LabelError
from whence.labels import STARSS23, integer_csv
from whence.labels.exact_integers import parse_exactly
from whence.labels.integer_csv import clips_from_files
from whence.labels.label_files import LabelFile
from whence.labels.layouts import DCASE_2025, EARLIER_LAYOUTS

HEADER = "frame,class,source,azimuth,distance,onscreen"


def random_text(rng, rows):
    """A good file in one of the spellings that are all accepted."""
    numbers = np.stack(
        [
            rng.integers(0, 50, rows),
            rng.integers(0, 13, rows),
            rng.integers(0, 5, rows),
            rng.integers(-90, 91, rows),
            rng.integers(0, 2000, rows),
            rng.integers(0, 2, rows),
        ],
        axis=1,
    )
    text = "".join([f"{HEADER}\n", *(",".join(map(str, row)) + "\n" for row in numbers.tolist())])
    return rng.choice([text, text[:-1], f"{text}\n"]), text


def files_of(texts):
    return [LabelFile(f"clip{i}", f"clip{i}.csv", text.encode()) for i, text in enumerate(texts)]


@pytest.mark.parametrize("seed", range(20))
def test_many_files_at_once_equal_one_by_one_by_hand(seed):
    rng = np.random.default_rng([2, 0, seed])
    texts = [random_text(rng, int(rng.integers(0, 40))) for _ in range(25)]
    clips = clips_from_files(files_of(text for text, _ in texts), DCASE_2025, STARSS23)
    assert clips.names == tuple(f"clip{i}" for i in range(25))
    for name, (_, plain) in zip(clips, texts, strict=True):
        assert clips[name] == read_by_hand(plain)


@pytest.mark.parametrize("seed", range(10))
def test_odd_files_among_regular_ones_are_read_exactly_and_in_their_places(seed, monkeypatch):
    rng = np.random.default_rng([2, 1, seed])
    plain = [random_text(rng, int(rng.integers(1, 20)))[1] for _ in range(16)]
    odd = set(rng.choice(16, size=seed, replace=False).tolist())
    texts = [text.replace(",", ", ") if i in odd else text for i, text in enumerate(plain)]
    looked_at = []
    monkeypatch.setattr(
        integer_csv, "parse_exactly", lambda file, layout: looked_at.append(file.name) or parse_exactly(file, layout)
    )
    clips = clips_from_files(files_of(texts), DCASE_2025, STARSS23)
    assert [clips[name] for name in clips] == [read_by_hand(text) for text in plain]
    assert looked_at == [f"clip{i}" for i in sorted(odd)]


@pytest.mark.parametrize(
    "spelling", ["{}", "\ufeff{}", "{}\n", "{}\n\n", "\r\n"], ids=["plain", "mark", "blank", "blanks", "crlf"]
)
def test_common_spellings_never_need_the_exact_parser(spelling, monkeypatch):
    monkeypatch.setattr(integer_csv, "parse_exactly", None)
    _, plain = random_text(np.random.default_rng([2, 2, 0]), 20)
    text = plain.replace("\n", spelling) if spelling == "\r\n" else spelling.format(plain)
    for content in (text, text.rstrip("\r\n")):
        assert clips_from_files(files_of([content]), DCASE_2025, STARSS23).events == read_by_hand(plain)


def test_of_several_bad_files_the_first_is_named():
    good, bad = f"{HEADER}\n0,0,0,0,1,0\n", f"{HEADER}\n0,0,0,0,1.5,0\n"
    with pytest.raises(LabelError, match=r"clip3\.csv:2: distance 1\.5"):
        clips_from_files(files_of([good, good, good, bad, good, bad]), DCASE_2025, STARSS23)


def outcome(reading):
    """What was read, or the sentence that refuses it."""
    try:
        return reading()
    except LabelError as error:
        return str(error)


field = st.one_of(
    st.integers(-200, 300).map(str),
    st.sampled_from(["", " 5", "5 ", "+5", "5.0", "-0", "007", "nan", "1e2", "5\r", "12345678901"]),
)
line = st.lists(field, min_size=4, max_size=7).map(",".join)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(line, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([DCASE_2025, *EARLIER_LAYOUTS.values()]),
)
def test_fast_and_exact_agree_on_nearly_good_files(lines, end, layout):
    head = [HEADER] if layout.has_header else []
    file = LabelFile("a", "a.csv", end.join([*head, *lines, ""]).encode())
    counted = layout.with_class_count(13)
    expected = outcome(lambda: parse_exactly(file, counted))
    if isinstance(expected, str):
        assert outcome(lambda: clips_from_files([file], layout, STARSS23)) == expected
        return
    clips = clips_from_files([file], layout, STARSS23)
    assert clips.first_row.tolist() == [0, expected.shape[1]]
    assert clips.events.frame.tolist() == expected[0].tolist()
    assert clips.events.azimuth_deg.tolist() == expected[3].tolist()
    # The neighbours of a file do not change what is read from it.
    twice = clips_from_files([file._replace(name="b"), file], layout, STARSS23)
    assert twice["a"] == twice["b"] == clips.events


def test_files_with_blank_ends_do_not_shift_their_neighbours_rows():
    texts = [f"{HEADER}\n1,0,0,0,1,0\n\n\n", f"{HEADER}", f"{HEADER}\r\n2,0,0,0,1,0\r\n3,0,0,0,1,0", f"{HEADER}\n\n"]
    clips = clips_from_files(files_of(texts), DCASE_2025, STARSS23)
    assert [clips[name].frame.tolist() for name in clips] == [[1], [], [2, 3], []]


def test_row_order_and_duplicates_are_kept():
    rows = ["5,8,0,10,100,0", "1,8,0,20,100,0", "5,8,0,10,100,0", "5,7,0,30,100,0"]
    events = clips_from_files(files_of(["\n".join([HEADER, *rows])]), DCASE_2025, STARSS23).events
    assert events.frame.tolist() == [5, 1, 5, 5]
    assert events.class_index.tolist() == [8, 8, 8, 7]


def test_no_files_give_no_clips():
    assert len(clips_from_files([], DCASE_2025, STARSS23)) == 0


def test_columns_are_shared_with_what_was_parsed_and_cannot_be_written():
    events = clips_from_files(files_of([f"{HEADER}\n5,8,0,10,100,0\n"]), DCASE_2025, STARSS23).events
    for column in events.to_columns().values():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
