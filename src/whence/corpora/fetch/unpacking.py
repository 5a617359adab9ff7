"""An archive from somewhere becomes files below one folder, and nothing anywhere else."""

import contextlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from whence.corpora.fetch.split_zip import open_zip, parts_of
from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError
from whence.files import written_whole

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may grow to before it is taken for an attack on the disk.

    Args:
        files: how many.
        total_bytes: unpacked.
        ratio: unpacked to packed bytes.
        ratio_from_bytes: unpacked bytes below which the ratio is not looked at; small tables pack very well.

    Raises:
        CorpusError: if a limit is not positive.
    """

    files: int = 500_000
    total_bytes: int = 400_000_000_000
    ratio: float = 200.0
    ratio_from_bytes: int = 16_000_000

    def __post_init__(self) -> None:
        if min(self.files, self.total_bytes, self.ratio, self.ratio_from_bytes) <= 0:
            raise CorpusError("every limit on unpacking must be positive")


@dataclass(frozen=True)
class _Member:
    """One entry of an archive; `crc` where the archive knows it."""

    name: str
    size: int
    is_folder: bool
    is_plain: bool
    crc: int | None
    open: Callable[[], IO[bytes]]


def unpack(
    archive: Path, folder: Path, *, limits: UnpackLimits | None = None, progress: Progress = silent
) -> list[str]:
    """Unpack a zip (also one in parts) or tar archive.

    Every name is resolved and must lie below the folder; links and devices are refused; sizes are counted while
    writing, whatever the archive declares. Files appear whole; one that is there already with the same content is
    left alone, so an interrupted call is completed by the next.

    Args:
        archive: `.zip` (its parts beside it) or one of the tar endings.
        folder: the root of everything written; made if missing.
        limits: the usual ones when None.
        progress: told the bytes.

    Returns:
        the files of the archive as paths below the folder, in archive order.

    Raises:
        CorpusError: if the archive is damaged, breaks a rule or a limit, or the disk is too small. What was written
            before stays; it is what the archive says.
    """
    bounds = limits or UnpackLimits()
    folder.mkdir(parents=True, exist_ok=True)
    packed = sum(part.stat().st_size for part in _files_of(archive))
    largest = min(bounds.total_bytes, max(bounds.ratio_from_bytes, int(packed * bounds.ratio)))
    try:
        with _opened(archive) as (members, declared):
            _check_declared(archive, folder, declared, bounds, largest)
            return _write_members(archive, folder, members, bounds.files, largest, max(declared[1], 1), progress)
    except (zipfile.BadZipFile, zlib.error, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorpusError(f"{archive}: cannot be unpacked ({error}); fetch it again") from None
    except OSError as error:
        raise CorpusError(f"{archive}: cannot be unpacked to {folder} ({error.strerror or error})") from None


def is_archive(name: str) -> bool:
    """Whether a file name is that of something `unpack` opens (for a zip in parts: the last part)."""
    return name.endswith((".zip", *TAR_ENDINGS))


def _files_of(archive: Path) -> list[Path]:
    """The files an archive consists of."""
    if not is_archive(archive.name):
        raise CorpusError(f"{archive}: not an archive whence unpacks; endings: .zip {' '.join(TAR_ENDINGS)}")
    if not archive.is_file():
        raise CorpusError(f"{archive}: no such archive")
    return parts_of(archive) if archive.suffix == ".zip" else [archive]


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[Iterator[_Member], tuple[int, int]]]:
    """The members of an archive, and how many files and bytes it declares (0 where that is not known)."""
    if archive.suffix == ".zip":
        with open_zip(archive) as file, zipfile.ZipFile(file) as zipped:
            entries = zipped.infolist()
            declared = len(entries), sum(entry.file_size for entry in entries)
            yield (_zip_member(zipped, entry) for entry in entries), declared
    else:
        with tarfile.open(archive) as tarred:
            yield (_tar_member(tarred, entry) for entry in tarred), (0, 0)


def _zip_member(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Member:
    """A zip entry; the Unix mode in its attributes tells links and devices."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    plain = kind in {0, stat.S_IFREG} or (kind == stat.S_IFDIR and entry.is_dir())
    return _Member(entry.filename, entry.file_size, entry.is_dir(), plain, entry.CRC, lambda: zipped.open(entry))


