"""The fast way and the exact way through a label file give the same table; the exact one explains what is wrong."""

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from labels_twins import read_by_hand

from whence.errors import LabelError
from whence.labels import DCASE_2025, STARSS23, ClassList, LabelFile, clips_from_files, integer_csv, parse_exactly
from whence.labels.integer_csv import parse_fast
from whence.labels.layouts import EARLIER_LAYOUTS

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


def outcome(reading, *args):
    """What was read, or the message that refuses it."""
    try:
        return reading(*args)
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
    expected = outcome(parse_exactly, file, counted)
    if isinstance(expected, str):
        assert outcome(clips_from_files, [file], layout, STARSS23) == expected
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


# The fast parser

SIGNED = (False, True, False)


def by_hand(text, signed=SIGNED):
    """The csv module, after a look at every value."""
    rows = list(csv.reader(io.StringIO(text.decode("ascii"))))
    for row in rows:
        if len(row) != len(signed):
            return None
        for value, may_be_negative in zip(row, signed, strict=True):
            digits = value[1:] if may_be_negative and value.startswith("-") else value
            if not digits or len(digits) > 9 or set(digits) - set("0123456789"):
                return None
    return np.array([[int(value) for value in row] for row in rows], dtype=np.int32).reshape(-1, len(signed)).T


def text_of(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


small = st.integers(0, 999_999_999)
rows_of_numbers = st.lists(st.tuples(small, st.integers(-999_999_999, 999_999_999), small), max_size=30)


@settings(deadline=None)
@given(rows_of_numbers)
def test_whole_numbers_are_read_as_they_are(rows):
    numbers = parse_fast(text_of(rows), SIGNED)
    assert numbers.dtype == np.int32
    assert numbers.T.tolist() == [list(row) for row in rows]


@settings(deadline=None)
@given(st.lists(st.sampled_from("0123456789,-\n\n,,5"), max_size=40).map("".join))
@example("-,1,2\n")
@example("1,-,2\n")
@example("1,--5,2\n")
@example("1,5-,2\n")
@example("1,-5-5,2\n")
@example("-1,5,2\n")
@example("1,2\n,3\n")
@example("1,2,3,4\n1,2\n")
@example("1,2,3,4,5,6\n")
@example("1,2,3,4,5,6\n\n")
@example("1,2,3\n\n")
@example("\n1,2,3\n")
@example("1,2,3")
@example("0000000001,2,3\n")
@example("1,-0,3\n")
def test_digits_commas_and_signs_in_any_order_are_judged_as_by_hand(text):
    numbers, expected = parse_fast(text.encode(), SIGNED), by_hand(text.encode())
    if expected is not None and not text.endswith("\n") and text:
        expected = None  # the last row is not ended
    assert (numbers is None) == (expected is None)
    if numbers is not None:
        np.testing.assert_array_equal(numbers, expected)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_rightly_or_not_at_all(text):
    numbers = parse_fast(text, SIGNED)
    if numbers is not None:
        np.testing.assert_array_equal(numbers, by_hand(text))


ODD = [" 5", "+5", "5.0", "5\r", "", "nan", "1e3", "1_0", "\u0663", "5;5", '"5"', "1234567890", "0" * 999, "\0"]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("column", range(3))
def test_one_odd_value_anywhere_stops_the_fast_parser(odd, column):
    row = [b"1", b"-2", b"3"]
    row[column] = odd.encode()
    assert parse_fast(b"1,2,3\n" * 50 + b",".join(row) + b"\n" + b"1,2,3\n" * 50, SIGNED) is None


def test_no_rows_and_one_column():
    assert parse_fast(b"", SIGNED).shape == (3, 0)
    assert parse_fast(b"7\n-8\n", (True,)).tolist() == [[7, -8]]


def test_the_result_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        parse_fast(b"1,2,3\n", SIGNED)[0, 0] = 5


# The exact parser

CLASSES = ClassList(tuple(f"class {i}" for i in range(13)))


def parse(content, layout=DCASE_2025):
    content = content if isinstance(content, bytes) else content.encode()
    return parse_exactly(LabelFile("a7", "refs/a7.csv", content), layout.with_class_count(13))


def read(content, layout=DCASE_2025):
    content = content if isinstance(content, bytes) else content.encode()
    return clips_from_files([LabelFile("a7", "refs/a7.csv", content)], layout, CLASSES).events


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n1,2,3,-4,500,0\n6,7,8,9,10,1\n",
        f"\ufeff{HEADER}\n1,2,3,-4,500,0\n6,7,8,9,10,1\n",
        f"{HEADER}\r\n1,2,3,-4,500,0\r\n6,7,8,9,10,1\r\n",
        f"{HEADER}\n1,2,3,-4,500,0\r\n6,7,8,9,10,1",
        f"{HEADER}\n1,2,3,-4,500,0\n6,7,8,9,10,1\n\n",
        f"{HEADER}\r\n1,2,3,-4,500,0\r\n6,7,8,9,10,1\r\n\r\n \t\r\n",
        "frame, class,source ,azimuth,\tdistance,onscreen\n1, 2,3 ,-4,500,0\n6,7,8,9,10,1\n",
        f"{HEADER}\n01,2,3,-04,0000000000500,0\n6,7,8,9,10,1\n",
    ],
    ids=["plain", "mark", "crlf", "no last end", "blank last line", "blank last lines", "spaces", "leading zeros"],
)
def test_what_means_the_same_is_read_the_same(content):
    assert parse(content).T.tolist() == [[1, 2, 3, -4, 500, 0], [6, 7, 8, 9, 10, 1]]
    assert read(content).distance_m.tolist() == [5.0, 0.1]


