"""A data set's name becomes its files in a folder: downloaded, checked, unpacked; later verified."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whence.corpora.fetch.catalogue import CATALOGUE, ZENODO, Dataset, RemoteFile, dataset_named, remote_files
from whence.corpora.fetch.checksums import SUMS_FILE, check_sums, write_sums
from whence.corpora.fetch.downloading import download
from whence.corpora.fetch.unpacking import UnpackLimits, is_archive, unpack
from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError
from whence.files import written_whole

_LOG = logging.getLogger("whence.corpora")
# Which archives have been unpacked already; written after each, so that an interrupted fetch goes on.
_DONE_FILE = ".whence-fetched.json"


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
    """Bring a public data set to a folder.

    What is there already is not fetched again: a second call completes an interrupted first one, in the middle of
    a file too. Archives are removed once unpacked.

    Args:
        name: one of the catalogue's names.
        folder: where the data shall lie; made if missing.
        files: other files of the same record (e.g. `("foa_eval.zip",)`); those the readers need when empty.
        keep_archives: leave the archives beside the data.
        progress: told file names and bytes.
        catalogue: what the names mean.
        zenodo: address of Zenodo's record interface.

    Raises:
        CorpusError: if the name is unknown, the network fails, a file does not match its published checksum, an
            archive is unsafe, or the disk is too small.
    """
    dataset = dataset_named(name, catalogue)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"{folder}: no folder for the data can be made here ({error.strerror})") from None
    done = _read_done(folder)
    there = remote_files(dataset, files, zenodo=zenodo)
    # Two data sets in one folder may have archives of the same name.
    wanted = [file for file in there if done.get(f"{name}/{file.name}") != file.checksum]
    for group in _groups(wanted):
        for file in group:
            download(file, folder / file.name, progress=progress)
        last = group[-1].name
        if is_archive(last):
            count = len(unpack(folder / last, folder, limits=UnpackLimits(), progress=progress))
            _LOG.info("%s: unpacked %d files to %s", last, count, folder)
        done |= {f"{name}/{file.name}": file.checksum for file in group}
        _write_done(folder, done)
        if is_archive(last) and not keep_archives:
            for file in group:
                (folder / file.name).unlink()


@dataclass(frozen=True)
class Verification:
    """What is wrong with a data set on disk.

    Args:
        problems: one sentence each; none when all is well.
        checked_files: how many files were compared with their checksum; 0 where there is no list.
    """

    problems: tuple[str, ...]
    checked_files: int


def index(folder: Path, *, progress: Progress = silent) -> int:
    """Write the checksums of all files of a folder into `SHA256SUMS` there, for `verify` and `sha256sum --check`.

    Returns:
        how many files are listed.

    Raises:
        CorpusError: if the folder is missing or empty.
    """
    return write_sums(folder, progress=progress)


def verify(
    name: str, folder: Path, *, progress: Progress = silent, catalogue: Mapping[str, Dataset] = CATALOGUE
) -> Verification:
    """Compare a data set on disk with what a whole copy holds, and with its `SHA256SUMS` where there is one.

    Args:
        name: one of the catalogue's names.
        folder: the folder given to `fetch`.
        progress: told the number of files.
        catalogue: what the names mean.

    Raises:
        CorpusError: if the name is unknown or the folder missing.
    """
    dataset = dataset_named(name, catalogue)
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; fetch {name} first")
    problems = [sentence for pattern, count in dataset.counts.items() if (sentence := _count(folder, pattern, count))]
    if not (folder / SUMS_FILE).is_file():
        done = set(_read_done(folder))
        unfetched = [f for f in dataset.files if f"{name}/{f}" not in done and not (folder / f).is_file()]
        if not dataset.counts and unfetched:
            problems.append(f"{folder}: {', '.join(unfetched)} never fetched here; fetch {name} again")
        return Verification(tuple(problems), 0)
    check = check_sums(folder, progress=progress)
    for word, names in (("missing", check.missing), ("changed", check.changed)):
        if names:
            problems.append(f"{folder}: {len(names)} files {word} since {SUMS_FILE} was made (first: {names[0]})")
    return Verification(tuple(problems), check.intact + len(check.changed))


def _count(folder: Path, pattern: str, count: int) -> str:
    """The sentence for files too few or too many; empty when the number is right."""
    # Hidden files are what other systems strew about, not data.
    found = sum(not path.name.startswith(".") for path in folder.glob(pattern))
    if found == count:
        return ""
    return f"{folder / pattern}: {found:,} files, a whole copy has {count:,}; fetch it again to complete it"


def _groups(files: list[RemoteFile]) -> list[list[RemoteFile]]:
    """Files that are unpacked together: the parts of a zip archive before its last, everything else alone."""
    groups: dict[str, list[RemoteFile]] = {}
    for file in files:
        stem, _, ending = file.name.rpartition(".")
        is_part = len(ending) == 3 and ending[0] == "z" and ending[1:].isdecimal()
        groups.setdefault(f"{stem}.zip" if is_part else file.name, []).append(file)
    for last, group in groups.items():
        group.sort(key=lambda file: (file.name == last, file.name))
    return list(groups.values())


def _read_done(folder: Path) -> dict[str, str]:
    """The checksum of each file that was fetched and unpacked here."""
    path = folder / _DONE_FILE
    try:
        done = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: not readable ({error}); remove it to check everything again") from None
    return {str(name): str(checksum) for name, checksum in done.items()} if isinstance(done, dict) else {}


def _write_done(folder: Path, done: Mapping[str, str]) -> None:
    """Remember what has been fetched and unpacked."""
    with written_whole(folder / _DONE_FILE) as file:
        file.write(json.dumps(done, indent=1, sort_keys=True).encode())
