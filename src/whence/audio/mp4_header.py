"""A look through the tables of an MP4 file for promises it cannot keep, before a decoder takes memory for them.

FFmpeg sets up an index with one entry for each promised sample before it reads any. A few kilobytes that promise
fifty million samples cost it gigabytes; here they are refused.
"""

from collections.abc import Iterator
from typing import BinaryIO

from whence.audio.sources import OpenFile
from whence.errors import AudioError

_NESTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex")
# Bytes of one entry of the tables that consist of a count and entries.
_ENTRY_BYTES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4, b"elst": 12}
# One for each sample of a fragment: duration, size, flags, time offset, four bytes each where their bit is set.
_RUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
_MOST_BOXES = 1_000_000


def refuse_impossible_tables(source: OpenFile) -> None:
    """Compare the counts in the tables with the bytes there are.

    Args:
        source: a file whose container is "mp4"; its position is moved.

    Raises:
        AudioError: if a table promises more samples than the file can hold.
    """
    for walked, (kind, start, end) in enumerate(_boxes(source.file, 0, source.size)):
        count, possible = _promise(kind, _payload(source.file, start), end - start, source.size)
        if count > possible or walked >= _MOST_BOXES:
            name = kind.decode("ascii", "replace")
            raise AudioError(f"{source.name}: impossible header (its {name} table promises {count} entries)")


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte and end of the content of each box, outer boxes before what they hold."""
    ends = [end]
    position = start
    while ends:
        if position + 8 > ends[-1]:
            position = ends.pop()
            continue
        file.seek(position)
        head = file.read(16)
        size, kind, head_bytes = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, head_bytes = int.from_bytes(head[8:16], "big"), 16
        stop = ends[-1] if size == 0 else min(position + size, ends[-1])
        if len(head) < 8 or stop < position + head_bytes:
            position = ends.pop()  # damaged; what a decoder makes of it, it makes of the bytes there are
            continue
        yield kind, position + head_bytes, stop
        if kind in _NESTS:
            ends.append(stop)
            position += head_bytes
        else:
            position = stop


def _payload(file: BinaryIO, start: int) -> bytes:
    """The first bytes of a box: version, flags, and the counts we ask for."""
    file.seek(start)
    return file.read(12).ljust(12, b"\0")


def _promise(kind: bytes, payload: bytes, box_bytes: int, file_bytes: int) -> tuple[int, int]:
    """How many entries a box promises and how many there can be."""
    first, second = int.from_bytes(payload[4:8], "big"), int.from_bytes(payload[8:12], "big")
    if kind in _ENTRY_BYTES:
        return first, (box_bytes - 8) // _ENTRY_BYTES[kind]
    if kind == b"stsz":  # one size for all, or a table of sizes
        return second, file_bytes // first if first else (box_bytes - 12) // 4
    if kind == b"trun":
        flags = int.from_bytes(payload[1:4], "big")
        entry_bytes = 4 * sum(bool(flags & field) for field in _RUN_FIELDS)
        return first, (box_bytes - 8) // entry_bytes if entry_bytes else file_bytes
    return 0, 0