@pytest.mark.parametrize("content", [HEADER, f"{HEADER}\n", f"{HEADER}\r\n\r\n", f"\ufeff{HEADER}\n"])
def test_a_clip_without_events_holds_only_the_header(content):
    assert parse(content).shape == (6, 0)
    assert read(content).row_count == 0


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("0,0,0,150,0,0", [0, 0, 0, 150, 0, 0]),
        ("0,0,0,-360,20000,0", [0, 0, 0, -360, 20000, 0]),
        ("999999,12,-1,0,2147483647,7", [999999, 12, -1, 0, 2147483647, 7]),
        ("0,0,0,-0,-0,0", [0, 0, 0, 0, 0, 0]),
    ],
    ids=["rear azimuth, distance 0", "whole turn, 200 m", "odd source, far away, any onscreen", "minus zero"],
)
def test_what_checking_flags_is_read_all_the_same(row, values):
    assert parse(f"{HEADER}\n{row}\n").T.tolist() == [values]
    assert read(f"{HEADER}\n{row}\n").row_count == 1


HEADERS = [
    (
        "",
        "a7.csv: empty file; a clip without events holds the header line frame,class,source,azimuth,distance,onscreen",
    ),
    (
        "0,8,0,30,200,0\n",
        "a7.csv:1: no header line, numbers at once; put the line frame,class,source,azimuth,distance,onscreen on top, "
        "or, for a file with elevations (DCASE 2020 to 2024), name its layout",
    ),
    ("0,8,0,30,-20\n", "a7.csv:1: no header line, numbers at once"),
    ("nan,0.5,1e3,2,3,4\n", "a7.csv:1: the header is nan,0.5,1e3,2,3,4; the first line must be frame,class"),
    (
        "frame;class;source;azimuth;distance;onscreen\n",
        "a7.csv:1: values are split by semicolons; use commas; the first line must be frame,class",
    ),
    (
        "frame,class,source,distance,azimuth,onscreen\n",
        "a7.csv:1: the columns are in another order; the first line must be frame,class",
    ),
    ("frame,class,source,azimuth,distance\n", "a7.csv:1: the header is frame,class,source,azimuth,distance; the first"),
    ("Frame,Class,Source,Azimuth,Distance,Onscreen\n", "a7.csv:1: the header is 'Frame,Class"),
    ("\x1b[2J,b\n", "a7.csv:1: the header is '\\x1b[2J,b'"),
    ("\n" + HEADER, "a7.csv:1: the header is ''"),
    (HEADER.encode("utf-16"), "a7.csv: this is UTF-16 text; save it as UTF-8"),
    (HEADER.encode() + b"\n1,2,\xe9", "a7.csv:2: byte 0xe9 is not UTF-8 text; save it as UTF-8"),
]

