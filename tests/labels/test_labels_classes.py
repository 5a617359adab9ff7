import pickle

import pytest
from hypothesis import given, settings, strategies as st

from whence.errors import LabelError
from whence.labels import STARSS23, ClassList, class_name, read_class_list


def test_the_official_order():
    assert len(STARSS23) == 13
    assert (STARSS23[0], STARSS23[5], STARSS23[12]) == ("female speech", "domestic sounds", "knock")
    assert [STARSS23.index(name) for name in STARSS23.names] == list(range(13))


def test_a_class_list_is_a_sequence_that_can_be_hashed_and_sent():
    assert list(ClassList(("a", "b"))) == ["a", "b"]
    assert ClassList(["a", "b"]) == ClassList(("a", "b"))
    assert hash(ClassList(["a", "b"])) == hash(ClassList(("a", "b")))
    assert pickle.loads(pickle.dumps(STARSS23)) == STARSS23


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "at least one name"),
        (("a", " "), "class 1 has no name"),
        (("a", "b", "a"), "class name 'a' appears twice"),
        ("bell", "not of the one text 'bell'"),
    ],
)
def test_lists_that_cannot_be_are_refused(names, message):
    with pytest.raises(LabelError, match=message):
        ClassList(names)


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(LabelError, match="no class 'bel'; there are: dog, bell"):
        ClassList(("dog", "bell")).index("bel")


def test_a_users_own_list(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_bytes("\ufeff# my own sounds\r\n dog \r\n\r\nVögel\r\n#not one\r\nHund, groß".encode())
    assert read_class_list(path).names == ("dog", "Vögel", "Hund, groß")


def test_a_hash_within_a_name_is_part_of_it(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("chord F# minor\n")
    assert read_class_list(path).names == ("chord F# minor",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at least one name"),
        (b"# nothing\n\n", "at least one name"),
        (b"dog\nbell\ndog\n", "class name 'dog' appears twice"),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(LabelError, match=message) as raised:
        read_class_list(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(LabelError, match="no such file"):
        read_class_list(tmp_path / "none.txt")
    with pytest.raises(LabelError, match="not a regular file"):
        read_class_list(tmp_path)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_list_or_a_label_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("classes") / "classes.txt"
    path.write_bytes(content)
    try:
        names = read_class_list(path).names
    except LabelError:
        return
    assert names
    assert len(set(names)) == len(names)


def test_a_class_that_is_not_in_the_list_is_named():
    with pytest.raises(LabelError, match=r"class 2; this class list has 0\.\.1"):
        class_name(2, ClassList(("bell", "dog")))
