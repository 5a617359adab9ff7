"""Sound behind the length that a header states: found, and put behind a header with the true length.

A recorder that loses its power leaves the length of its last update, or none; a length of 32 bits begins anew after
4 GiB. libsndfile reads what is stated and drops the rest without a word.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from whence.audio.report import TOLERATED_GAP_S
from whence.audio.sources import OpenFile
from whence.audio.splicing import Splice

# Less than this is looked through for anything but zeros, with which some systems fill up a file.
_MOST_PADDING_BYTES = 1 << 20
_MOST_CHUNKS = 10_000
# Of RIFF, AIFF and CAF.
_CHUNK_NAMES = frozenset(
    name.encode()
    for names in (
        "fmt |data|fact|LIST|JUNK|junk|bext|PEAK|cue |smpl|id3 |ID3 |iXML|_PMX|PAD |FLLR|inst|plst|axml|chna|cart|acid",
        "COMM|SSND|NAME|AUTH|(c) |ANNO|COMT|MARK|INST|APPL|CHAN|FVER|SAUR",
        "desc|chan|free|info|kuki|pakt|strg|mark|regn|uuid|ovvw|peak|minf|elm1",
    )
    for name in names.split("|")
)
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")
_AU_UNKNOWN = 0xFFFFFFFF
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
# What AU calls the codings of AIFF: for whole numbers by their bytes.
_AU_OF_BYTES = {1: 2, 2: 3, 3: 4, 4: 5}
_AU_OF_CODING = {b"fl32": 6, b"FL32": 6, b"fl64": 7, b"FL64": 7, b"ulaw": 1, b"ULAW": 1, b"alaw": 27, b"ALAW": 27}
_WHOLE_NUMBERS = (b"NONE", b"twos", b"sowt", b"in24", b"in32")


@dataclass(frozen=True)
class Longer:
    """A file that holds more sound than its header states.

    Args:
        file: the same sound behind a header with the true length, or with none.
        stated: bytes of sound by the header.
        held: bytes of sound that there are.
    """

    file: Splice
    stated: int
    held: int


def sound_follows(file: BinaryIO, size: int, end: int, bytes_per_s: float, lengths: str = "<I") -> bool:
    """Return whether there is sound behind the end that a header states.

    Args:
        file: its position is moved.
        size: of the file, in bytes.
        end: the byte at which the sound ends by the header.
        bytes_per_s: of sound; less than a label frame of it is not looked for.
        lengths: how the length of a chunk is written, as for `struct`.
    """
    rest = size - end
    if rest < max(TOLERATED_GAP_S * bytes_per_s, 1):
        return False
    if any(_are_chunks(file, size, at, lengths) for at in (end, end + 1)):
        return False
    file.seek(end)
    head = file.read(8)
    if head.startswith(_TAGS):
        return False
    if rest > _MOST_PADDING_BYTES:
        return True
    file.seek(end)
    return any(file.read(rest))


def _are_chunks(file: BinaryIO, size: int, position: int, lengths: str) -> bool:
    """Whether a known chunk is at a position, or chunks with any names that end where the file does."""
    head_bytes = 4 + struct.calcsize(lengths)
    for number in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(head_bytes)
        if len(head) < head_bytes:
            return number > 0 and position >= size - 1
        if number == 0 and head[:4] in _CHUNK_NAMES:
            return True
        (length,) = struct.unpack(lengths, head[4:])
        if not all(0x20 <= byte < 0x7F for byte in head[:4]) or not 0 <= length <= size - position - head_bytes:
            return False
        position += head_bytes + length + (length % 2 if head_bytes == 8 else 0)
    return False


def longer_file(source: OpenFile) -> Longer | None:
    """Return an AIFF, AU or CAF file that holds more sound than its header states; None for any other.

    Args:
        source: its position is moved.
    """
    reader = {"aiff": _longer_aiff, "au": _longer_au, "caf": _longer_caf}.get(source.container)
    return reader(source) if reader else None


def _longer_au(source: OpenFile) -> Longer | None:
    source.file.seek(0)
    head = source.file.read(24)
    if len(head) < 24:
        return None
    start, stated, coding, rate_hz, channel_count = struct.unpack(">5I", head[4:])
    bytes_per_s = rate_hz * channel_count * _AU_BYTES.get(coding, 0)
    if stated == _AU_UNKNOWN or not bytes_per_s:
        return None
    if start < 24 or not sound_follows(source.file, source.size, start + stated, bytes_per_s):
        return None
    front = struct.pack(">4s5I", head[:4], 24, _AU_UNKNOWN, coding, rate_hz, channel_count)
    return _longer(source, front, start, stated)


def _longer(source: OpenFile, front: bytes, start: int, stated: int) -> Longer:
    return Longer(Splice(front, source.file, start, source.size), stated, source.size - start)


def _chunks(source: OpenFile, position: int, lengths: str, align: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first byte and length of each chunk."""
    head_bytes = 4 + struct.calcsize(lengths)
    for _ in range(_MOST_CHUNKS):
        source.file.seek(position)
        head = source.file.read(head_bytes)
        if len(head) < head_bytes:
            return
        (length,) = struct.unpack(lengths, head[4:])
        yield head[:4], position + head_bytes, length
        if length < 0:
            return
        position += head_bytes + length + length % align