ROWS = [
    ("0,8,0,30,2.5,0", "distance 2.5 is not a whole number of centimetres; did you write metres?"),
    ("0,8,0,30,2.0,0", "distance 2.0 is not a whole number of centimetres; did you write metres?"),
    ("0,8,0,30,250.4,0", "distance 250.4 is not a whole number of centimetres; write 250"),
    ("0,8,0,30,0.0,0", "distance 0.0 is not a whole number of centimetres; write 0"),
    ("0.0,8,0,30,250,0", "frame 0.0 is not a whole number of frames of 100 ms; write 0"),
    ("0,8,0,30.6,250,0", "azimuth 30.6 is not a whole number of degrees; write 31"),
    ("0,8,0,NaN,250,0", "azimuth NaN is not a whole number of degrees; fill in the number"),
    ("0,8,0,,250,0", "azimuth '' is not a whole number of degrees; fill in the number"),
    ("0,8,0,inf,250,0", "azimuth inf is not a whole number of degrees; correct it"),
    ("0,8,0,+30,250,0", "azimuth +30 is not a whole number of degrees; write 30"),
    ("0,8,0,٣,250,0", "azimuth ٣ is not a whole number of degrees; write 3"),
    ("0,8,0,1e400,250,0", "azimuth 1e400 is not a whole number of degrees; correct it"),
    ("0,music,0,30,250,0", "class music is not a whole number; write the class index, 0..12"),
    ("0,8,x,30,250,0", "source x is not a whole number; correct it"),
    ("0,8,0,30,250,yes", "onscreen yes is not a whole number; correct it"),
    ("0,13,0,30,250,0", "class 13; this task has 0..12"),
    ("0,-1,0,30,250,0", "class -1; this task has 0..12"),
    ("-1,8,0,30,250,0", "frame -1 is negative; frames count from 0"),
    ("0,8,0,30,-250,0", "distance -250 is negative; write the centimetres from the listener"),
    ("99999999999,8,0,30,250,0", "frame 99999999999 is beyond a week; are these frames of 100 ms, not samples?"),
    ("2147483648,8,0,30,250,0", "frame 2147483648 is beyond a week; are these frames of 100 ms, not samples?"),
    ("0,8,0,-99999999999,250,0", "azimuth -99999999999 is too large; it must fit into 32 bits"),
    (f"0,8,0,{'9' * 9000},250,0", "azimuth '9999999999999999999999999999999999999999...' is too large"),
    ("0,8,0,30,250", f"5 values instead of 6; a row is {HEADER}"),
    ("0,8,0,30,250,0,0", f"7 values instead of 6; a row is {HEADER}"),
    ("0", f"1 value instead of 6; a row is {HEADER}"),
    ("0;8;0;30;250;0", f"values are split by semicolons; use commas: {HEADER}"),
    ("", "a blank line between rows; only the end of a file may be blank"),
    ('"0","8","0","30","250","0"', 'frame "0" is not a whole number of frames of 100 ms; remove the quotes'),
    ("0,8,0,\x1b[2J,250,0", "azimuth '\\x1b[2J' is not a whole number of degrees; correct it"),
    ("0\r0,8,0,30,250,0", "frame '0\\r0' is not a whole number of frames of 100 ms; correct it"),
]


@pytest.mark.parametrize(("content", "message"), HEADERS)
def test_a_first_line_that_is_not_the_header_is_explained(content, message):
    with pytest.raises(LabelError, match=re.escape(message)):
        read(content)


@pytest.mark.parametrize(("row", "message"), ROWS)
def test_a_bad_row_is_named_with_file_line_value_and_remedy(row, message):
    good = "0,8,0,30,250,0\n"
    with pytest.raises(LabelError) as raised:
        read(f"{HEADER}\n{good * 15}{row}\n{good * 5}")
    assert str(raised.value).startswith(f"refs/a7.csv:17: {message}")
    assert (raised.value.where, raised.value.line) == ("refs/a7.csv", 17)
    assert raised.value.remedy


