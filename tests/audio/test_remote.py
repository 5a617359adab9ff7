"""Sounds at URLs: the samples of the local file, little of it fetched, cut connections made again."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile

from whence.audio import find_urls, probe, read, read_blocks, source_state
from whence.audio.remote import is_url
from whence.cli.main import main
from whence.errors import AudioError

fsspec = pytest.importorskip("fsspec")


class Server(ThreadingHTTPServer):
    """Serves files from memory, with or without ranges, and cuts the next connections short when asked to."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.mode, self.cuts, self.sent = files, "ranges", 0, 0

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET(body=False)

    def do_GET(self, body=True):
        content = self.server.files.get(self.path[1:])
        if content is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        found = (
            re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.server.mode == "ranges" else None
        )
        first, last = (int(found[1]), int(found[2] or len(content) - 1)) if found else (0, len(content) - 1)
        part = content[first : last + 1]
        self.send_response(206 if found else 200)
        if self.server.mode != "no length":
            self.send_header("Content-Length", str(len(part)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        if found:
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        self.end_headers()
        if not body:
            return
        if self.server.cuts:
            self.server.cuts -= 1
            part = part[: len(part) // 2]
            self.close_connection = True
        self.wfile.write(part)
        self.server.sent += len(part)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    rng = np.random.default_rng(1)
    soundfile.write(path, 0.2 * rng.standard_normal((48_000 * 4, 2)), 48_000)
    return path


@pytest.fixture
def server(sound):
    # A long file of silence, of which only the beginning is asked for.
    header = sound.read_bytes()[:44]
    size = 50_000_000
    long = header[:4] + (36 + size).to_bytes(4, "little") + header[8:40] + size.to_bytes(4, "little") + bytes(size)
    with Server({"a.wav": sound.read_bytes(), "long.wav": long, "empty.wav": b""}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("whence.audio.remote._WAITS_S", (0.0, 0.0))


@pytest.mark.parametrize(("mode", "cuts"), [("ranges", 0), ("ranges", 2), ("whole", 0), ("whole", 1), ("no length", 0)])
def test_a_sound_over_http_is_the_local_one_though_connections_are_cut(server, sound, mode, cuts):
    server.mode, server.cuts = mode, cuts
    np.testing.assert_array_equal(read(server.url("a.wav")), read(sound))
    assert server.cuts == 0


def test_only_what_is_asked_for_is_fetched(server):
    assert probe(server.url("long.wav")).sample_count == 12_500_000
    assert server.sent < 12e6
    next(read_blocks(server.url("long.wav")))
    assert server.sent < 24e6


def test_a_connection_that_stays_cut_is_one_sentence(server):
    server.cuts = 99
    with pytest.raises(AudioError, match=r"^http://127\.0\.0\.1:\d+/a\.wav: cannot be read \("):
        read(server.url("a.wav"))


@pytest.mark.parametrize(("name", "sentence"), [("none.wav", "no such file"), ("empty.wav", r"empty file \(0 bytes\)")])
def test_what_is_not_there_is_one_sentence(server, name, sentence):
    with pytest.raises(AudioError, match=sentence):
        read(server.url(name))


def test_a_scheme_that_no_package_reads_is_one_sentence():
    with pytest.raises(AudioError, match=r"^nothing://a\.wav: not a URL that can be read"):
        read("nothing://a.wav")


@pytest.fixture
def memory(sound):
    system = fsspec.filesystem("memory")
    for name in ("b.wav", "deep/a.wav", "notes.txt"):
        system.pipe(f"/bucket/{name}", sound.read_bytes())
    yield system
    system.rm("/bucket", recursive=True)


def test_folders_and_patterns_of_a_storage(memory):
    assert find_urls("memory://bucket/") == ["memory:///bucket/b.wav", "memory:///bucket/deep/a.wav"]
    assert find_urls("memory://bucket/*.wav") == ["memory:///bucket/b.wav"]
    assert find_urls("memory://bucket/b.wav") == ["memory://bucket/b.wav"]
    with pytest.raises(AudioError, match="no sounds in here"):
        find_urls("memory://bucket/*.ogg")


def test_the_state_changes_with_the_file(memory, sound, tmp_path):
    before = source_state("memory://bucket/b.wav")
    assert before == source_state("memory://bucket/b.wav")
    memory.pipe("/bucket/b.wav", sound.read_bytes() + b"\0")
    assert source_state("memory://bucket/b.wav") != before
    assert source_state("memory://bucket/none.wav") is None
    assert source_state(tmp_path / "none.wav") is None


def test_the_state_is_the_same_from_a_listing_and_from_the_file_alone(monkeypatch):
    # As S3 answers.
    listed = {
        "Key": "b/a.wav",
        "LastModified": "today",
        "ETag": '"ab"',
        "Size": 9,
        "size": 9,
        "StorageClass": "STANDARD",
    }
    alone = {
        "ETag": '"ab"',
        "LastModified": "today",
        "size": 9,
        "name": "b/a.wav",
        "VersionId": None,
        "ContentType": "x",
    }
    states = set()
    for info in (listed, alone):
        monkeypatch.setattr("whence.audio.remote._info", lambda url, info=info: (None, "b/a.wav", info))
        states.add(source_state("s3://b/a.wav"))
    assert states == {'9 "ab"'}


def test_detect_takes_a_folder_of_a_storage_and_goes_on(memory, tmp_path, capsys):
    assert main(["detect", "memory://bucket/", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "deep/a.csv").read_bytes()
    assert main(["detect", "memory://bucket/", "--out", str(tmp_path)]) == 0
    assert "2 of 2 sounds were finished before" in capsys.readouterr().err
    assert main(["detect", "memory://bucket/none.wav", "--out", str(tmp_path)]) == 1


def test_urls_are_told_from_paths():
    assert [is_url(text) for text in ("gs://b/a", "simplecache::s3://b/a", "/a/b.wav", "a:b", "//a")] == [
        *(True, True),
        *(False, False, False),
    ]
