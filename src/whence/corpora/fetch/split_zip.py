"""A zip archive cut into parts (`x.z01`, `x.z02`, ..., `x.zip`) reads as one whole archive."""

import io
import struct
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from whence.errors import CorpusError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Records of the zip format, without their variable ends (PKWARE APPNOTE 6.3.10, sections 4.3.12 to 4.3.16).
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA = 1
_LARGEST_DIRECTORY_BYTES = 256_000_000


class _Directory(NamedTuple):
    """Where the list of an archive's files stands."""

    first: int
    size: int
    entries: int


class _Joined(io.RawIOBase):
    """Files end to end, up to some byte, then a tail of other bytes: read as if it were one file."""

    def __init__(self, parts: list[Path], data_bytes: int, tail: bytes) -> None:
        super().__init__()
        self._parts = [part.open("rb") for part in parts]
        self._starts = _starts(parts)
        self._data_bytes = data_bytes
        self._tail = tail
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        end = self._data_bytes + len(self._tail)
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: end}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        block = self._block(len(view))
        view[: len(block)] = block
        self._position += len(block)
        return len(block)

    def _block(self, most: int) -> bytes:
        """Bytes from the position on, not beyond the end of the part they stand in."""
        if self._position >= self._data_bytes:
            first = self._position - self._data_bytes
            return self._tail[first : first + most]
        number = bisect_right(self._starts, self._position) - 1
        part = self._parts[number]
        part.seek(self._position - self._starts[number])
        return part.read(min(most, self._data_bytes - self._position))

    def close(self) -> None:
        for part in self._parts:
            part.close()
        super().close()


def parts_of(archive: Path) -> list[Path]:
    """All files of a zip archive in order; the one that ends in `.zip` is the last.

    Raises:
        CorpusError: if it is no zip archive, or naming the parts that are missing.
    """
    count = _part_count(archive)
    parts = [*(archive.with_suffix(f".z{number:02d}") for number in range(1, count)), archive]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise CorpusError(f"{archive}: {count} parts belong together, missing: {', '.join(missing)}; fetch them first")
    return parts


def open_zip(archive: Path) -> BinaryIO:
    """Open a zip archive for reading, joined on the way if it is in parts; nothing is copied on the disk.

    The directory of a split archive counts from the start of each part. Here it is rewritten to count from the
    start of all, which is what `zip -s 0 x.zip --out whole.zip` does on disk.

    Args:
        archive: the `.zip` file, the last part.

    Raises:
        CorpusError: if it is no zip archive, or a part is missing.
    """
    parts = parts_of(archive)
    if len(parts) == 1:
        return archive.open("rb")
    try:
        directory = _find_directory(parts)
        rewritten = _rewrite(_read_at(parts, directory.first, directory.size), directory.entries, _starts(parts))
    except (struct.error, IndexError, ValueError) as error:
        raise CorpusError(
            f"{archive}: its directory cannot be read ({error}); join the parts with "
            f"`zip -s 0 {archive.name} --out whole.zip` and unpack whole.zip by hand"
        ) from None
    tail = rewritten + _end_records(directory.first, len(rewritten), directory.entries)
    return io.BufferedReader(_Joined(parts, directory.first, tail), 1 << 18)


def _starts(parts: list[Path]) -> list[int]:
    """Where each part begins when all stand end to end."""
    return list(accumulate((part.stat().st_size for part in parts[:-1]), initial=0))


def _read_at(parts: list[Path], position: int, size: int) -> bytes:
    """Bytes from anywhere in the joined parts."""
    total = sum(part.stat().st_size for part in parts)
    if not 0 <= position <= position + size <= total or size > _LARGEST_DIRECTORY_BYTES:
        raise ValueError(f"{size} bytes at {position} of {total}")
    with io.BufferedReader(_Joined(parts, total, b"")) as joined:
        joined.seek(position)
        return joined.read(size)