def test_the_first_of_several_bad_lines_is_named():
    with pytest.raises(LabelError, match=r"a7\.csv:3: class 99"):
        read(f"{HEADER}\n0,8,0,30,250,0\n0,99,0,30,250,0\n0,x,0,30,250,0\n")


FIVE = "frame,class,source,azimuth,elevation"
EARLIER = [
    ("dcase2022", "0,8,0,30,-20,1", f"6 values instead of 5; a row is {FIVE}; layouts with 6: dcase2023, dcase2024"),
    (
        "dcase2023",
        "0,8,0,30,-20",
        f"5 values instead of 6; a row is {FIVE},distance; layouts with 5: dcase2020, dcase2021, dcase2022",
    ),
    ("dcase2023", "0,8,0,30", f"4 values instead of 6; a row is {FIVE},distance"),
    (
        "dcase2023",
        "0,8,0,270,-20,155",
        "azimuth 270 is outside -180..180; write angles from -180 to 180, positive to the left",
    ),
    ("dcase2023", "0,8,0,30,155,0", "elevation 155 is outside -90..90; is this column the distance?"),
    ("dcase2023", "0,8,0,30,20,1.55", "distance 1.55 is not a whole number of centimetres; did you write metres?"),
    (
        "dcase2023",
        f"{HEADER}\n0,8,0,30,20,155",
        "'frame,class,source,azimuth,distance,onsc...': this is the header of a DCASE 2025 file; read it as such, "
        "without naming a layout",
    ),
    (
        "dcase2022",
        f"{FIVE}\n0,8,0,30,20",
        f"{FIVE}: files of the layout dcase2022 have no header; remove the line, or name another layout",
    ),
    ("dcase2022", "x,8,0,30,20", "frame x is not a whole number of frames of 100 ms; correct it"),
]


@pytest.mark.parametrize(("layout", "content", "message"), EARLIER)
def test_files_of_other_years_are_told_apart(layout, content, message):
    with pytest.raises(LabelError) as raised:
        read(content, EARLIER_LAYOUTS[layout])
    assert str(raised.value) == f"refs/a7.csv:1: {message}"


def test_an_empty_file_of_an_earlier_year_is_a_clip_without_events():
    assert read("", EARLIER_LAYOUTS["dcase2023"]).row_count == 0
    assert parse("\n \n", EARLIER_LAYOUTS["dcase2022"]).shape == (5, 0)


def test_a_file_name_that_would_control_the_terminal_is_shown_escaped():
    file = LabelFile("a", "bad\x1b[2J\nname.csv", b"")
    with pytest.raises(LabelError, match=re.escape(r"'bad\x1b[2J\nname.csv': empty file")):
        clips_from_files([file], DCASE_2025, CLASSES)


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(list(EARLIER_LAYOUTS.values())))
def test_any_text_gives_labels_or_a_sentence(text, layout):
    text = text.encode("utf-8", "surrogatepass")
    for chosen, content in ((layout, text), (DCASE_2025, text), (DCASE_2025, f"{HEADER}\n".encode() + text)):
        result = outcome(read, content, chosen)
        if isinstance(result, str):
            assert result.startswith("refs/a7.csv:")
            assert result.isprintable()
        else:
            assert (result.class_index < 13).all()


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_give_labels_or_a_sentence(content):
    for layout in (DCASE_2025, EARLIER_LAYOUTS["dcase2023"]):
        result = outcome(read, f"{HEADER}\n".encode() + content if layout.has_header else content, layout)
        assert not isinstance(result, str) or result.isprintable()


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None)
@given(st.text(alphabet="0123456789,-.+ \n\r;\tnae\ufeff\x00", max_size=200))
def test_any_text_gives_labels_or_a_sentence_long(text):
    assert outcome(read, f"{HEADER}\n{text}", DCASE_2025) is not None
