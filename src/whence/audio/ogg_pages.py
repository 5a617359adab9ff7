"""The pages of an Ogg file: whether some are lost or damaged, and the runs of whole ones between them.

libsndfile steps over a damaged page without a word, and all that follows comes early by what was on it. Each page tells
when it ends, so what follows can be put at its time.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from whence.audio.sources import OpenFile

_HEAD_BYTES = 27
_LONGEST_PAGE_BYTES = _HEAD_BYTES + 255 + 255 * 255
_READ_BYTES = 1 << 18
# For files made to be searched for ever: so many times its size may be looked at.
_MOST_LOOKS = 4
_MOST_RUNS = 1_000
_MOST_HEADER_BYTES = 1 << 24
# How the first page of a stream begins, and how many packets come before the sound.
_HEADER_PACKETS = {b"\x01vorbis": 3, b"OpusHead": 2}
_FIRST, _LAST = 2, 4
_OPUS_RATE_HZ = 48_000
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Page:
    """A page whose checksum is right.

    Args:
        start: its first byte in the file.
        end: one past its last.
        flags: 1 continues a packet, 2 is the first page of a stream, 4 the last.
        position: of the last sample that ends on it, as the coder counts; -1 where none does.
        serial: of its stream.
        number: within its stream.
        packet_count: packets that end on it.
    """

    start: int
    end: int
    flags: int
    position: int
    serial: int
    number: int
    packet_count: int


@dataclass(frozen=True)
class Run:
    """Pages without a gap.

    Args:
        start: the first byte.
        end: one past the last.
        position: of the sample with which it ends, as the coder counts.
        follows: whether nothing is lost before it.
    """

    start: int
    end: int
    position: int
    follows: bool


@dataclass(frozen=True)
class BrokenOgg:
    """An Ogg file that has lost pages.

    Args:
        header: its first bytes, with which the first run can be decoded.
        later_header: the same for any later run.
        runs: of pages, in order.
        opus_rate: what the coder counts in a second, where that is not the sample rate; None where it is.
        origin: what the coder counts before the first sample.
    """

    header: bytes
    later_header: bytes
    runs: tuple[Run, ...]
    opus_rate: int | None
    origin: int


def checksum(page: bytes) -> int:
    """The checksum of a page whose own is zero.

    Ogg has the polynomial of zip the other way round, and another beginning.

    >>> checksum(b"OggS")
    1605413199
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def ogg_pages(file: BinaryIO, size: int) -> Iterator[Page]:
    """Yield the pages of a file whose checksums are right, in order.

    Args:
        file: its position is moved, also between two pages.
        size: of the file, in bytes.
    """
    position = base = looked = 0
    data = b""
    while position + _HEAD_BYTES <= size and looked <= _MOST_LOOKS * size + _READ_BYTES:
        if position + _LONGEST_PAGE_BYTES > base + len(data) < size:
            file.seek(position)
            base, data = position, file.read(_READ_BYTES)
        at = data.find(b"OggS", position - base)
        if at < 0 or at + _HEAD_BYTES > len(data):
            rest = len(data) - 3 if at < 0 else at
            if base + len(data) >= size:
                return
            position = max(base + rest, position + 1)
            continue
        if at > position - base:  # look again, with the whole page in memory
            position = base + at
            continue
        body = at + _HEAD_BYTES + data[at + 26]
        laces = data[at + _HEAD_BYTES : body]
        end = body + sum(laces)
        looked += end - at
        plain = data[at : at + 22] + bytes(4) + data[at + 26 : end]
        if end > len(data) or checksum(plain) != int.from_bytes(data[at + 22 : at + 26], "little"):
            position += 4
            continue
        granule, serial, number = struct.unpack_from("<qII", data, at + 6)
        packet_count = sum(lace < 255 for lace in laces)
        yield Page(position, base + end, data[at + 5], granule, serial, number, packet_count)
        position = base + end


def broken_ogg(source: OpenFile) -> BrokenOgg | None:
    """Return the runs of pages of an Ogg file that has lost some; None for one that is whole, or of another coding.

    Args:
        source: a file whose container is "ogg"; its position is moved.
    """
    source.file.seek(0)
    head = source.file.read(512)
    if len(head) < _HEAD_BYTES or head[:4] != b"OggS":
        return None
    start = head[_HEAD_BYTES + head[26] :]
    left = next((count for magic, count in _HEADER_PACKETS.items() if start.startswith(magic)), 0)
    serial = int.from_bytes(head[14:18], "little")
    if not left:
        return None
    header_end, number, begun = 0, -1, False
    runs: list[Run] = []
    for page in ogg_pages(source.file, source.size):
        if page.serial != serial or (page.flags & _FIRST and begun):
            if page.flags & _FIRST and begun:  # another recording
                break
            continue
        lost = page.number > number + 1
        number = page.number
        if left > 0:
            if lost:
                return None  # without its header nothing can be decoded
            left -= page.packet_count
            header_end = page.end
            continue
        begun = True
        if not runs or lost:
            runs.append(Run(page.start, page.end, page.position, not lost))
        else:
            last = runs[-1]
            position = page.position if page.position >= 0 else last.position
            runs[-1] = Run(last.start, page.end, position, last.follows)
        if page.flags & _LAST or len(runs) > _MOST_RUNS:
            break
    if all(run.follows for run in runs) or header_end > _MOST_HEADER_BYTES:
        return None
    source.file.seek(0)
    header = source.file.read(header_end)
    if not start.startswith(b"OpusHead"):
        return BrokenOgg(header, header, tuple(runs), None, 0)
    # What the coder needs to come in is left out at the beginning of the sound, not at that of a later run.
    at = len(head) - len(start) + 10
    later = header[:22] + bytes(4) + header[26:at] + bytes(2) + header[at + 2 :]
    first_end = _HEAD_BYTES + head[26] + sum(head[_HEAD_BYTES : _HEAD_BYTES + head[26]])
    later = later[:22] + checksum(later[:first_end]).to_bytes(4, "little") + later[26:]
    origin = int.from_bytes(start[10:12], "little")
    return BrokenOgg(header, later, tuple(runs), _OPUS_RATE_HZ, origin)