def _part_count(archive: Path) -> int:
    """How many files an archive consists of, as its last part says."""
    if not archive.is_file():
        raise CorpusError(f"{archive}: no such archive")
    end, _ = _end_record(archive)
    if end is None or end[1] == _FULL16:
        raise CorpusError(f"{archive}: not a zip archive, or cut short; fetch it again")
    return int(end[1]) + 1


def _end_record(archive: Path) -> tuple[tuple[int, ...] | None, bytes]:
    """The record at the very end of an archive, and the 20 bytes before it."""
    with archive.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _FULL16 - _END.size - _LOCATOR64.size))
        tail = file.read()
    position = tail.rfind(b"PK\5\6")
    if position < 0 or len(tail) < position + _END.size:
        return None, b""
    return _END.unpack_from(tail, position), tail[max(0, position - _LOCATOR64.size) : position]


def _find_directory(parts: list[Path]) -> _Directory:
    """Where the directory of a split archive stands, counted from the start of all parts."""
    starts = _starts(parts)
    end, before = _end_record(parts[-1])
    if end is None:
        raise ValueError("no end record")
    _, _, disk, _, count, size, offset, _ = end
    if before.startswith(b"PK\6\7"):
        _, record_disk, record_offset, _ = _LOCATOR64.unpack(before)
        record = _END64.unpack(_read_at(parts, starts[record_disk] + record_offset, _END64.size))
        disk, count, size, offset = record[5], record[7], record[8], record[9]
    return _Directory(starts[disk] + offset, size, count)


def _rewrite(directory: bytes, count: int, starts: list[int]) -> bytes:
    """The same entries with offsets from the start of all parts."""
    entries = []
    position = 0
    for _ in range(count):
        fields = list(_ENTRY.unpack_from(directory, position))
        if fields[0] != b"PK\1\2":
            raise ValueError("an entry does not begin where the one before ends")
        name_end = position + _ENTRY.size + fields[10]
        extra_end = name_end + fields[11]
        end = extra_end + fields[12]
        extra, sizes, disk, offset = _without_zip64(directory[name_end:extra_end], fields)
        # The 64-bit form is right for every offset, so that it need not be decided which entries need it.
        wide = struct.pack("<2H3Q", _ZIP64_EXTRA, 24, *sizes, starts[disk] + offset)
        fields[8] = fields[9] = fields[16] = _FULL32
        fields[11], fields[13] = len(wide) + len(extra), 0
        name, comment = directory[position + _ENTRY.size : name_end], directory[extra_end:end]
        entries.append(_ENTRY.pack(*fields) + name + wide + extra + comment)
        position = end
    return b"".join(entries)


def _without_zip64(extra: bytes, fields: list[int]) -> tuple[bytes, tuple[int, int], int, int]:
    """An entry's other extra fields, its whole and packed size, its part and its offset in the part."""
    packed, whole, disk, offset = fields[8], fields[9], fields[13], fields[16]
    kept = b""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<2H", extra)
        if kind == _ZIP64_EXTRA:
            words = io.BytesIO(extra[4 : 4 + size])
            # Only those that did not fit into 32 bits are here, always in this order.
            whole = int.from_bytes(words.read(8), "little") if whole == _FULL32 else whole
            packed = int.from_bytes(words.read(8), "little") if packed == _FULL32 else packed
            offset = int.from_bytes(words.read(8), "little") if offset == _FULL32 else offset
            disk = int.from_bytes(words.read(4), "little") if disk == _FULL16 else disk
        else:
            kept += extra[: 4 + size]
        extra = extra[4 + size :]
    return kept, (whole, packed), disk, offset


def _end_records(first: int, size: int, count: int) -> bytes:
    """The records that end an archive in one part."""
    record = _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, count, count, size, first)
    locator = _LOCATOR64.pack(b"PK\6\7", 0, first + size, 1)
    return record + locator + _END.pack(b"PK\5\6", 0, 0, _FULL16, _FULL16, _FULL32, _FULL32, 0)
