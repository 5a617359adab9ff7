"""Fetching a data set from a record on a local server, unpacking it, and verifying it later."""

import hashlib
import io
import json
import logging
import random
import shutil
import socket
import subprocess
import zipfile

import pytest
from corpora_server import running_site

from whence.corpora.fetch.catalogue import CATALOGUE, Dataset, dataset_named, remote_files
from whence.corpora.fetch.fetching import SUMS_FILE, fetch, index, verify
from whence.errors import CorpusError, GaveUpError


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file.getvalue()


SOUNDS = zipped({"sounds/a.wav": b"A" * 4000, "sounds/b.wav": b"B" * 4000})
LABELS = zipped({"labels/a.csv": b"1", "labels/b.csv": b"2"})
SMALL = Dataset(
    "A small set", "https://example.org/small", ("labels.zip", "sounds.zip"), record="77", counts={"sounds/*.wav": 2}
)
DIRECT_SUM = f"sha1:{hashlib.sha1(b'weights', usedforsecurity=False).hexdigest()}"


def put_on(site, record, files):
    """Make files and their record as Zenodo shows it."""
    listed = []
    for name, data in files.items():
        path = f"/api/records/{record}/files/{name}/content"
        site.files[path] = data
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        links = {"self": f"{site.address}{path}"}
        listed.append({"id": "0", "key": name, "size": len(data), "checksum": f"md5:{digest}", "links": links})
    shown = {"id": int(record), "metadata": {"title": "x"}, "files": listed}
    site.files[f"/api/records/{record}"] = json.dumps(shown).encode()
    site.content_type[f"/api/records/{record}"] = "application/json"


@pytest.fixture
def site():
    with running_site() as running:
        put_on(running, "77", {"sounds.zip": SOUNDS, "labels.zip": LABELS, "video.zip": zipped({"v.mp4": b"V"})})
        running.files["/weights.pt"] = b"weights"
        yield running


@pytest.fixture
def fetched(site, tmp_path):
    """Fetch from the local server into a folder."""
    catalogue = {"small": SMALL, "direct": _direct(site)}

    def run(name="small", **options):
        zenodo = f"{site.address}/api/records"
        fetch(name, tmp_path / "data", catalogue=catalogue, zenodo=zenodo, **options)
        return tmp_path / "data"

    return run


def _direct(site):
    direct = {"weights.pt": (f"{site.address}/weights.pt", DIRECT_SUM)}
    return Dataset("Weights", "https://example.org", ("weights.pt",), direct=direct)


def visible(folder):
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if not path.name.startswith("."))


def test_a_data_set_arrives_unpacked(fetched, caplog):
    calls = []
    with caplog.at_level(logging.INFO, "whence.corpora"):
        folder = fetched(progress=lambda *call: calls.append(call))
    assert visible(folder) == ["labels/a.csv", "labels/b.csv", "sounds/a.wav", "sounds/b.wav"]
    assert (folder / "sounds" / "b.wav").read_bytes() == b"B" * 4000
    assert ("sounds.zip", len(SOUNDS), len(SOUNDS)) in calls
    assert "sounds.zip: unpacked 2 files to" in caplog.text


def test_a_second_call_asks_only_for_the_record(fetched, site):
    fetched()
    site.requests.clear()
    fetched()
    assert [path for path, _ in site.requests] == ["/api/records/77"]


def test_an_interrupted_call_is_completed(fetched, site):
    sounds = "/api/records/77/files/sounds.zip/content"
    site.status[sounds] = [404]
    with pytest.raises(CorpusError, match=r"404 Not Found"):
        fetched()
    site.requests.clear()
    folder = fetched()
    assert visible(folder) == ["labels/a.csv", "labels/b.csv", "sounds/a.wav", "sounds/b.wav"]
    assert [path for path, _ in site.requests] == ["/api/records/77", sounds]


def test_a_new_version_is_fetched_again(fetched, site):
    folder = fetched()
    put_on(site, "77", {"sounds.zip": zipped({"sounds/a.wav": b"new"}), "labels.zip": LABELS})
    fetched()
    assert (folder / "sounds" / "a.wav").read_bytes() == b"new"


def test_archives_stay_when_asked_and_other_files_can_be_had(fetched):
    folder = fetched(keep_archives=True, files=("video.zip",))
    assert visible(folder) == ["v.mp4", "video.zip"]


def test_files_without_a_record_are_checked_against_the_published_sum(fetched, site):
    folder = fetched("direct")
    assert (folder / "weights.pt").read_bytes() == b"weights"
    (folder / "weights.pt").unlink()
    (folder / ".whence-fetched.json").unlink()
    site.files["/weights.pt"] = b"wEights"
    with pytest.raises(CorpusError, match=r"its checksum is .*, not sha1:"):
        fetched("direct")
    assert not (folder / "weights.pt").exists()