def _tar_member(tarred: tarfile.TarFile, entry: tarfile.TarInfo) -> _Member:
    """A tar entry."""

    def opened() -> IO[bytes]:
        file = tarred.extractfile(entry)
        if file is None:
            raise CorpusError(f"{entry.name!r} has no content")
        return file

    # A second opinion on top of the rules below; the first Python 3.11 releases do not have it.
    if hasattr(tarfile, "data_filter"):
        tarfile.data_filter(entry, "/nowhere")
    return _Member(entry.name, entry.size, entry.isdir(), entry.isreg() or entry.isdir(), None, opened)


def _check_declared(archive: Path, folder: Path, declared: tuple[int, int], bounds: UnpackLimits, largest: int) -> None:
    """Refuse what already by its own account breaks a limit or does not fit."""
    files, size = declared
    if files > bounds.files:
        raise CorpusError(f"{archive}: {files:,} files, more than the {bounds.files:,} allowed")
    if size > largest:
        raise CorpusError(_too_large(archive, largest))
    free = shutil.disk_usage(folder).free
    if size > free:
        raise CorpusError(f"{folder}: {archive.name} unpacks to {size / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")


def _write_members(
    archive: Path,
    folder: Path,
    members: Iterator[_Member],
    most_files: int,
    largest: int,
    total: int,
    progress: Progress,
) -> list[str]:
    """Write all members, counting."""
    written: dict[str, None] = {}
    size = 0
    for number, member in enumerate(members, 1):
        if number > most_files:
            raise CorpusError(f"{archive}: more than the {most_files:,} files allowed")
        target = _place(archive, folder, member)
        if member.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        name = target.relative_to(folder).as_posix()
        if name in written:
            raise CorpusError(f"{archive}: names {name} twice; refused")
        target.parent.mkdir(parents=True, exist_ok=True)
        size += _write_member(archive, member, target, largest - size)
        written[name] = None
        progress(archive.name, size, total)
    return list(written)


def _place(archive: Path, folder: Path, member: _Member) -> Path:
    """Where a member belongs; only plain files and folders below the folder have a place."""
    if not member.is_plain:
        raise CorpusError(f"{archive}: {member.name!r} is a link or a device; refused, nothing of it was written")
    name = PurePosixPath(member.name)
    odd = "\\" in member.name or "\0" in member.name or ":" in (name.parts or ("",))[0]
    if odd or name.is_absolute() or ".." in name.parts or not name.parts:
        raise CorpusError(f"{archive}: {member.name!r} leads out of the folder; refused, nothing of it was written")
    root = os.path.realpath(folder)
    # A link that stands in the folder from before must not lead out of it either.
    if os.path.commonpath([root, os.path.realpath(folder / name)]) != root:
        raise CorpusError(f"{archive}: {member.name!r} leads out of {folder} through a link there; remove the link")
    return folder / name


def _write_member(archive: Path, member: _Member, target: Path, most_bytes: int) -> int:
    """Write one file, unless it is there; its size."""
    known = member.crc is not None and target.is_file() and target.stat().st_size == member.size
    if known and _crc(target) == member.crc:
        return member.size
    size = 0
    with member.open() as source, written_whole(target) as file:
        while block := source.read(_BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise CorpusError(_too_large(archive, most_bytes))
            file.write(block)
        if size != member.size:
            raise EOFError(f"{member.name} ends after {size} of {member.size} bytes")
    return size


def _crc(path: Path) -> int:
    """The CRC-32 that zip archives keep of each file."""
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            crc = zlib.crc32(block, crc)
    return crc


def _too_large(archive: Path, largest: int) -> str:
    """The sentence for an archive that grows without measure."""
    return f"{archive}: unpacks to more than {largest / 1e6:,.0f} MB, far beyond its size; refused as a likely attack"
