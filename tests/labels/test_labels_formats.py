"""What all formats have in common; other files test each format on its own."""

import json

import pytest
from hypothesis import given, settings, strategies as st
from labels_twins import random_events, rng_of

from whence.errors import LabelError
from whence.labels import FORMATS, STARSS23, ClassList, Events, dcase_text, read_dcase, write_events

EVENTS = random_events(rng_of(8, 0, 0))
NASTY = [
    "tab\there",
    "line\nbreak",
    "return\rhere",
    "<img src=x onerror=alert(1)>",
    "--> 00:00:01.000",
    "=HYPERLINK(1)",
    "@SUM(1)",
    "-1+1",
    "+1",
    '"quoted", and, commas',
    "\x1b[2J",
    "../../up",
    "\u2028separator",
    "lone \udcff surrogate",
    "}\n{",
]
NASTY_CLASSES = ClassList(tuple(NASTY))
NASTY_EVENTS = random_events(rng_of(8, 0, 1), rows=200, classes=len(NASTY))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_its_files_beside_each_other(tmp_path, name):
    written = write_events(tmp_path / "street.v2", EVENTS, name)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert all(path.name.startswith("street.v2.") and path.stat().st_size for path in written)
    if "<class>" not in FORMATS[name].endings[0]:
        assert [path.name for path in written] == [f"street.v2{ending}" for ending in FORMATS[name].endings]
    assert FORMATS[name].description


def test_all_formats_of_a_clip_fit_into_one_folder(tmp_path):
    written = [path for name in FORMATS for path in write_events(tmp_path / "street", EVENTS, name)]
    assert len(set(written)) == len(written)
    # The folder can still be scored: only the DCASE file looks like one.
    assert [path.name for path in written if path.suffix == ".csv"] == ["street.csv"]


@pytest.mark.parametrize("name", FORMATS)
def test_silence_can_be_written(tmp_path, name):
    written = write_events(str(tmp_path / "street"), Events.empty(), name)
    assert len(written) == (0 if name == "audacity-by-class" else len(FORMATS[name].endings))


def test_an_ending_that_is_there_already_is_not_doubled(tmp_path):
    assert write_events(tmp_path / "a.csv", EVENTS, "dcase") == [tmp_path / "a.csv"]
    assert write_events(tmp_path / "a.regions.txt", EVENTS, "sonic-visualiser") == [
        tmp_path / "a.regions.txt",
        tmp_path / "a.azimuth.txt",
    ]
    assert write_events(tmp_path / "a.csv", EVENTS, "jams") == [tmp_path / "a.csv.jams"]


def test_dcase_is_among_the_formats(tmp_path):
    (path,) = write_events(tmp_path / "a", EVENTS, "dcase")
    assert path.read_text() == dcase_text(EVENTS)
    assert read_dcase(path).frame.tolist() == EVENTS.frame.tolist()


def test_an_unknown_format_lists_those_there_are(tmp_path):
    with pytest.raises(LabelError, match="no format audacty; there are: dcase, audacity, audacity-by-class, sonic"):
        write_events(tmp_path / "a", EVENTS, "audacty")


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"dcase"}))
def test_a_class_without_a_name_is_refused_and_nothing_written(tmp_path, name):
    with pytest.raises(LabelError, match=r"class \d+; this class list has 0\.\.1"):
        write_events(tmp_path / "a", EVENTS, name, ClassList(("bell", "dog")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_nasty_class_names_add_no_lines_columns_or_files(tmp_path, name):
    good, nasty = tmp_path / "good", tmp_path / "nasty"
    good.mkdir()
    nasty.mkdir()
    plain = ClassList(tuple(f"class {i}" for i in range(len(NASTY))))
    expected = write_events(good / "a", NASTY_EVENTS, name, plain)
    written = write_events(nasty / "a", NASTY_EVENTS, name, NASTY_CLASSES)
    # Nothing is written anywhere else, and no name adds a line or a column.
    assert sorted(nasty.iterdir()) == sorted(written)
    assert len(written) == len(expected)
    for path, other in zip(written, expected, strict=True):
        text = path.read_text(encoding="utf-8")
        assert len(text.split("\n")) == len(other.read_text().split("\n"))
        assert not set(text) & {"\r", "\x1b", "\x00", "\u2028"}
        assert [line.count("\t") for line in text.split("\n")] == [
            line.count("\t") for line in other.read_text().split("\n")
        ]
        # Captions are not opened as a spreadsheet; everything else may be.
        cells = [] if name == "webvtt" else [cell for line in text.split("\n") for cell in line.split("\t")]
        assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


@settings(deadline=None)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3, unique=True))
def test_any_class_names_can_be_written_in_any_format(names):
    classes = ClassList(tuple(names))
    events = random_events(rng_of(8, 0, 2), rows=10, classes=len(names))
    for format_ in FORMATS.values():
        for ending, text in format_.texts(events, classes).items():
            assert text.encode("utf-8")
            assert "/" not in ending
            assert "\0" not in ending
            assert len(ending) < 100


def test_json_formats_hold_json(tmp_path):
    for name in ("json", "json-frames"):
        (path,) = write_events(tmp_path / "a", NASTY_EVENTS, name, NASTY_CLASSES)
        assert all(isinstance(json.loads(line), dict) for line in path.read_text().splitlines())
    assert STARSS23 != NASTY_CLASSES
