"""How many frames an MP3 file really holds, and the same sound behind a header that says so.

An MP3 has no header. A decoder trusts the first frame's note ("Xing") about the length or, without one,
guesses from the first frame's bit rate, and then stops there: of a file with a varying bit rate, or of two files
joined end to end, it may give a quarter. Counting the frames is cheap, so they are counted.
"""

import itertools
import re
from dataclasses import dataclass
from typing import BinaryIO

from whence.audio.sources import OpenFile
from whence.audio.splice import Splice

# kbit/s by bit rate index, MPEG-1 and MPEG-2/2.5, layer 3.
_KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES_HZ = (44_100, 48_000, 32_000)
_READ_BYTES = 1 << 18
# Layer 3 of each version; what follows is checked by the head's own fields.
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
# Bounds on the search in a file made to be searched for ever.
_MOST_GAPS = 100
_MOST_CANDIDATES = 1000
# The note may be a few frames off without harm; this many are a tenth of a second.
_TOLERATED_FRAMES = 4


@dataclass(frozen=True)
class Mp3Header:
    """Where the frames of an MP3 file are and how many.

    Args:
        start: the first byte of the first frame of sound.
        frame_head: the four bytes that frame starts with.
        frame_count: frames of sound in the file.
        noted_count: the count by the note in the file; nothing where there is none.
    """

    start: int
    frame_head: bytes
    frame_count: int
    noted_count: int | None

    @property
    def trusted(self) -> bool:
        """Whether a decoder that trusts the note will reach the end."""
        return self.noted_count is not None and self.frame_count <= self.noted_count + _TOLERATED_FRAMES


def read_mp3_header(source: OpenFile) -> Mp3Header | None:
    """Count the frames of an MP3 file.

    Args:
        source: a file whose container is "mp3"; its position is moved.

    Returns:
        the count; nothing if this is not layer 3 or no frame is where the first should be.
    """
    file = source.file
    file.seek(0)
    head = file.read(10)
    start = 0
    if head.startswith(b"ID3") and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(start)
    first = file.read(2048)
    length = _frame_length(first[:4])
    if length == 0:
        return None
    note = max(first.find(b"Xing", 4, 60), first.find(b"Info", 4, 60))
    noted = None
    if note > 0:
        flags, count = (int.from_bytes(first[note + at : note + at + 4], "big") for at in (4, 8))
        noted = count if flags & 1 else None
        start += length
        file.seek(start)
        first = file.read(4)
        if not _frame_length(first):
            return None
    return Mp3Header(start, first[:4], _count_frames(file, start), noted)


def recounted(source: OpenFile, header: Mp3Header) -> BinaryIO:
    """The same sound behind a note with the true count."""
    front = _note(header.frame_head, header.frame_count)
    return Splice(front, source.file, header.start, source.size)  # type: ignore[return-value]


def _frame_length(head: bytes) -> int:
    """Bytes in the layer 3 frame that starts with these four, or 0 if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate_index, bit_index = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer != 1 or rate_index == 3 or bit_index in (0, 15):
        return 0
    newest = version == 3
    rate_hz = _RATES_HZ[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if newest else 72) * 1000 * _KBITS[0 if newest else 1][bit_index] // rate_hz + (head[2] >> 1 & 1)


def _count_frames(file: BinaryIO, start: int) -> int:
    """Frames from `start` to the end of the file, stepping over what stands between."""
    count, gaps, base, position = 0, 0, start, 0
    data = _stretch(file, base)
    while True:
        if position + 4 > len(data):
            base, position = base + position, 0
            data = _stretch(file, base)
            if len(data) < 4:
                return count
        length = _frame_length(data[position : position + 4])
        if length:
            count += 1
            position += length
        elif gaps < _MOST_GAPS:
            gaps += 1
            position = _next_frame(data, position + 1)
        else:
            # More holes than sound: the decoder gives up sooner, and "cut short" will be said.
            return count + len(data) // 24


def _stretch(file: BinaryIO, base: int) -> bytes:
    """The next bytes to look through."""
    file.seek(base)
    return file.read(_READ_BYTES)


def _next_frame(data: bytes, position: int) -> int:
    """Where the next frame starts that another one follows, or nearly the end; chance bytes seldom look like two."""
    for found in itertools.islice(_SYNC.finditer(data, position), _MOST_CANDIDATES):
        length = _frame_length(data[found.start() : found.start() + 4])
        if length and _frame_length(data[found.start() + length : found.start() + length + 4]):
            return found.start()
    return max(len(data) - 3, position)


def _note(frame_head: bytes, frame_count: int) -> bytes:
    """A silent frame, like those of the file, that holds the count."""
    head = bytearray(frame_head)
    head[1] |= 1  # without checksum
    head[2] = head[2] & 0x0D | 0x90  # a bit rate with room enough, without padding
    mono, newest = head[3] >> 6 == 3, head[1] >> 3 & 3 == 3
    side_bytes = (17 if mono else 32) if newest else (9 if mono else 17)
    note = bytes(head) + bytes(side_bytes) + b"Xing" + (1).to_bytes(4, "big") + frame_count.to_bytes(4, "big")
    return note.ljust(_frame_length(bytes(head)), b"\0")
