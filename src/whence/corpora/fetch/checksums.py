"""Checksums of files, and of whole folders in the form that `sha256sum --check` reads."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError
from whence.files import written_whole

SUMS_FILE = "SHA256SUMS"
_METHODS = frozenset({"md5", "sha1", "sha256", "sha512"})


def file_checksum(path: Path, like: str = "sha256:") -> str:
    """The checksum of a file by the same method as another checksum.

    Args:
        path: the file.
        like: a checksum such as `md5:...`; what stands before the colon counts.

    Raises:
        CorpusError: if the method is unknown.

    >>> import tempfile
    >>> empty = Path(tempfile.mkdtemp()) / "empty"
    >>> empty.touch()
    >>> file_checksum(empty, "md5:0")
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    method = like.partition(":")[0]
    if method not in _METHODS:
        raise CorpusError(f"checksum {like!r} is none of {', '.join(sorted(_METHODS))}")
    with path.open("rb") as file:
        # The sums protect against accidents; where lawful ciphers are enforced, md5 needs this said.
        digest = hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False))
    return f"{method}:{digest.hexdigest()}"


@dataclass(frozen=True)
class FolderCheck:
    """How a folder compares with its list of checksums; all names are paths below the folder.

    Args:
        intact: how many files are as they were.
        missing: listed but not there.
        changed: there, with other content.
        extra: there but not listed.
    """

    intact: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything listed is there unchanged; extra files do no harm."""
        return not self.missing and not self.changed


def write_sums(folder: Path, *, jobs: int = 4, progress: Progress = silent) -> int:
    """Write `SHA256SUMS` into a folder: one line for each file below it.

    Args:
        folder: with the data; hidden files are passed over.
        jobs: files read at once.
        progress: told the number of files.

    Returns:
        how many files are listed.

    Raises:
        CorpusError: if the folder is missing or empty.
    """
    names = _files_below(folder)
    if not names:
        raise CorpusError(f"{folder}: no files to list")
    lines = [f"{digest}  {name}\n" for name, digest in _digests(folder, names, jobs, progress)]
    with written_whole(folder / SUMS_FILE) as file:
        file.write("".join(lines).encode())
    return len(names)


def check_sums(folder: Path, *, jobs: int = 4, progress: Progress = silent) -> FolderCheck:
    """Compare a folder with its `SHA256SUMS`.

    Args:
        folder: with the data and the list.
        jobs: files read at once.
        progress: told the number of files.

    Raises:
        CorpusError: if there is no list, or it is not one.
    """
    listed = _read_sums(folder / SUMS_FILE)
    there = _files_below(folder)
    both = [name for name in there if name in listed]
    found = dict(_digests(folder, both, jobs, progress))
    changed = tuple(name for name in both if found[name] != listed[name])
    return FolderCheck(
        intact=len(both) - len(changed),
        missing=tuple(sorted(set(listed) - set(there))),
        changed=changed,
        extra=tuple(name for name in there if name not in listed),
    )


def _files_below(folder: Path) -> list[str]:
    """All files below a folder, sorted, without hidden ones and the list itself."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    below = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    seen = [path.as_posix() for path in below if not any(part.startswith(".") for part in path.parts)]
    return sorted(name for name in seen if name != SUMS_FILE)


def _digests(folder: Path, names: list[str], jobs: int, progress: Progress) -> Iterator[tuple[str, str]]:
    """Each file with its SHA-256 in hexadecimal."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        sums = pool.map(lambda name: file_checksum(folder / name), names)
        for done, (name, checksum) in enumerate(zip(names, sums, strict=True), 1):
            progress("checking", done, len(names))
            yield name, checksum.partition(":")[2]


def _read_sums(path: Path) -> dict[str, str]:
    """The listed digest of each file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise CorpusError(f"{path}: missing; make it with `whence data index` while the data are known good") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not readable ({error})") from None
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise CorpusError(f"{path}:{number}: not a line of sha256sum: {line[:80]!r}")
        listed[name] = digest
    return listed
