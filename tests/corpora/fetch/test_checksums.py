"""Checksums of files and folders, against Python's own and the standard tool."""

import hashlib
import shutil
import subprocess

import pytest

from whence.corpora.fetch.checksums import SUMS_FILE, FolderCheck, check_sums, file_checksum, write_sums
from whence.errors import CorpusError


@pytest.fixture
def folder(tmp_path):
    for name, content in {"a/one.wav": b"1" * 3_000_000, "a/two words.csv": b"2", "ünder.txt": b""}.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "data" / ".hidden").write_bytes(b"not data")
    (tmp_path / "data" / ".tmp").mkdir()
    (tmp_path / "data" / ".tmp" / "x").write_bytes(b"not data")
    return tmp_path / "data"


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_a_checksum_is_python_s(tmp_path, method):
    (tmp_path / "x").write_bytes(b"content" * 1000)
    assert file_checksum(tmp_path / "x", f"{method}:whatever") == (
        f"{method}:{hashlib.new(method, b'content' * 1000, usedforsecurity=False).hexdigest()}"
    )


@pytest.mark.parametrize("checksum", ["crc:0", "", "shake_128:0"])
def test_an_unknown_kind_of_checksum_is_refused(tmp_path, checksum):
    with pytest.raises(CorpusError, match=r"is none of md5, sha1"):
        file_checksum(tmp_path / "x", checksum)


def test_a_folder_is_whole_after_listing(folder):
    told = []
    assert write_sums(folder, progress=lambda *call: told.append(call)) == 3
    assert told[-1] == ("checking", 3, 3)
    assert check_sums(folder) == FolderCheck(intact=3, missing=(), changed=(), extra=())
    assert write_sums(folder) == 3  # the list does not list itself


def test_what_happened_to_a_folder_is_told(folder):
    write_sums(folder)
    (folder / "a" / "two words.csv").unlink()
    (folder / "ünder.txt").write_bytes(b"changed")
    (folder / "new").write_bytes(b"")
    check = check_sums(folder)
    assert check == FolderCheck(1, ("a/two words.csv",), ("ünder.txt",), ("new",))
    assert not check.is_whole
    assert FolderCheck(1, (), (), ("new",)).is_whole


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_standard_tool_reads_the_list(folder):
    write_sums(folder)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS_FILE], cwd=folder, check=True)


def test_a_folder_without_files_or_list_is_refused(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"empty: no files to list"):
        write_sums(tmp_path / "empty")
    with pytest.raises(CorpusError, match=r"gone: no such folder"):
        write_sums(tmp_path / "gone")
    with pytest.raises(CorpusError, match=r"SHA256SUMS: missing; make it with `whence data index`"):
        check_sums(folder)


@pytest.mark.parametrize("text", [b"abc  name\n", b"no spaces\n", b"\xff\xfe", b"a" * 64 + b"  \n"])
def test_a_list_that_is_none_is_refused(folder, text):
    (folder / SUMS_FILE).write_bytes(text)
    with pytest.raises(CorpusError, match=r"SHA256SUMS:(1: not a line of sha256sum| not readable)"):
        check_sums(folder)
