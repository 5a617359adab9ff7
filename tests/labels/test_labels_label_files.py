import logging
import os
import threading
import zipfile

import pytest

from whence.errors import LabelError
from whence.labels import label_files
from whence.labels.label_files import LabelFile, read_bytes, read_files, read_tree


def written(folder, count):
    paths = [folder / f"clip{i:03}.csv" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(b"x" * i)
    return paths


@pytest.mark.parametrize("size", [0, 1, 5000, 3_000_000])
def test_bytes_come_as_they_are(tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    assert read_bytes(str(tmp_path / "a")) == content


def test_names_paths_and_order(tmp_path):
    first, second = tmp_path / "b.v2.csv", tmp_path / "a.csv"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    assert read_files([first, str(second)]) == [
        LabelFile("b.v2", str(first), b"1"),
        LabelFile("a", str(second), b"2"),
    ]
    assert read_files([]) == []


@pytest.mark.parametrize("count", [1, 128, 129, 400])
def test_many_files_are_read_by_threads_in_the_same_order(tmp_path, monkeypatch, count):
    paths = written(tmp_path, count)
    readers = set()

    def watched(path):
        readers.add(threading.current_thread().name)
        return read_bytes(path)

    monkeypatch.setattr(label_files, "read_bytes", watched)
    assert [len(file.content) for file in read_files(paths)] == list(range(count))
    assert (threading.current_thread().name in readers) == (count <= 128)


@pytest.mark.parametrize("count", [100, 300])
def test_a_missing_file_among_many_is_named(tmp_path, count):
    paths = written(tmp_path, count)
    for missing in (count - 50, count - 1):
        paths[missing].unlink()
    with pytest.raises(LabelError, match=rf"clip{count - 50:03}\.csv: no such file"):
        read_files(paths)


def test_what_is_not_a_file_is_refused_at_once(tmp_path):
    with pytest.raises(LabelError, match="none: no such file"):
        read_bytes(str(tmp_path / "none"))
    with pytest.raises(LabelError, match="not a regular file"):
        read_bytes(str(tmp_path))
    with pytest.raises(LabelError, match="cannot be opened"):
        read_bytes(str(tmp_path / ("x" * 300)))
    with pytest.raises(LabelError, match=r"'a\\x00b': cannot be opened"):
        read_bytes("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(LabelError, match=r"pipe\.csv: not a regular file"):
        read_bytes(str(tmp_path / "pipe.csv"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no endless device on this system")  # noqa: PTH110
def test_an_endless_device_is_refused():
    with pytest.raises(LabelError, match="/dev/zero: not a regular file"):
        read_bytes("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "a").chmod(0)
    with pytest.raises(LabelError, match=r"a: cannot be opened \(Permission denied\)"):
        read_bytes(str(tmp_path / "a"))


def test_a_file_too_large_for_labels_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.setattr(label_files, "LARGEST_BYTES", 4)
    with pytest.raises(LabelError, match=r"0\.0 GB is too large for a label file"):
        read_bytes(str(tmp_path / "a"))


class Parts:
    """os.read as a network file system may behave, or a file that changes."""

    def __init__(self, parts):
        self.parts = list(parts)

    def __call__(self, descriptor, size):
        return self.parts.pop(0)[:size] if self.parts else b""


def test_a_file_that_comes_in_parts_is_put_together(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.setattr(label_files.os, "read", Parts([b"12", b"3", b"45"]))
    assert read_bytes(str(tmp_path / "a")) == b"12345"


@pytest.mark.parametrize("parts", [[b"123456"], [b"12", b"3"], []], ids=["grew", "shrank", "emptied"])
def test_a_file_that_changes_meanwhile_is_refused(tmp_path, monkeypatch, parts):
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.setattr(label_files.os, "read", Parts(parts))
    with pytest.raises(LabelError, match="changed while it was read"):
        read_bytes(str(tmp_path / "a"))


def test_a_disk_that_fails_is_named_and_the_file_closed(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"12345")
    closed = []
    close = os.close

    def broken(descriptor, size):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(label_files.os, "read", broken)
    monkeypatch.setattr(label_files.os, "close", lambda descriptor: (closed.append(descriptor), close(descriptor)))
    with pytest.raises(LabelError, match=r"a: cannot be read \(Input/output error\)"):
        read_bytes(str(tmp_path / "a"))
    assert len(closed) == 1


def test_two_files_with_one_clip_name_are_named_both(tmp_path):
    (tmp_path / "x").mkdir()
    paths = written(tmp_path, 2)
    again = tmp_path / "x" / "clip001.csv"
    again.touch()
    with pytest.raises(
        LabelError, match=rf"clip name clip001 appears twice: {paths[1]} and {again}; read the two folders"
    ):
        read_files([*paths, again])


# Folders


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
    assert files[0].path == os.path.join(str(tree), "dev-test-sony", "deep", "a.CSV")  # noqa: PTH118
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
        f"{tree}: ignored 4 hidden files: .DS_Store, .ipynb_checkpoints, .whence-unfinished-1234 and 1 more"
    ]


def test_other_endings_are_skipped_and_named_in_the_log(tree, caplog):
    (tree / "b.wav").write_bytes(b"")
    (tree / "two\nlines.wav").write_bytes(b"")
    with caplog.at_level(logging.INFO, logger="whence.labels"):
        read_tree(tree, ".csv")
    (message,) = caplog.messages
    assert message.startswith(f"{tree}: skipped 2 files not ending in .csv: {tree}")
    assert message.isprintable()


def test_the_log_is_silent_where_nothing_is_left_out(tree, caplog):
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
    with pytest.raises(LabelError, match=r"clip name c appears twice: .*dev-test-sony.*c\.csv and .*dev-test-tau"):
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


@pytest.mark.parametrize("packed", [False, True])
def test_a_list_of_failures_is_no_label_file_and_a_clip_of_that_name_is(tree, packed):
    (tree / "failures-1-of-2.csv").write_text("item,failure\na.wav,broken\n")
    (tree / "dev-test-tau" / "failures.csv").write_text("f")
    path = tree
    if packed:
        path = tree.parent / "tree.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(tree.rglob("*.[cC][sS][vV]")):
                archive.write(file, file.relative_to(tree))
    assert names(read_tree(path, ".csv")) == ["a", "b", "c", "failures"]
