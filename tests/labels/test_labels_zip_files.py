"""Archives, honest and hostile; every one is made here."""

import os
import stat
import struct
import zipfile

import pytest
from hypothesis import example, given, settings, strategies as st

from whence.errors import LabelError
from whence.labels import label_files, zip_files
from whence.labels.label_files import LARGEST_BYTES, read_tree
from whence.labels.zip_files import read_zip

GOOD = {"dev-test-tau/c.csv": b"ccc", "b.csv": b"b", "dev-test-sony/a.CSV": b"aa"}


def archive(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return str(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_like_the_folder_it_was_made_of(tmp_path, method):
    for name, content in GOOD.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    packed = archive(tmp_path / "packed.zip", GOOD, method)
    from_folder, from_archive = read_tree(tmp_path / "folder", ".csv"), read_tree(packed, ".csv")
    assert [(file.name, file.content) for file in from_archive] == [(file.name, file.content) for file in from_folder]
    assert from_archive[2].path == f"{packed}/dev-test-tau/c.csv"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path, method):
    with pytest.raises(LabelError, match="is compressed in an unusual way; pack it as an ordinary zip file"):
        read_tree(archive(tmp_path / "packed.zip", GOOD, method), ".csv")


def test_nothing_is_ever_unpacked(tmp_path, monkeypatch):
    packed = archive(tmp_path / "packed.zip", GOOD)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", None)
    read_tree(packed, ".csv")
    assert sorted(tmp_path.rglob("*")) == before


def test_hidden_members_folders_and_other_endings_are_passed_over(tmp_path):
    extra = {".DS_Store": b"x", "__MACOSX/dev/._b.csv": b"x", "x/.git/a.csv": b"x", "a.wav": b"x", "folder/": b""}
    files, passed_over = read_zip(archive(tmp_path / "packed.zip", {**GOOD, **extra}), ".csv", LARGEST_BYTES)
    assert len(files) == 3
    assert passed_over == [".DS_Store", "._b.csv", ".git", "a.wav"]


def test_an_archive_made_on_windows_is_read(tmp_path):
    packed = archive(tmp_path / "packed.zip", {"dev_test_tau_c.csv": b"ccc"})
    content = (tmp_path / "packed.zip").read_bytes()
    (tmp_path / "packed.zip").write_bytes(content.replace(b"dev_test_tau_c.csv", b"dev_test_tau\\c.csv"))
    assert [file.name for file in read_tree(packed, ".csv")] == ["c"]


def test_the_same_clip_twice_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"clip name a appears twice: .*x/a\.csv and .*y/a\.csv"):
        read_tree(archive(tmp_path / "packed.zip", {"x/a.csv": b"", "y/a.csv": b""}), ".csv")


@pytest.mark.parametrize("name", ["../up.csv", "/abs.csv", "x/../../up.csv", "C:/windows.csv", "c:up.csv"])
def test_a_member_that_leads_outside_is_refused(tmp_path, name):
    with pytest.raises(LabelError, match="leads out of the archive; pack the files again with plain names"):
        read_tree(archive(tmp_path / "packed.zip", {"good.csv": b"", name: b""}), ".csv")


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(LabelError, match=r"link\.csv: is a link; pack the file itself"):
        read_tree(tmp_path / "packed.zip", ".csv")


def test_an_encrypted_member_is_refused(tmp_path):
    path = tmp_path / "packed.zip"
    archive(path, {"a.csv": b"secret"})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(LabelError, match=r"a\.csv: is encrypted; pack it without a password"):
        read_tree(path, ".csv")


def test_a_bomb_is_refused_before_it_grows(tmp_path):
    packed = archive(tmp_path / "packed.zip", {"bomb.csv": b"0" * 20_000_000})
    assert os.path.getsize(packed) < 100_000  # noqa: PTH202
    with pytest.raises(LabelError, match=r"bomb\.csv: would grow 1,0\d\d-fold; at most 200 is read"):
        read_tree(packed, ".csv")


def test_small_files_may_shrink_as_far_as_they_like(tmp_path):
    packed = archive(tmp_path / "packed.zip", {"a.csv": b"0" * 1_000_000})
    assert len(read_tree(packed, ".csv")[0].content) == 1_000_000


def test_many_members_that_are_large_together_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(label_files, "LARGEST_BYTES", 5)
    with pytest.raises(LabelError, match=r"would grow to 0\.0 GB; unpack it and read the folder"):
        read_tree(archive(tmp_path / "packed.zip", GOOD), ".csv")


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_files, "_MOST_FILES", 2)
    with pytest.raises(LabelError, match="3 files; at most 2 are read"):
        read_tree(archive(tmp_path / "packed.zip", GOOD), ".csv")


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_declares(tmp_path):
    path = tmp_path / "packed.zip"
    archive(path, {"a.csv": b"0123456789" * 100})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 10)
    path.write_bytes(content)
    with pytest.raises(LabelError, match=r"a\.csv: cannot be unpacked"):  # the check sum tells
        read_tree(path, ".csv")


@pytest.mark.parametrize("cut", [0, 1, 10, 60, -1])
def test_a_cut_archive_is_refused(tmp_path, cut):
    path = tmp_path / "packed.zip"
    archive(path, GOOD)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LabelError, match="neither a folder nor a whole zip file"):
        read_tree(path, ".csv")


@pytest.fixture(scope="module")
def good_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "packed.zip"
    archive(path, {f"clip{i}.csv": b"0,8,0,30,250,0\n" * 20 for i in range(3)})
    return path, path.read_bytes()


damages = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4)


def check_damaged(good_bytes, changes):
    path, content = good_bytes
    damaged = bytearray(content)
    for position, byte in changes:
        damaged[position % len(content)] = byte
    path.write_bytes(damaged)
    try:
        files = read_tree(path, ".csv")
    except LabelError:
        return
    assert all(file.content == b"0,8,0,30,250,0\n" * 20 for file in files)


@settings(deadline=None)
@given(damages)
@example([(189, 64)])  # made by a zip version that is not known
@example([(709, 0)])  # a member without a name
def test_any_damage_gives_files_or_a_label_error(good_bytes, changes):
    check_damaged(good_bytes, changes)


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None)
@given(damages)
def test_any_damage_gives_files_or_a_label_error_long(good_bytes, changes):
    check_damaged(good_bytes, changes)
