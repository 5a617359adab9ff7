"""Class names as people write them."""

import pytest
from corpora_trees import write_text
from hypothesis import example, given, strategies as st

from whence.corpora.class_names import match_class, packaged_class_map, read_class_map
from whence.corpora.sounds import BACKGROUND, INTERFERENCE
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList

OFFICIAL = [
    *("Female speech, woman speaking", "Male speech, man speaking", "Clapping", "Telephone", "Laughter"),
    *("Domestic sounds", "Walk, footsteps", "Door, open or close", "Music", "Musical instrument"),
    *("Water tap, faucet", "Bell", "Knock"),
]


@pytest.mark.parametrize(("class_index", "name"), list(enumerate(OFFICIAL)))
def test_the_organisers_names_are_understood(class_index, name):
    assert match_class(name, STARSS23) == class_index


@given(st.integers(0, 12), st.sampled_from("_-. "), st.sampled_from([str.upper, str.title, str.lower]), st.booleans())
def test_case_separators_and_a_leading_index_do_not_matter(class_index, separator, cased, numbered):
    name = cased(STARSS23[class_index].replace(" ", separator))
    assert match_class(f"{class_index:02d}{separator}{name}" if numbered else name, STARSS23) == class_index


@pytest.mark.parametrize(
    ("name", "class_index"),
    [
        *[("0", 0), ("12", 12), ("007", 7), (" 3 ", 3), ("domestic", 5), ("water", 10), ("instrument", 9)],
        *[("background", BACKGROUND), ("Interference", INTERFERENCE), ("2nd floor door", 7), ("99 bell", 11)],
    ],
)
def test_indices_parts_and_the_special_names(name, class_index):
    assert match_class(name, STARSS23) == class_index


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("13", r"no class '13'; there are: 0 female speech, .*12 knock, background, interference"),
        ("dog", r"no class 'dog'; there are: 0 female speech"),
        ("", r"no class ''"),
        ("__", r"no class '__'"),
        ("-1", r"no class '-1'"),
        ("speech", r"'speech' could be 'female speech' or 'male speech'; the classes are: 0 female"),
        ("telephone bell", r"could be 'telephone' or 'bell'"),
        ("3_bell", r"'3_bell' starts with index 3 \(telephone\) but names 'bell'"),
    ],
)
def test_what_is_not_one_class_is_refused_with_the_list(name, sentence):
    with pytest.raises(CorpusError, match=sentence):
        match_class(name, STARSS23)


def test_names_that_differ_by_a_number_only_are_different_classes():
    classes = ClassList(("class 1", "class 2", "class 10"))
    assert [match_class(name, classes) for name in ("class_1", "Class 2", "class-10", "1")] == [0, 1, 2, 1]
    with pytest.raises(CorpusError, match=r"could be"):
        match_class("class", classes)


@example("0\x1f")
@given(st.text(max_size=20))
def test_any_text_is_a_class_or_a_corpus_error(name):
    try:
        found = match_class(name, STARSS23)
    except CorpusError as error:
        found, message = None, str(error)
    assert found in {*range(13), BACKGROUND, INTERFERENCE} if found is not None else repr(name) in message


HEADER = "name,class,implied_by,note\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"mine.csv:1: the first line must be name,class,implied_by,note"),
        ("name,class\n", r"mine.csv:1: the first line must be"),
        (HEADER, r"mine.csv: the class map is empty"),
        (f"{HEADER}Dog,dog,,\n", r"mine.csv:2: no class 'dog'; there are"),
        (f"{HEADER}Dog,knock\n", r"mine.csv:2: 2 cells, the header has 4"),
        (f"{HEADER}Dog,knock,,a note, with a comma\n", r"mine.csv:2: 5 cells, .*quote a note with commas"),
        (f"{HEADER}Dog,knock,,\n\nDog,bell,,\n", r"mine.csv:4: 'Dog' is there twice"),
        (f"{HEADER},knock,,\n", r"mine.csv:2: no name"),
    ],
)
def test_a_wrong_map_is_refused_by_line(tmp_path, text, sentence):
    with pytest.raises(CorpusError, match=sentence):
        read_class_map(write_text(tmp_path / "mine.csv", text), STARSS23)


def test_a_map_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"gone.csv: no such class map"):
        read_class_map(tmp_path / "gone.csv", STARSS23)
    with pytest.raises(CorpusError, match=r"not readable as a class map"):
        read_class_map(tmp_path, STARSS23)


def test_the_packaged_map_covers_all_classes_but_music():
    class_map = packaged_class_map("fsd50k", STARSS23)
    assert set(range(13)) - set(class_map.class_index.values()) == {STARSS23.index("music")}
    # A parent that is implied must be implied by names the map itself knows, or the rule could not apply.
    assert set().union(*class_map.implied_by.values()) <= set(class_map.class_index)


@pytest.mark.parametrize(
    ("labels", "meaning"),
    [
        ("Knock,Door", {12}),
        ("Door,Slam", {7}),
        ("Door,Tap", {None}),
        ("Doorbell,Door,Bell,Alarm", {11}),
        ("Female_speech_and_woman_speaking,Door,Speech", {0, 7}),
        ("Female_speech_and_woman_speaking,Male_speech_and_man_speaking", {0, 1}),
        ("Piano,Keyboard_(musical),Musical_instrument,Music", {9}),
        ("Music", set()),
        ("Clapping,Crowd", {2, None}),
    ],
)
def test_parents_say_nothing_beside_their_children(labels, meaning):
    assert packaged_class_map("fsd50k", STARSS23).meaning(labels.split(",")) == meaning
