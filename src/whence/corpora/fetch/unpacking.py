"""Unpack an archive from the network below one folder, and nowhere else."""

import contextlib
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from whence.corpora.progress import Progress, silent
from whence.errors import CorpusError
from whence.files import written_whole
from whence.text import one_line

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# An archive that grows beyond these is taken for an attack on the disk.
MOST_FILES = 500_000
MOST_BYTES = 400_000_000_000
LARGEST_RATIO = 200  # unpacked to packed bytes; small tables pack very well, so it counts from 16 MB on
RATIO_FROM_BYTES = 16_000_000
_BLOCK_BYTES = 1 << 20
# ValueError: names that are not the text that the archive says they are, and numbers in headers.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, tarfile.TarError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, LookupError),
)


@dataclass(frozen=True)
class _Member:
    """One entry of an archive; `crc` is None where the format has none."""

    name: str
    size: int
    is_folder: bool
    is_plain: bool
    crc: int | None
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path, *, progress: Progress = silent) -> list[str]:
    """Unpack a zip or tar archive and return its files as paths below the folder, in archive order.

    Every name is resolved and must lie below the folder; links and devices are refused; sizes are counted while
    writing, whatever the archive declares. Files appear whole. A file that is there already with the same content is
    left alone, so the next call completes an interrupted one.

    Args:
        archive: ends in `.zip` or one of `TAR_ENDINGS`.
        folder: made if missing.
        progress: called with the number of bytes.

    Raises:
        CorpusError: the archive is damaged or breaks a rule or limit, or the disk is too small. Files written before
            the error stay.
    """
    if not is_archive(archive.name):
        raise CorpusError(f"{archive}: not an archive whence unpacks; endings: .zip {' '.join(TAR_ENDINGS)}")
    if not archive.is_file():
        raise CorpusError(f"{archive}: no such archive")
    folder.mkdir(parents=True, exist_ok=True)
    most_bytes = min(MOST_BYTES, max(RATIO_FROM_BYTES, archive.stat().st_size * LARGEST_RATIO))
    try:
        with _opened(archive) as (members, declared_files, declared_bytes):
            if declared_files > MOST_FILES:
                raise _too_many(archive)
            if declared_bytes > most_bytes:
                raise _too_large(archive, most_bytes)
            free = shutil.disk_usage(folder).free
            if declared_bytes > free:
                sizes = f"unpacks to {declared_bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
                raise CorpusError(f"{folder}: {archive.name} {sizes}")
            return _write_members(archive, folder, members, most_bytes, max(declared_bytes, 1), progress)
    except CorpusError:
        raise
    except _DAMAGE as error:
        reason = one_line(str(error)) or type(error).__name__
        raise CorpusError(f"{archive}: cannot be unpacked ({reason}); fetch it again") from None
    except OSError as error:
        raise CorpusError(f"{archive}: cannot be unpacked to {folder} ({error.strerror or error})") from None


def is_archive(name: str) -> bool:
    """Whether `unpack` opens files of this name."""
    return name.endswith((".zip", *TAR_ENDINGS))


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[Iterator[_Member], int, int]]:
    """The members, and how many files and bytes the archive declares (a tar archive declares none)."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            entries = zipped.infolist()
            yield (_zip_member(zipped, entry) for entry in entries), len(entries), sum(e.file_size for e in entries)
    else:
        with tarfile.open(archive) as tarred:
            yield (_tar_member(tarred, entry) for entry in tarred), 0, 0


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

    # Python's own rules on top of those below; the first 3.11 releases do not have them.
    if hasattr(tarfile, "data_filter"):
        tarfile.data_filter(entry, "/nowhere")
    return _Member(entry.name, entry.size, entry.isdir(), entry.isreg() or entry.isdir(), None, opened)


def _write_members(
    archive: Path, folder: Path, members: Iterator[_Member], most_bytes: int, total: int, progress: Progress
) -> list[str]:
    """Write all members, counting files and bytes."""
    written: dict[str, None] = {}
    size = 0
    for number, member in enumerate(members, 1):
        if number > MOST_FILES:
            raise _too_many(archive)
        target = _target(archive, folder, member)
        if member.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        name = target.relative_to(folder).as_posix()
        if name in written:
            raise CorpusError(f"{archive}: names {name} twice; refused")
        target.parent.mkdir(parents=True, exist_ok=True)
        size += _write_member(archive, member, target, most_bytes - size)
        written[name] = None
        progress(archive.name, size, total)
    return list(written)


def _target(archive: Path, folder: Path, member: _Member) -> Path:
    """The path of a member, which must be a plain file or folder below the folder."""
    if not member.is_plain:
        raise CorpusError(f"{archive}: {member.name!r} is a link or a device; refused, nothing of it was written")
    name = PurePosixPath(member.name)
    odd = "\\" in member.name or "\0" in member.name or ":" in (name.parts or ("",))[0]
    if odd or name.is_absolute() or ".." in name.parts or not name.parts:
        raise CorpusError(f"{archive}: {member.name!r} leads out of the folder; refused, nothing of it was written")
    root = os.path.realpath(folder)
    # A link that was in the folder before must not lead out of it either.
    if os.path.commonpath([root, os.path.realpath(folder / name)]) != root:
        raise CorpusError(f"{archive}: {member.name!r} leads out of {folder} through a link there; remove the link")
    return folder / name


def _write_member(archive: Path, member: _Member, target: Path, most_bytes: int) -> int:
    """Write one file unless it is there already, and return its size."""
    known = member.crc is not None and target.is_file() and target.stat().st_size == member.size
    if known and _crc(target) == member.crc:
        return member.size
    size = 0
    with member.open() as source, written_whole(target) as file:
        while block := source.read(_BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise _too_large(archive, most_bytes)
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


def _too_many(archive: Path) -> CorpusError:
    """The error for an archive of too many files."""
    return CorpusError(f"{archive}: more than the {MOST_FILES:,} files allowed")


def _too_large(archive: Path, most_bytes: int) -> CorpusError:
    """The error for an archive that grows without measure."""
    grown = f"unpacks to more than {most_bytes / 1e6:,.0f} MB, far beyond its size"
    return CorpusError(f"{archive}: {grown}; refused as a likely attack")
