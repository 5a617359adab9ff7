"""Download one file: resumed where it was cut, checked, and never half under its name."""

import contextlib
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from whence.corpora.fetch.catalogue import RemoteFile, web_request
from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError

_BLOCK_BYTES = 1 << 20
_ATTEMPTS = 5
# Without a byte for so long, the connection counts as cut.
_TIMEOUT_S = 60.0
_METHODS = frozenset({"md5", "sha1", "sha256", "sha512"})
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})


class _CutError(Exception):
    """The connection ended early; another request may help."""


class _UnreachableError(_CutError):
    """There was no connection at all."""


class _NothingLeftError(Exception):
    """The server has no more bytes than are here already."""


def download(
    file: RemoteFile,
    target: Path,
    *,
    progress: Progress = silent,
    attempts: int = _ATTEMPTS,
    wait_s: float = 1.0,
) -> None:
    """Download a file unless it is there with the right checksum.

    The bytes go to a hidden part file beside the target, named after the checksum, so that a later call goes on
    where an earlier one was cut and never mixes two versions. Only a file with the right checksum gets its name.

    Args:
        file: what to download.
        target: its folder must exist.
        progress: called with the number of bytes.
        attempts: requests in a row that bring nothing before it fails; each new byte starts the count again.
        wait_s: before the second attempt; doubled each time.

    Raises:
        CorpusError: the host cannot be reached, refuses, sends a web page or a file with another checksum, or the
            disk is too small; the message names the address and the target, for downloading by hand.
    """
    if not file.url.startswith(("https://", "http://")):
        raise CorpusError(f"{file.url}: only http and https addresses are fetched")
    if target.is_file() and _checksum(target, file.checksum) == file.checksum:
        return
    part = target.with_name(f".{target.name}.{file.checksum.rpartition(':')[2][:12]}.part")
    failures, at_start = 0, _size(part)
    while not _is_complete(part, file):
        before = _size(part)
        try:
            _receive(file, part, target, progress)
            break
        except _NothingLeftError:
            break
        except _CutError as error:
            failures = failures + 1 if _size(part) == before else 1
            # A user without a network should learn it now, not after five attempts.
            offline = isinstance(error, _UnreachableError) and _size(part) == at_start
            if failures >= attempts or offline:
                raise CorpusError(_cut_sentence(file, part, target, str(error))) from None
            time.sleep(wait_s * 2 ** (failures - 1))
    _accept(file, part, target)


def _receive(file: RemoteFile, part: Path, target: Path, progress: Progress) -> None:
    """Append what is still missing to the part file, as far as the connection goes."""
    have = _size(part)
    with _response(file, have, target) as response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        elif not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            raise CorpusError(_by_hand(file, target, "the server sends another part than asked for"))
        total = file.size or have + int(response.headers.get("Content-Length") or 0)
        _check_room(file, target, total - have)
        with part.open("ab" if have else "wb") as disk:
            while block := response.read1(_BLOCK_BYTES):
                # No archive or weights file begins like HTML.
                if have == 0 and block.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                    raise CorpusError(_by_hand(file, target, "a web page came instead of the file (a proxy, a login?)"))
                have += len(block)
                if file.size and have > file.size:
                    raise CorpusError(_by_hand(file, target, f"more than the {file.size:,} bytes of the record came"))
                try:
                    disk.write(block)
                    disk.flush()
                except OSError as error:
                    refusal = f"the disk refuses {file.name} ({error.strerror})"
                    raise CorpusError(f"{target.parent}: {refusal}; free some space") from None
                progress(file.name, have, total)
    if total and have < total:
        raise _CutError("the connection ended early")


@contextlib.contextmanager
def _response(file: RemoteFile, have: int, target: Path) -> Iterator[http.client.HTTPResponse]:
    """The server's response to a request for everything from byte `have` on."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        with urllib.request.urlopen(web_request(file.url, **headers), timeout=_TIMEOUT_S) as response:
            yield response
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            raise _NothingLeftError from None
        if error.code in _RETRIED:
            raise _CutError(f"the server responds with {error.code} {error.reason}") from None
        raise CorpusError(_by_hand(file, target, f"the server responds with {error.code} {error.reason}")) from None
    except urllib.error.URLError as error:
        raise _UnreachableError(f"the host cannot be reached ({error.reason})") from None
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _CutError(f"the connection was cut ({error or type(error).__name__})") from None


def _is_complete(part: Path, file: RemoteFile) -> bool:
    """Whether all bytes are there; a part longer than its file is useless and removed."""
    if file.size and _size(part) > file.size:
        part.unlink()
    return bool(file.size) and _size(part) == file.size


def _accept(file: RemoteFile, part: Path, target: Path) -> None:
    """Give the part its final name if its checksum is the published one."""
    found = _checksum(part, file.checksum)
    if found != file.checksum:
        part.unlink()
        raise CorpusError(_by_hand(file, target, f"its checksum is {found}, not {file.checksum}; removed"))
    with part.open("rb+") as disk:
        os.fsync(disk.fileno())
    part.replace(target)


def _checksum(path: Path, like: str) -> str:
    """The checksum of a file by the method of another, such as `md5:...`."""
    method = like.partition(":")[0]
    if method not in _METHODS:
        raise CorpusError(f"checksum {like!r} is not one of {', '.join(sorted(_METHODS))}")
    with path.open("rb") as file:
        # The sums protect against accidents; where only approved ciphers are allowed, md5 needs this flag.
        digest = hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False))
    return f"{method}:{digest.hexdigest()}"


def _check_room(file: RemoteFile, target: Path, needed: int) -> None:
    """Raise unless the disk has room for the bytes still needed."""
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise CorpusError(
            f"{target.parent}: {file.name} needs {needed / 1e9:.3g} GB more, {free / 1e9:.3g} GB are free"
        )


def _size(path: Path) -> int:
    """Bytes on disk, 0 where there is nothing."""
    return path.stat().st_size if path.exists() else 0


def _cut_sentence(file: RemoteFile, part: Path, target: Path, reason: str) -> str:
    """What to do after a cut."""
    if not _size(part):
        return _by_hand(file, target, reason)
    have, total = f"{_size(part):,}", f"{file.size:,}" if file.size else "an unknown number of"
    return f"{file.url}: {reason} after {have} of {total} bytes; the same command goes on from there (to {target})"


def _by_hand(file: RemoteFile, target: Path, reason: str) -> str:
    """A refusal with the way around it."""
    return f"{file.url}: {reason}. Try again later, or download it by hand and put it at {target}"
