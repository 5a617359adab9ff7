"""Fetch a public data set into a folder, list its checksums, and verify it later."""

import hashlib
import json
import logging
import shlex
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from whence.corpora.fetch.catalogue import CATALOGUE, ZENODO, Dataset, RemoteFile, dataset_named, remote_files
from whence.corpora.fetch.downloading import download
from whence.corpora.fetch.unpacking import is_archive, unpack
from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError, GaveUpError
from whence.files import read_json, written_whole

_LOG = logging.getLogger("whence.corpora")
# One line for each file, in the form that `sha256sum --check` reads.
SUMS_FILE = "SHA256SUMS"
# Which files have been fetched and unpacked; written after each, so that an interrupted call goes on.
_DONE_FILE = ".whence-fetched.json"
_READERS = 4


def fetch(
    name: str,
    folder: Path,
    *,
    files: tuple[str, ...] = (),
    keep_archives: bool = False,
    progress: Progress = silent,
    catalogue: Mapping[str, Dataset] = CATALOGUE,
    zenodo: str = ZENODO,
) -> None:
    """Download a public data set, check it and unpack it.

    What is there already is not fetched again: a second call completes an interrupted first one, in the middle of
    a file too. Archives are removed once unpacked. An archive in parts is downloaded only: the error names the command
    that joins the parts, and the next call unpacks the joined archive.

    Args:
        name: one of the catalogue's names.
        folder: made if missing.
        files: other files of the same record (e.g. `("foa_eval.zip",)`); those the readers need when empty.
        keep_archives: leave the archives beside the data.
        progress: called with file names and bytes.
        catalogue: what the names mean.
        zenodo: address of Zenodo's record interface.

    Raises:
        CorpusError: the name is unknown, the network fails, a file does not match its published checksum, an archive
            is unsafe, or the disk is too small.
        GaveUpError: everything is downloaded, and archives in parts have to be joined before they can be unpacked.
    """
    dataset = dataset_named(name, catalogue)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"{folder}: no folder for the data can be made here ({error.strerror})") from None
    done = _read_done(folder)
    listed = remote_files(dataset, files, zenodo=zenodo)
    # Two data sets in one folder may have archives of the same name.
    wanted = [file for file in listed if done.get(f"{name}/{file.name}") != file.checksum]
    to_join = []
    for group in _groups(wanted):
        for file in group:
            download(file, folder / file.name, progress=progress)
        fetched = [folder / file.name for file in group]
        archive = fetched[-1]
        if len(group) > 1:
            archive = archive.with_suffix(".joined.zip")
            if not archive.is_file():
                to_join.append(f"zip -s 0 {shlex.quote(str(fetched[-1]))} --out {shlex.quote(str(archive))}")
                continue
            fetched.append(archive)
        if is_archive(archive.name):
            unpacked = unpack(archive, folder, progress=progress)
            _LOG.info("%s: unpacked %d files to %s", archive.name, len(unpacked), folder)
        done |= {f"{name}/{file.name}": file.checksum for file in group}
        with written_whole(folder / _DONE_FILE) as note:
            note.write(json.dumps(done, indent=1, sort_keys=True).encode())
        if is_archive(archive.name) and not keep_archives:
            for path in fetched:
                path.unlink()
    if to_join:
        raise GaveUpError(
            f"{folder}: {name} is downloaded, but comes as zip archives in parts; join them with "
            f"`{' && '.join(to_join)}` and run the same command again to unpack them"
        )


@dataclass(frozen=True)
class Verification:
    """What is wrong with a data set on disk.

    Args:
        problems: one sentence each; none when all is well.
        checked_files: how many files were compared with their checksum; 0 where there is no list.
    """

    problems: tuple[str, ...]
    checked_files: int


