"""Zip archives in parts: every cut of an archive must read as the archive."""

import io
import random
import shutil
import subprocess
import zipfile

import pytest
from corpora_archives import CONTENT, cut, whole_archive

from whence.corpora.fetch.split_zip import open_zip, parts_of
from whence.errors import CorpusError


def written(folder, parts, name="data"):
    for number, part in enumerate(parts[:-1], 1):
        (folder / f"{name}.z{number:02d}").write_bytes(part)
    last = folder / f"{name}.zip"
    last.write_bytes(parts[-1])
    return last


def read_all(archive):
    with open_zip(archive) as file, zipfile.ZipFile(file) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


@pytest.mark.parametrize("zip64", [False, True])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_the_same_wherever_it_was_cut(tmp_path, compression, zip64):
    archive = whole_archive(compression)
    rng = random.Random(5)
    for trial in range(25):
        sizes = [rng.randint(1, 3_000) for _ in range(12)]
        last = written(tmp_path, cut(archive, sizes, zip64=zip64), f"data{trial}")
        assert len(parts_of(last)) > 1
        assert read_all(last) == CONTENT


def test_an_archive_in_one_piece_is_opened_as_it_is(tmp_path):
    last = written(tmp_path, [whole_archive()])
    assert parts_of(last) == [last]
    assert read_all(last) == CONTENT


def test_the_joined_parts_are_a_plain_archive_on_their_own(tmp_path):
    last = written(tmp_path, cut(whole_archive(), [2_000, 2_000]))
    with open_zip(last) as file:
        joined = file.read()
    with zipfile.ZipFile(io.BytesIO(joined)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == CONTENT


def test_reading_jumps_to_any_place(tmp_path):
    last = written(tmp_path, cut(whole_archive(zipfile.ZIP_STORED), [100, 4_000, 1]))
    rng = random.Random(2)
    with open_zip(last) as file:
        whole = file.read()
        for _ in range(200):
            first, size = rng.randrange(len(whole) + 10), rng.randrange(6_000)
            file.seek(first)
            assert file.read(size) == whole[first : first + size]
        assert file.seek(-3, io.SEEK_END) == len(whole) - 3
        assert file.seek(1, io.SEEK_CUR) == len(whole) - 2
        assert file.read() == whole[-2:]


@pytest.mark.skipif(shutil.which("zip") is None, reason="needs Info-ZIP's zip")
def test_archives_of_info_zip_read_too(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    content = {f"{n}.bin": random.Random(n).randbytes(40_000) for n in range(8)}
    for name, data in content.items():
        (source / name).write_bytes(data)
    subprocess.run(["zip", "-q", "-s", "64k", "../t.zip", *content], cwd=source, check=True)
    assert len(parts_of(tmp_path / "t.zip")) == 5
    assert read_all(tmp_path / "t.zip") == content


def test_missing_parts_are_named(tmp_path):
    last = written(tmp_path, cut(whole_archive(), [2_000, 2_000]))
    (tmp_path / "data.z01").unlink()
    with pytest.raises(CorpusError, match=r"data.zip: 3 parts belong together, missing: data.z01; fetch them first"):
        open_zip(last)


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    for content in (b"", b"<html>", whole_archive()[:-30]):
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(CorpusError, match=r"not a zip archive, or cut short"):
            open_zip(tmp_path / "x.zip")
    with pytest.raises(CorpusError, match=r"no such archive"):
        open_zip(tmp_path / "y.zip")


def test_a_damaged_directory_names_the_tool_that_joins(tmp_path):
    parts = cut(whole_archive(), [2_000, 2_000])
    last = written(tmp_path, parts)
    damaged = parts[-1].replace(b"PK\1\2", b"PK\0\0", 1)
    last.write_bytes(damaged)
    with pytest.raises(CorpusError, match=r"join the parts with `zip -s 0 data.zip --out whole.zip`"):
        open_zip(last)


@pytest.mark.parametrize("trials", [60, pytest.param(3_000, marks=pytest.mark.nightly)])
def test_no_damage_raises_anything_but_a_corpus_error(tmp_path, trials):
    parts = cut(whole_archive(), [2_000, 2_000])
    rng = random.Random(3)
    for _ in range(trials):
        last = bytearray(parts[-1])
        for _ in range(rng.randint(1, 4)):
            last[rng.randrange(max(0, len(last) - 300), len(last))] = rng.randrange(256)
        written(tmp_path, [*parts[:-1], bytes(last)])
        try:
            open_zip(tmp_path / "data.zip").close()
        except CorpusError:
            continue
