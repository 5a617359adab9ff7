import os
import threading

import pytest

from whence.errors import LabelError
from whence.labels import label_files
from whence.labels.label_files import LabelFile, read_bytes, read_files, unique


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


def test_names_places_and_order(tmp_path):
    first, second = tmp_path / "b.v2.csv", tmp_path / "a.csv"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    assert read_files([first, str(second)]) == [
        LabelFile("b.v2", str(first), b"1"),
        LabelFile("a", str(second), b"2"),
    ]
    assert read_files([]) == []


@pytest.mark.parametrize("count", [1, 127, 128, 129, 400])
@pytest.mark.parametrize("waiting_s", [0.0, 1e9])
def test_slow_disks_are_read_by_threads_in_the_same_order(tmp_path, monkeypatch, count, waiting_s):
    paths = written(tmp_path, count)
    readers = set()

    def watched(place):
        readers.add(threading.current_thread().name)
        return read_bytes(place)

    monkeypatch.setattr(label_files, "_WAITING_S", waiting_s)
    monkeypatch.setattr(label_files, "read_bytes", watched)
    assert [len(file.content) for file in read_files(paths)] == list(range(count))
    assert (len(readers) > 1) == (count > 128 and waiting_s == 0.0)


@pytest.mark.parametrize("waiting_s", [0.0, 1e9])
def test_a_missing_file_among_many_is_named(tmp_path, monkeypatch, waiting_s):
    monkeypatch.setattr(label_files, "_WAITING_S", waiting_s)
    paths = written(tmp_path, 300)
    paths[250].unlink()
    with pytest.raises(LabelError, match=r"clip250\.csv: no such file"):
        read_files(paths)


def test_what_is_no_file_is_refused_at_once(tmp_path):
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


def test_two_files_with_one_clip_name_are_named_both():
    files = [LabelFile("a", "x/a.csv", b""), LabelFile("b", "x/b.csv", b""), LabelFile("a", "y/a.csv", b"")]
    assert unique(files[:2]) == files[:2]
    with pytest.raises(LabelError, match=r"clip name a stands twice: x/a\.csv and y/a\.csv; read the two folders"):
        unique(files)