def verify(
    name: str, folder: Path, *, progress: Progress = silent, catalogue: Mapping[str, Dataset] = CATALOGUE
) -> Verification:
    """Compare a data set on disk with what a complete copy holds, and with its `SHA256SUMS` where there is one.

    Args:
        name: one of the catalogue's names.
        folder: as given to `fetch`.
        progress: called with the number of files.
        catalogue: what the names mean.

    Raises:
        CorpusError: the name is unknown, the folder missing, or `SHA256SUMS` is no such list.
    """
    dataset = dataset_named(name, catalogue)
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; fetch {name} first")
    problems = []
    for pattern, count in dataset.counts.items():
        # Other systems add hidden files, which are not data.
        found = sum(not path.name.startswith(".") for path in folder.glob(pattern))
        if found != count:
            counts = f"{found:,} files, a whole copy has {count:,}"
            problems.append(f"{folder / pattern}: {counts}; fetch it again to complete it")
    if not (folder / SUMS_FILE).is_file():
        done = _read_done(folder)
        unfetched = [f for f in dataset.files if f"{name}/{f}" not in done and not (folder / f).is_file()]
        if not dataset.counts and unfetched:
            problems.append(f"{folder}: {', '.join(unfetched)} never fetched here; fetch {name} again")
        return Verification(tuple(problems), 0)
    listed = _read_sums(folder / SUMS_FILE)
    there = [file for file in _files_below(folder) if file in listed]
    changed = [file for file, digest in _digests(folder, there, progress) if digest != listed[file]]
    for what, names in (("missing", sorted(set(listed) - set(there))), ("changed", changed)):
        if names:
            problems.append(f"{folder}: {len(names)} files {what} since {SUMS_FILE} was made (first: {names[0]})")
    return Verification(tuple(problems), len(there))


def index(folder: Path, *, progress: Progress = silent) -> int:
    """Write the checksums of all files of a folder into `SHA256SUMS` there and return how many they are.

    Hidden files are left out. `verify` and `sha256sum --check` read the list.

    Raises:
        CorpusError: the folder is missing or empty.
    """
    names = _files_below(folder)
    if not names:
        raise CorpusError(f"{folder}: no files to list")
    lines = [f"{digest}  {name}\n" for name, digest in _digests(folder, names, progress)]
    with written_whole(folder / SUMS_FILE) as file:
        file.write("".join(lines).encode())
    return len(names)


def _groups(files: list[RemoteFile]) -> list[list[RemoteFile]]:
    """Files that are unpacked together: parts `x.z01`, `x.z02`, ... and last `x.zip`; all other files alone."""
    groups: dict[str, list[RemoteFile]] = {}
    for file in files:
        stem, _, ending = file.name.rpartition(".")
        is_part = len(ending) == 3 and ending[0] == "z" and ending[1:].isdecimal()
        groups.setdefault(f"{stem}.zip" if is_part else file.name, []).append(file)
    return [sorted(group, key=lambda file: (file.name.endswith(".zip"), file.name)) for group in groups.values()]


def _read_done(folder: Path) -> dict[str, str]:
    """The checksum of each file that was fetched and unpacked here."""
    path = folder / _DONE_FILE
    try:
        done = read_json(path, CorpusError, "remove it to check everything again")
    except FileNotFoundError:
        return {}
    return {str(name): str(checksum) for name, checksum in done.items()} if isinstance(done, dict) else {}


def _files_below(folder: Path) -> list[str]:
    """All files below a folder, sorted, without hidden ones and the list itself."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    names = (path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))
    return sorted(name for name in names if name != SUMS_FILE)


def _digests(folder: Path, names: list[str], progress: Progress) -> Iterator[tuple[str, str]]:
    """Each file with its SHA-256 in hexadecimal."""

    def digest(name: str) -> str:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        for done, (name, found) in enumerate(zip(names, pool.map(digest, names), strict=True), 1):
            progress("checking", done, len(names))
            yield name, found


def _read_sums(path: Path) -> dict[str, str]:
    """The listed digest of each file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not readable ({error})") from None
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise CorpusError(f"not a line of sha256sum: {line[:80]!r}", where=path, line=number)
        listed[name] = digest
    return listed
