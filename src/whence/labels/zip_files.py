"""Label files inside a zip archive are read one by one into memory; nothing is ever unpacked to the disk."""

import stat
import struct
import zipfile
import zlib
from pathlib import PureWindowsPath

from whence.errors import LabelError

# A hundred times the largest challenge data set.
_MOST_FILES = 1_000_000
# Label text shrinks to a quarter. An archive that grows two hundredfold was made to fill a memory.
_LARGEST_RATIO = 200
# What zipfile raises on damaged archives; only the first is in its documentation.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, ValueError),
    *(NotImplementedError, MemoryError),
)
# Tiny files say nothing about a ratio.
_RATIO_COUNTS_FROM_BYTES = 1 << 20


def read_zip(archive: str, ending: str, largest_bytes: int) -> tuple[list[tuple[str, str, bytes]], list[str]]:
    """Read every file of an archive that has the ending.

    Args:
        archive: path of a zip file.
        ending: of the files wanted, in lower case.
        largest_bytes: all files together, unpacked.

    Returns:
        (clip name, path for messages, content) of the files in the archive's order, and the names of skipped members;
        hidden ones begin with a dot.

    Raises:
        LabelError: not a zip file, damaged, encrypted, compressed unusually, a member that leads outside or is a link,
            or one of the limits on number, size and ratio is passed.
    """
    with _opened(archive) as opened:
        # is_dir() of a member without a name is an IndexError.
        members = [member for member in opened.infolist() if not member.filename.endswith("/")]
        wanted, passed_over = _choose(archive, members, ending, largest_bytes)
        return [_read(opened, archive, member) for member in wanted], passed_over


def _opened(archive: str) -> zipfile.ZipFile:
    """The archive, its directory read."""
    try:
        return zipfile.ZipFile(archive)
    except OSError as error:
        raise LabelError(f"cannot be read ({error.strerror or error})", where=archive) from None
    except _DAMAGE as error:
        raise LabelError(f"neither a folder nor a whole zip file ({error})", where=archive) from None


def _choose(
    archive: str, members: list[zipfile.ZipInfo], ending: str, largest_bytes: int
) -> tuple[list[zipfile.ZipInfo], list[str]]:
    """The members to read and the names of the others, after every limit was checked."""
    if len(members) > _MOST_FILES:
        raise LabelError(f"{len(members):,} files", where=archive, remedy=f"at most {_MOST_FILES:,} are read")
    wanted: list[zipfile.ZipInfo] = []
    passed_over: list[str] = []
    for member in members:
        # Windows rules know both slashes and drive letters, so they see every way out that any system knows.
        path = PureWindowsPath(member.filename)
        hidden = next((part for part in path.parts if part.startswith(".") and part != ".."), None)
        if "__MACOSX" in path.parts or hidden is not None:
            passed_over.append(hidden or f".{path.name}")
        elif not member.filename.lower().endswith(ending):
            passed_over.append(member.filename)
        else:
            _check_member(archive, member, path)
            wanted.append(member)
    total = sum(member.file_size for member in wanted)
    if total > largest_bytes:
        what = f"would grow to {total / 1e9:.1f} GB"
        raise LabelError(what, where=archive, remedy="unpack it and read the folder")
    return wanted, passed_over


def _check_member(archive: str, member: zipfile.ZipInfo, path: PureWindowsPath) -> None:
    """Raise for a member that no honest archive of labels holds."""
    packed_bytes = max(member.compress_size, 1)
    grows = member.file_size > max(_LARGEST_RATIO * packed_bytes, _RATIO_COUNTS_FROM_BYTES)
    if path.anchor or ".." in path.parts:
        what, remedy = "leads out of the archive", "pack the files again with plain names"
    elif stat.S_ISLNK(member.external_attr >> 16):
        what, remedy = "is a link", "pack the file itself"
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        what, remedy = "is compressed in an unusual way", "pack it as an ordinary zip file"
    elif member.flag_bits & 0x1:
        what, remedy = "is encrypted", "pack it without a password"
    elif grows:
        ratio = member.file_size // packed_bytes
        what, remedy = f"would grow {ratio:,}-fold", f"at most {_LARGEST_RATIO} is read"
    else:
        return
    raise LabelError(what, where=f"{archive}/{member.filename}", remedy=remedy)


def _read(opened: zipfile.ZipFile, archive: str, member: zipfile.ZipInfo) -> tuple[str, str, bytes]:
    """One member's bytes; zipfile itself stops at the declared size and checks the sum."""
    path = f"{archive}/{member.filename}"
    try:
        content = opened.read(member)
    except (*_DAMAGE, OSError) as error:
        raise LabelError(f"cannot be unpacked ({error})", where=path) from None
    return PureWindowsPath(member.filename).stem, path, content
