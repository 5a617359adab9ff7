"""Downloading one file: resumed where it was cut, checked, never half under its name."""

import hashlib
import resource
import socket
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import pytest
from corpora_server import running_site

from whence.corpora.fetch.catalogue import RemoteFile
from whence.corpora.fetch.downloading import download
from whence.errors import CorpusError

BODY = bytes(range(256)) * 20_000  # 5 MB


@pytest.fixture
def site():
    with running_site() as running:
        running.files["/data.zip"] = BODY
        yield running


def remote(site, *, body=BODY, size=None, path="/data.zip"):
    checksum = f"md5:{hashlib.md5(body, usedforsecurity=False).hexdigest()}"
    return RemoteFile("data.zip", f"{site.address}{path}", len(body) if size is None else size, checksum)


def fetched(file, folder, **options):
    target = folder / file.name
    download(file, target, wait_s=0.0, **options)
    return target


def test_a_file_arrives_whole_and_nothing_else_is_left(site, tmp_path):
    calls = []
    target = fetched(remote(site), tmp_path, progress=lambda *call: calls.append(call))
    assert target.read_bytes() == BODY
    assert list(tmp_path.iterdir()) == [target]
    assert calls[-1] == ("data.zip", len(BODY), len(BODY))
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)


def test_a_file_that_is_there_is_not_asked_for_again(site, tmp_path):
    fetched(remote(site), tmp_path)
    site.requests.clear()
    fetched(remote(site), tmp_path)
    assert site.requests == []