@pytest.fixture
def in_parts(site, tmp_path):
    """Fetch a data set that is a zip archive in three parts, and a plain file."""
    parts = {"x.z01": SOUNDS[:2_000], "x.z02": SOUNDS[2_000:4_000], "x.zip": SOUNDS[4_000:], "readme": b"hello"}
    put_on(site, "78", parts)
    dataset = Dataset("Parts", "https://example.org", tuple(parts), record="78")

    def run():
        fetch("parts", tmp_path / "da ta", catalogue={"parts": dataset}, zenodo=f"{site.address}/api/records")
        return tmp_path / "da ta"

    return run


def test_an_archive_in_parts_is_joined_by_the_command_in_the_message_and_then_unpacked(in_parts, site, tmp_path):
    folder = tmp_path / "da ta"
    with pytest.raises(GaveUpError) as caught:
        in_parts()
    command = f"zip -s 0 '{folder}/x.zip' --out '{folder}/x.joined.zip'"
    assert f"join them with `{command}` and run the same command again" in str(caught.value)
    assert visible(folder) == ["readme", "x.z01", "x.z02", "x.zip"]
    site.requests.clear()
    (folder / "x.joined.zip").write_bytes(SOUNDS)
    assert visible(in_parts()) == ["readme", "sounds/a.wav", "sounds/b.wav"]
    assert [path for path, _ in site.requests] == ["/api/records/78"]


def test_a_part_alone_is_only_downloaded(site, tmp_path):
    put_on(site, "78", {"x.z01": b"part one", "x.zip": b"part two"})
    dataset = Dataset("Parts", "https://example.org", ("x.z01", "x.zip"), record="78")
    fetch("parts", tmp_path, files=("x.z01",), catalogue={"parts": dataset}, zenodo=f"{site.address}/api/records")
    assert visible(tmp_path) == ["x.z01"]


@pytest.mark.skipif(shutil.which("zip") is None, reason="needs Info-ZIP's zip")
def test_the_command_that_is_calls_joins_the_parts_of_info_zip(site, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    # Info-ZIP 3.0 damages a file that reaches over more than two parts; those of FSD50K are far larger than its files.
    content = {f"{number}.wav": random.Random(number).randbytes(40_000) for number in range(4)}
    for name, data in content.items():
        (made / name).write_bytes(data)
    subprocess.run(["zip", "-q", "-s", "64k", "x.zip", *content], cwd=made, check=True)
    parts = {path.name: path.read_bytes() for path in sorted(made.glob("x.z*"))}
    assert len(parts) == 3
    put_on(site, "78", parts)
    dataset = Dataset("Parts", "https://example.org", tuple(parts), record="78")
    folder = tmp_path / "data"
    for call in (1, 2):
        try:
            fetch("parts", folder, catalogue={"parts": dataset}, zenodo=f"{site.address}/api/records")
        except GaveUpError as error:
            assert call == 1
            subprocess.run(str(error).split("`")[1], shell=True, check=True, stdout=subprocess.DEVNULL)
    assert {name: (folder / name).read_bytes() for name in visible(folder)} == content


def test_same_archive_names_of_two_data_sets_do_not_disturb_each_other(site, tmp_path):
    put_on(site, "79", {"labels.zip": zipped({"labels/other.csv": b"3"})})
    other = Dataset("Other", "https://example.org", ("labels.zip",), record="79")
    catalogue = {"small": SMALL, "other": other}
    for _ in range(2):
        for name in catalogue:
            fetch(name, tmp_path, catalogue=catalogue, zenodo=f"{site.address}/api/records")
    assert sum(path.endswith("content") for path, _ in site.requests) == 3
    assert "labels/other.csv" in visible(tmp_path)


def test_an_unsafe_archive_stops_the_fetch(fetched, site):
    put_on(site, "77", {"sounds.zip": zipped({"../evil": b""}), "labels.zip": LABELS})
    with pytest.raises(CorpusError, match=r"sounds.zip: '../evil' leads out of the folder; refused"):
        fetched()


def test_an_unknown_name_lists_those_there_are(tmp_path):
    with pytest.raises(CorpusError, match=r"no data set 'dcase'; there are: dcase2025_stereo, starss23"):
        fetch("dcase", tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match=r"file: no folder for the data can be made here"):
        fetch("fsd50k", tmp_path / "file")


def test_a_record_without_a_needed_file_lists_what_it_has(site):
    put_on(site, "77", {"labels.zip": LABELS})
    with pytest.raises(CorpusError, match=r"/77 has no file sounds.zip; it has: labels.zip"):
        remote_files(SMALL, zenodo=f"{site.address}/api/records")
    with pytest.raises(CorpusError, match=r"Weights has no file readme; there are: weights.pt"):
        remote_files(_direct(site), ("readme",))


@pytest.mark.parametrize("name", ["../evil.zip", "sub/x.zip", "/etc/x.zip", ".hidden"])
def test_a_record_cannot_choose_where_its_files_go(site, tmp_path, name):
    put_on(site, "77", {name: LABELS})
    dataset = Dataset("Odd", "https://example.org", (name,), record="77")
    with pytest.raises(CorpusError, match=r"is not a plain file name; it is not fetched"):
        fetch("odd", tmp_path / "data", catalogue={"odd": dataset}, zenodo=f"{site.address}/api/records")
    assert visible(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"<html>blocked</html>", b'{"files": [{"key": "x"}]}', b"[]", b'{"message": "no"}']
)
def test_a_response_that_is_no_record_is_refused(site, content):
    site.files["/api/records/77"] = content
    with pytest.raises(CorpusError, match=r"/77 (responds with a page, not a record|is not the record whence knows)"):
        remote_files(SMALL, zenodo=f"{site.address}/api/records")


