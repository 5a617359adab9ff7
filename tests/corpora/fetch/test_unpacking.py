"""Archives from somewhere: everything below one folder, nothing anywhere else, nothing without measure."""

import io
import os
import stat
import tarfile
import zipfile
from types import SimpleNamespace

import pytest

from whence.corpora.fetch.unpacking import is_archive, unpack
from whence.errors import CorpusError

CONTENT = {"set/a.wav": b"RIFF" * 1000, "set/labels/a.csv": b"frame\n1\n", "readme": b""}


def zip_of(path, content, *, mode=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if mode is not None:
                entry.create_system, entry.external_attr = 3, mode << 16
            zipped.writestr(entry, data)
    return path


def tar_of(path, content, **attributes):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tarred:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            for key, value in attributes.items():
                setattr(entry, key, value)
            tarred.addfile(entry, io.BytesIO(data))
    return path


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["x.zip", "x.tar", "x.tar.gz"])
def packed(request, tmp_path):
    """Makes an archive of the given content in each format."""
    return lambda content: (zip_of if request.param == "x.zip" else tar_of)(tmp_path / request.param, content)


def test_everything_comes_out_as_it_went_in(packed, tmp_path):
    calls = []
    archive = packed(CONTENT)
    names = unpack(archive, tmp_path / "out", progress=lambda *call: calls.append(call))
    assert names == list(CONTENT)
    assert tree(tmp_path / "out") == CONTENT
    assert calls[-1][:2] == (archive.name, sum(map(len, CONTENT.values())))


def test_folders_in_an_archive_are_made(tmp_path):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.mkdir("empty/inner")
        zipped.writestr("empty/file", b"1")
    assert unpack(archive, tmp_path / "out") == ["empty/file"]
    assert (tmp_path / "out" / "empty" / "inner").is_dir()


def test_what_is_there_already_is_left_alone_and_what_is_damaged_made_again(tmp_path):
    archive, out = zip_of(tmp_path / "x.zip", CONTENT), tmp_path / "out"
    unpack(archive, out)
    kept, damaged = out / "set/labels/a.csv", out / "set/a.wav"
    os.utime(kept, (1, 1))
    damaged.write_bytes(b"RIFX" * 1000)
    unpack(archive, out)
    assert kept.stat().st_mtime == 1
    assert tree(out) == CONTENT


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a\\..\\evil", "C:/evil", "C:evil"])
def test_names_that_lead_out_are_refused(packed, tmp_path, name):
    with pytest.raises(CorpusError, match=r"refused|unpacked"):
        unpack(packed({name: b"evil"}), tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))
    assert not list((tmp_path / "out").rglob("*"))


def test_a_link_in_the_folder_is_not_followed_out(packed, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "set").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorpusError, match=r"leads out of .* through a link there; remove the link"):
        unpack(packed(CONTENT), tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind):
    archive = zip_of(tmp_path / "x.zip", {"odd": b"/etc/passwd"}, mode=kind | 0o644)
    with pytest.raises(CorpusError, match=r"'odd' is a link or a device; refused"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    archive = tar_of(tmp_path / "x.tar", {"odd": b""}, type=kind, linkname="/etc/passwd")
    with pytest.raises(CorpusError, match=r"odd"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_plain_mode_in_a_zip_is_no_obstacle(tmp_path):
    archive = zip_of(tmp_path / "x.zip", CONTENT, mode=stat.S_IFREG | 0o600)
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == CONTENT


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    archive = zip_of(tmp_path / "x.zip", {"zeros": bytes(60_000_000)})
    assert archive.stat().st_size < 100_000
    with pytest.raises(CorpusError, match=r"x.zip: unpacks to more than 16 MB, far beyond its size; refused"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bomb_that_declares_no_size_is_stopped_while_unpacking(tmp_path):
    archive = tar_of(tmp_path / "x.tar.gz", {"zeros": bytes(60_000_000)})
    with pytest.raises(CorpusError, match=r"refused as a likely attack"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_small_things_that_pack_very_well_are_no_bombs(packed, tmp_path):
    unpack(packed({"zeros": bytes(5_000_000)}), tmp_path / "out")
    assert (tmp_path / "out" / "zeros").stat().st_size == 5_000_000


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MOST_FILES", 2, "more than the 2 files allowed"),
        ("MOST_BYTES", 3_000, "unpacks to more than 0 MB"),
    ],
)
def test_every_limit_holds_in_every_format(packed, tmp_path, monkeypatch, limit, value, sentence):
    monkeypatch.setattr(f"whence.corpora.fetch.unpacking.{limit}", value)
    with pytest.raises(CorpusError, match=sentence):
        unpack(packed(CONTENT), tmp_path / "out")
    written = tree(tmp_path / "out")
    assert (len(written) if limit == "MOST_FILES" else sum(map(len, written.values()))) <= value


def test_a_wrong_declared_size_is_found(tmp_path):
    archive = zip_of(tmp_path / "x.zip", {"a": b"x" * 1000})
    data = bytearray(archive.read_bytes())
    directory = data.rfind(b"PK\1\2")
    data[directory + 24 : directory + 28] = (2000).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match=r"cannot be unpacked"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_name_given_twice_is_refused(tmp_path):
    archive = tar_of(tmp_path / "x.tar", {"a": b"1"})
    with tarfile.open(archive, "a") as tarred:
        tarred.addfile(tarfile.TarInfo("./a"), io.BytesIO())
    with pytest.raises(CorpusError, match=r"names a twice; refused"):
        unpack(archive, tmp_path / "out")


def test_a_damaged_file_is_named_and_not_written(packed, tmp_path):
    archive = packed({"good": b"1", "bad": os.urandom(50_000)})
    data = bytearray(archive.read_bytes())
    data[20_000:20_100] = bytes(100)
    archive.write_bytes(data if archive.suffix == ".zip" else data[:30_000])
    with pytest.raises(CorpusError, match=r"cannot be unpacked .*fetch it again"):
        unpack(archive, tmp_path / "out")
    assert set(tree(tmp_path / "out")) == {"good"}


def test_a_locked_archive_is_refused(tmp_path):
    archive = zip_of(tmp_path / "x.zip", {"a": b"1"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.rfind(b"PK\1\2") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match=r"cannot be unpacked .*encrypted"):
        unpack(archive, tmp_path / "out")


def test_too_small_a_disk_is_an_error_before_unpacking(tmp_path, monkeypatch):
    usage = SimpleNamespace(free=100)
    archive = zip_of(tmp_path / "x.zip", CONTENT)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(CorpusError, match=r"x.zip unpacks to 0.0 GB, 0.0 GB are free"):
        unpack(archive, tmp_path / "out")


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"no such archive"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
    (tmp_path / "x.rar").touch()
    with pytest.raises(CorpusError, match=r"not an archive whence unpacks; endings: .zip .tar"):
        unpack(tmp_path / "x.rar", tmp_path / "out")
    (tmp_path / "x.tar.gz").write_bytes(b"not a tar")
    with pytest.raises(CorpusError, match=r"cannot be unpacked"):
        unpack(tmp_path / "x.tar.gz", tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "set").write_text("a file in the way of a folder")
    with pytest.raises(CorpusError, match=r"x.zip: cannot be unpacked to .*out"):
        unpack(zip_of(tmp_path / "x.zip", CONTENT), tmp_path / "out")


def test_archives_are_known_by_their_endings():
    assert [is_archive(name) for name in ("a.zip", "a.tgz", "a.tar.xz", "a.z01", "a.pt")] == [True] * 3 + [False] * 2