def test_a_file_of_other_content_under_the_name_is_replaced(site, tmp_path):
    (tmp_path / "data.zip").write_bytes(b"an older version")
    assert fetched(remote(site), tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("size", [None, 0], ids=["size known", "size unknown"])
def test_a_cut_connection_is_resumed_where_it_was_cut(site, tmp_path, size):
    site.cut_after["/data.zip"] = [1_000_000, 2_000_000]
    assert fetched(remote(site, size=size), tmp_path).read_bytes() == BODY
    assert [wanted for _, wanted in site.requests] == [None, "bytes=1000000-", "bytes=3000000-"]


def test_the_next_call_resumes_where_a_failed_one_stopped(site, tmp_path):
    site.cut_after["/data.zip"] = [1_000_000, 0, 0, 0]
    with pytest.raises(CorpusError, match=r"after 1,000,000 of 5,120,000 bytes; the same command goes on from there"):
        fetched(remote(site), tmp_path, attempts=3)
    assert not (tmp_path / "data.zip").exists()
    site.cut_after.clear()
    site.requests.clear()
    assert fetched(remote(site), tmp_path).read_bytes() == BODY
    assert [wanted for _, wanted in site.requests] == ["bytes=1000000-"]


def test_progress_starts_the_count_of_attempts_again(site, tmp_path):
    site.cut_after["/data.zip"] = [500_000] * 10
    assert fetched(remote(site), tmp_path, attempts=2).read_bytes() == BODY
    assert len(site.requests) == 11


def test_a_server_without_ranges_is_read_from_the_start(site, tmp_path):
    site.knows_ranges = False
    site.cut_after["/data.zip"] = [1_000_000]
    assert fetched(remote(site), tmp_path).read_bytes() == BODY


def test_a_server_that_does_not_tell_the_length_is_read_to_the_end(site, tmp_path):
    site.tells_length = False
    assert fetched(remote(site, size=0), tmp_path).read_bytes() == BODY


def test_a_part_that_is_complete_already_is_only_checked(site, tmp_path):
    for size in (len(BODY), 0):
        file = remote(site, size=size)
        part = tmp_path / f".data.zip.{file.checksum[4:16]}.part"
        part.write_bytes(BODY)
        assert fetched(file, tmp_path).read_bytes() == BODY
        (tmp_path / "data.zip").unlink()
    assert [wanted for _, wanted in site.requests] == [f"bytes={len(BODY)}-"]


def test_a_part_of_another_version_is_never_mixed_in(site, tmp_path):
    site.cut_after["/data.zip"] = [1_000_000, 0]
    with pytest.raises(CorpusError, match=r"goes on from there"):
        fetched(remote(site), tmp_path, attempts=1)
    newer = bytes(reversed(BODY))
    site.files["/data.zip"] = newer
    site.cut_after.clear()
    assert fetched(remote(site, body=newer), tmp_path).read_bytes() == newer


def test_a_part_longer_than_the_file_is_thrown_away(site, tmp_path):
    file = remote(site)
    (tmp_path / f".data.zip.{file.checksum[4:16]}.part").write_bytes(BODY + b"more")
    assert fetched(file, tmp_path).read_bytes() == BODY


def test_a_wrong_checksum_names_both_address_and_target_and_leaves_nothing(site, tmp_path):
    site.files["/data.zip"] = BODY[:-1] + b"?"
    with pytest.raises(CorpusError, match=r"checksum is md5:") as caught:
        fetched(remote(site), tmp_path)
    assert f"{site.address}/data.zip" in str(caught.value)
    assert str(tmp_path / "data.zip") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>log in", b"\n  <html><body>blocked by"])
def test_a_proxy_page_is_recognised(site, tmp_path, page):
    site.files["/data.zip"] = page
    site.content_type["/data.zip"] = "text/html"
    with pytest.raises(CorpusError, match=r"a web page came instead of the file"):
        fetched(remote(site), tmp_path)
    assert not (tmp_path / "data.zip").exists()


def test_more_bytes_than_the_record_says_are_not_taken(site, tmp_path):
    site.files["/data.zip"] = BODY + b"extra"
    with pytest.raises(CorpusError, match=r"more than the 5,120,000 bytes of the record came"):
        fetched(remote(site), tmp_path)


def test_a_missing_file_is_not_asked_for_twice(site, tmp_path):
    with pytest.raises(CorpusError, match=r"the server responds with 404 Not Found.*download it by hand and put it at"):
        fetched(remote(site, path="/gone.zip"), tmp_path)
    assert len(site.requests) == 1


def test_a_busy_server_is_asked_again(site, tmp_path):
    site.status["/data.zip"] = [503, 429]
    assert fetched(remote(site), tmp_path).read_bytes() == BODY
    assert len(site.requests) == 3


def test_a_server_that_stays_busy_is_named(site, tmp_path):
    site.status["/data.zip"] = [503] * 5
    with pytest.raises(CorpusError, match=r"the server responds with 503 Service Unavailable\. Try again later"):
        fetched(remote(site), tmp_path, attempts=5)


def test_offline_fails_at_once(tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        file = RemoteFile("data.zip", f"http://127.0.0.1:{port}/data.zip", 10, "md5:0")
        # Bound but not listening: refused. Many attempts with a long wait would show if it were asked again.
        with pytest.raises(CorpusError, match=rf"127.0.0.1:{port}/data.zip: the host cannot be reached.*put it at"):
            download(file, tmp_path / "data.zip", wait_s=1e6, attempts=5)


def test_only_web_addresses_are_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    with pytest.raises(CorpusError, match=r"only http and https"):
        download(RemoteFile("x", secret.as_uri(), 4, "md5:0"), tmp_path / "x")


def test_a_response_with_another_range_is_refused(site, tmp_path, monkeypatch):
    file = remote(site)
    (tmp_path / f".data.zip.{file.checksum[4:16]}.part").write_bytes(BODY[:100])
    plain = BaseHTTPRequestHandler.send_header
    shifted = lambda handler, word, value: plain(handler, word, value.replace("bytes 100-", "bytes 90-"))  # noqa: E731
    monkeypatch.setattr("corpora_server._Handler.send_header", shifted)
    with pytest.raises(CorpusError, match=r"another part than asked for"):
        fetched(file, tmp_path)


def test_too_small_a_disk_is_an_error_before_anything_is_written(site, tmp_path, monkeypatch):
    usage = SimpleNamespace(free=5_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(CorpusError, match=r"data.zip needs 0\.00512 GB more, 0\.005 GB are free"):
        fetched(remote(site), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_named_and_the_part_stays(site, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(CorpusError, match=r"the disk refuses data.zip \(File too large\); free some space"):
            fetched(remote(site), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    site.requests.clear()
    assert fetched(remote(site), tmp_path).read_bytes() == BODY
    assert site.requests == [("/data.zip", "bytes=2000000-")]


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_every_published_kind_of_checksum_is_compared(site, tmp_path, method):
    file = remote(site)
    checksum = f"{method}:{hashlib.new(method, BODY, usedforsecurity=False).hexdigest()}"
    assert fetched(replace(file, checksum=checksum), tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("checksum", ["crc:0", "", "shake_128:0"])
def test_an_unknown_kind_of_checksum_is_refused(site, tmp_path, checksum):
    with pytest.raises(CorpusError, match=r"is not one of md5, sha1"):
        fetched(replace(remote(site), checksum=checksum), tmp_path)
