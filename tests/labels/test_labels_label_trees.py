import logging
import os

import pytest

from whence.errors import LabelError
from whence.labels.label_trees import read_tree


@pytest.fixture
def tree(tmp_path):
    for name in ("dev-test-tau/c.csv", "dev-test-sony/deep/a.CSV", "b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def names(files):
    return [file.name for file in files]


def test_folders_are_searched_to_any_depth_and_names_sorted(tree):
    files = read_tree(tree, ".csv")
    assert names(files) == ["a", "b", "c"]
    assert files[0].place == os.path.join(str(tree), "dev-test-sony", "deep", "a.CSV")  # noqa: PTH118
    assert files[2].content == b"dev-test-tau/c.csv"
    assert read_tree(str(tree), ".csv") == files


def test_hidden_files_are_left_out_and_the_log_says_so(tree, caplog):
    (tree / ".DS_Store").write_bytes(b"\0")
    (tree / "dev-test-tau" / "._c.csv").write_bytes(b"\0")
    (tree / ".ipynb_checkpoints").mkdir()
    (tree / ".ipynb_checkpoints" / "d.csv").write_text("x")
    (tree / ".whence-unfinished-1234").write_text("x")
    with caplog.at_level(logging.WARNING, logger="whence.labels"):
        assert names(read_tree(tree, ".csv")) == ["a", "b", "c"]
    assert caplog.messages == [
        f"{tree}: ignored 4 hidden files: .DS_Store, .ipynb_checkpoints, .whence-unfinished-1234, ..."
    ]


def test_other_endings_are_passed_over_for_those_who_ask(tree, caplog):
    (tree / "b.wav").write_bytes(b"")
    (tree / "two\nlines.wav").write_bytes(b"")
    with caplog.at_level(logging.INFO, logger="whence.labels"):
        read_tree(tree, ".csv")
    (message,) = caplog.messages
    assert message.startswith(f"{tree}: passed over 2 files not ending in .csv: {tree}")
    assert message.isprintable()


def test_nothing_is_said_where_nothing_is_left_out(tree, caplog):
    with caplog.at_level(logging.DEBUG, logger="whence.labels"):
        read_tree(tree, ".csv")
    assert caplog.messages == []


def test_links_to_folders_are_followed_and_loops_end(tree):
    (tree / "dev-test-tau" / "up").symlink_to(tree)
    (tree / "self").symlink_to(tree / "self")
    other = tree.parent / "elsewhere"
    other.mkdir()
    (other / "d.csv").write_text("d")
    (tree / "linked").symlink_to(other)
    (tree / "linked again").symlink_to(other)
    assert names(read_tree(tree, ".csv")) == ["a", "b", "c", "d"]


def test_a_broken_link_is_named(tree):
    (tree / "e.csv").symlink_to(tree / "gone")
    with pytest.raises(LabelError, match=r"e\.csv: no such file"):
        read_tree(tree, ".csv")


def test_a_folder_called_like_a_file_is_a_folder(tree):
    (tree / "old.csv").mkdir()
    (tree / "old.csv" / "d.csv").write_text("d")
    assert names(read_tree(tree, ".csv")) == ["a", "b", "c", "d"]


def test_one_clip_in_two_folders_is_refused(tree):
    (tree / "dev-test-sony" / "c.csv").write_text("c")
    with pytest.raises(LabelError, match=r"clip name c stands twice: .*dev-test-sony.*c\.csv and .*dev-test-tau"):
        read_tree(tree, ".csv")


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(LabelError, match="none: no such folder"):
        read_tree(tmp_path / "none", ".csv")
    with pytest.raises(LabelError, match=r"no \.csv files in it"):
        read_tree(tmp_path, ".csv")
    (tmp_path / "a.csv").write_text("frame")
    with pytest.raises(LabelError, match=r"a\.csv: neither a folder nor a whole zip file"):
        read_tree(tmp_path / "a.csv", ".csv")


def test_a_folder_that_cannot_be_listed_is_named(tree, monkeypatch):
    def refused(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(LabelError, match=r"cannot be listed \(Permission denied\)"):
        read_tree(tree, ".csv")


@pytest.mark.skipif(os.name == "nt", reason="names are text on this system")
def test_a_name_that_is_not_text_is_read_and_shown_escaped(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"clip\xff.csv")  # noqa: PTH118
    try:
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(b"1")
    except OSError:
        pytest.skip("this file system takes only text as names")
    (file,) = read_tree(tmp_path, ".csv")
    assert file.name == "clip\udcff"