def _longer_caf(source: OpenFile) -> Longer | None:
    bytes_per_s = 0.0
    for name, start, length in _chunks(source, 8, ">q", 1):
        source.file.seek(start)
        if name == b"desc":
            description = source.file.read(32)
            if len(description) < 32:
                return None
            rate_hz, packet_bytes, packet_samples = struct.unpack(">d8xII", description[:24])
            if not 0 < rate_hz < 1e9 or not packet_samples:
                return None
            bytes_per_s = rate_hz * packet_bytes / packet_samples
        elif name == b"data":
            # The first four bytes count edits. A length of -1 is not known, and goes to the end.
            if length < 0 or not bytes_per_s:
                return None
            end = start + max(length, 4)
            if not sound_follows(source.file, source.size, end, bytes_per_s, ">q"):
                return None
            source.file.seek(0)
            front = source.file.read(start - 8) + struct.pack(">qI", source.size - start, 0)
            return _longer(source, front, start + 4, max(length - 4, 0))
    return None


def _longer_aiff(source: OpenFile) -> Longer | None:
    common = b""
    for name, start, length in _chunks(source, 12, ">I", 2):
        source.file.seek(start)
        if name == b"COMM":
            common = source.file.read(min(length, 64))
        elif name == b"SSND":
            offset = int.from_bytes(source.file.read(4), "big")
            front, bytes_per_s = _au_front(common)
            data_start, stated = start + 8 + offset, max(length - 8 - offset, 0)
            if not bytes_per_s or not sound_follows(source.file, source.size, data_start + stated, bytes_per_s, ">I"):
                return None
            return _longer(source, front, data_start, stated)
    return None


def _au_front(common: bytes) -> tuple[bytes, float]:
    """An AU header without a length for what an AIFF calls common, and bytes of sound in a second; 0 if there is none.

    An AIFF can hold 4 GiB at most, an AU of unknown length any number.
    """
    if len(common) < 18:
        return b"", 0.0
    channel_count, bits, exponent, mantissa = struct.unpack(">h4xhHQ", common[:18])
    coding = common[18:22] or b"NONE"
    if not 0 < exponent - 16_383 < 31 or not 0 < bits <= 64 or channel_count < 1:
        return b"", 0.0
    rate_hz = mantissa >> 63 - (exponent - 16_383)
    sample_bytes = (bits + 7) // 8
    number = _AU_OF_BYTES.get(sample_bytes) if coding in _WHOLE_NUMBERS else _AU_OF_CODING.get(coding)
    if number is None:
        return b"", 0.0
    magic, order = (b"dns.", "<") if coding == b"sowt" else (b".snd", ">")
    sample_bytes = _AU_BYTES[number]
    front = magic + struct.pack(f"{order}5I", 24, _AU_UNKNOWN, number, rate_hz, channel_count)
    return front, float(rate_hz * channel_count * sample_bytes)
