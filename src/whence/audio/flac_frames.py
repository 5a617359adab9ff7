"""The next whole frame of a FLAC file behind damage; libsndfile gives up where one frame cannot be decoded."""

import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

from whence.audio.sources import OpenFile
from whence.audio.splicing import Splice

_STREAM_INFO_END = 4 + 4 + 34
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_LONGEST_HEAD_BYTES = 16
_READ_BYTES = 1 << 18
# The decoder has read further than it decoded.
_READ_AHEAD_BYTES = 1 << 17
_MOST_CANDIDATES = 20_000


def frames_behind(source: OpenFile, at_byte: int, sample: int, end_sample: int) -> Iterator[tuple[int, Splice]]:
    """Yield frames that begin behind a sample, in the order of the file, each with the file from there on.

    Args:
        source: a file whose container is "flac".
        at_byte: as far as a decoder had read when it gave up.
        sample: how many samples it had decoded.
        end_sample: how many the file has.

    Yields:
        the first sample of a frame, and a FLAC file that begins with it. Chance may make a header of any bytes; whether
        there is a frame behind it, decoding will tell.
    """
    source.file.seek(0)
    head = source.file.read(_STREAM_INFO_END)
    if len(head) < _STREAM_INFO_END or head[:4] != b"fLaC" or head[4] & 0x7F != 0:
        return
    block_samples = int.from_bytes(head[8:10], "big")
    front = head[:4] + b"\x80" + head[5:]  # no other metadata follow
    found = _heads(source.file, max(at_byte - _READ_AHEAD_BYTES, _STREAM_INFO_END), block_samples)
    for position, first in itertools.islice(found, _MOST_CANDIDATES):
        if sample <= first < end_sample:
            yield first, Splice(front, source.file, position, source.size)


def _heads(file: BinaryIO, position: int, block_samples: int) -> Iterator[tuple[int, int]]:
    """Yield where there is a valid header of a frame, and its first sample."""
    while True:
        file.seek(position)
        data = file.read(_READ_BYTES)
        for match in _SYNC.finditer(data):
            first = first_sample(data[match.start() : match.start() + _LONGEST_HEAD_BYTES], block_samples)
            if first is not None:
                yield position + match.start(), first
        if len(data) < _READ_BYTES:
            return
        position += len(data) - _LONGEST_HEAD_BYTES


def first_sample(head: bytes, block_samples: int) -> int | None:
    """Return the first sample of the frame that begins with these bytes; None where no frame does.

    Args:
        head: 16 bytes, the first two of which are those of a frame.
        block_samples: in each frame, where the file has frames of one length.

    Source: RFC 9639, section 9.1.
    """
    head = head.ljust(_LONGEST_HEAD_BYTES, b"\0")
    size_code, rate_code = head[2] >> 4, head[2] & 15
    if size_code == 0 or rate_code == 15 or head[3] >> 4 > 10 or head[3] & 1 or head[3] >> 1 & 7 == 3:
        return None
    ones = 8 - (~head[4] & 0xFF).bit_length()
    if ones in (1, 8):
        return None
    number = head[4] & 0x7F >> ones
    for byte in head[5 : 4 + max(ones, 1)]:
        if byte >> 6 != 2:
            return None
        number = number << 6 | byte & 0x3F
    end = 4 + max(ones, 1) + {6: 1, 7: 2}.get(size_code, 0) + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if end >= len(head) or _checksum(head[:end]) != head[end]:
        return None
    return number if head[1] & 1 else number * block_samples


def _checksum(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value