def test_a_refusing_host_and_no_host_name_the_page_to_open_by_hand(site):
    by_hand = r"open https://example.org/small in a browser and download labels.zip, sounds.zip by hand"
    site.status["/api/records/77"] = [503]
    with pytest.raises(CorpusError, match=rf"responds with 503 .*{by_hand}"):
        remote_files(SMALL, zenodo=f"{site.address}/api/records")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(CorpusError, match=rf"cannot be reached .*{by_hand}"):
            remote_files(SMALL, zenodo=f"http://127.0.0.1:{reserved.getsockname()[1]}")


def test_a_fetched_set_is_whole_until_something_happens(fetched):
    folder = fetched()
    catalogue = {"small": SMALL}
    assert verify("small", folder, catalogue=catalogue).problems == ()
    assert index(folder) == 4
    assert verify("small", folder, catalogue=catalogue).checked_files == 4
    (folder / "sounds" / "a.wav").unlink()
    (folder / "labels" / "a.csv").write_bytes(b"9")
    (folder / "sounds" / "._b.wav").write_bytes(b"what other systems strew about")
    check = verify("small", folder, catalogue=catalogue)
    assert [problem.partition(": ")[2] for problem in check.problems] == [
        "1 files, a whole copy has 2; fetch it again to complete it",
        f"1 files missing since {SUMS_FILE} was made (first: sounds/a.wav)",
        f"1 files changed since {SUMS_FILE} was made (first: labels/a.csv)",
    ]
    assert check.checked_files == 3


def test_a_set_of_unknown_size_is_judged_by_what_was_fetched(fetched, site, tmp_path):
    catalogue = {"direct": _direct(site)}
    folder = tmp_path / "data"
    folder.mkdir()
    assert "weights.pt never fetched here" in verify("direct", folder, catalogue=catalogue).problems[0]
    fetched("direct")
    assert verify("direct", folder, catalogue=catalogue).problems == ()
    with pytest.raises(CorpusError, match=r"gone: no such folder; fetch direct first"):
        verify("direct", tmp_path / "gone", catalogue=catalogue)


@pytest.fixture
def listed(tmp_path):
    """A folder with its list of checksums, and hidden files that are no data."""
    for name, content in {"a/one.wav": b"1" * 3_000_000, "a/two words.csv": b"2", "ünder.txt": b""}.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "data" / ".hidden").write_bytes(b"not data")
    (tmp_path / "data" / ".tmp").mkdir()
    (tmp_path / "data" / ".tmp" / "x").write_bytes(b"not data")
    calls = []
    for _ in range(2):  # the list does not list itself
        assert index(tmp_path / "data", progress=lambda *call: calls.append(call)) == 3
        assert calls[-1] == ("checking", 3, 3)
    return tmp_path / "data"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_standard_tool_reads_the_list(listed):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS_FILE], cwd=listed, check=True)


def test_files_that_are_not_in_the_list_do_no_harm(listed):
    (listed / "new").write_bytes(b"")
    dataset = Dataset("Listed", "https://example.org", ("x.zip",), record="1")
    check = verify("listed", listed, catalogue={"listed": dataset})
    assert (check.problems, check.checked_files) == ((), 3)


def test_a_folder_without_files_is_not_listed(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"empty: no files to list"):
        index(tmp_path / "empty")
    with pytest.raises(CorpusError, match=r"gone: no such folder"):
        index(tmp_path / "gone")


@pytest.mark.parametrize("text", [b"abc  name\n", b"no spaces\n", b"\xff\xfe", b"a" * 64 + b"  \n"])
def test_a_list_of_another_form_is_refused(listed, text):
    (listed / SUMS_FILE).write_bytes(text)
    dataset = Dataset("Listed", "https://example.org", ("x.zip",), record="1")
    with pytest.raises(CorpusError, match=r"SHA256SUMS:(1: not a line of sha256sum| not readable)"):
        verify("listed", listed, catalogue={"listed": dataset})


def test_a_damaged_note_of_what_was_fetched_is_named(fetched):
    folder = fetched()
    (folder / ".whence-fetched.json").write_text("{")
    with pytest.raises(CorpusError, match=r"whence-fetched.json: not JSON .*remove it to check everything again"):
        fetched()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_of_the_catalogue_can_be_asked_for(name):
    dataset = dataset_named(name)
    assert dataset.title
    assert dataset.page.startswith("https://")
    assert bool(dataset.record) != bool(dataset.direct)
    assert len(set(dataset.files)) == len(dataset.files) > 0
    assert set(dataset.direct) <= set(dataset.files)
    for url, checksum in dataset.direct.values():
        assert url.startswith("https://")
        assert len(checksum) == len("sha1:") + 40
    # A file name from the catalogue becomes a path below the data folder.
    assert not any("/" in file or file.startswith(".") for file in dataset.files)
