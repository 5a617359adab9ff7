"""What the headers of WAV and MP3 files promise, what the files hold, and the same sound behind a correct header.

libsndfile reads most files well. This module is for those that it would read wrongly: WAV files with chunks in an
unusual order or with lengths that were never filled in, and MP3 files, which have no header at all.
"""

import itertools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from whence.audio.lengths import sound_follows
from whence.audio.sources import OpenFile
from whence.audio.splicing import Splice
from whence.errors import AudioError

# Programs that write into a pipe cannot know the length and promise nearly all that 31 or 32 bits can hold.
_UNKNOWN = (range(0x7FFF0000, 0x80000000), range(0xFFFF0000, 0x100000000))
_MOST_CHUNKS = 10_000
_CHUNK_NAMES = (b"fmt ", b"data", b"fact", b"LIST", b"JUNK", b"bext", b"PEAK", b"cue ", b"smpl", b"id3 ")


@dataclass(frozen=True)
class WavHeader:
    """Where a WAV file keeps its format and its sound.

    Args:
        format_chunk: the content of the `fmt ` chunk.
        data_start: the first byte of sound.
        promised: bytes of sound by the header.
        held: bytes of sound that are in the file.
        plain: whether libsndfile finds the sound by itself.
        stale: bytes of sound by the header, where the file goes on beyond them and `promised` is what it holds; None
            for a header that is right, or promises more.
    """

    format_chunk: bytes
    data_start: int
    promised: int
    held: int
    plain: bool
    stale: int | None = None

    @property
    def bytes_per_s(self) -> float:
        """Bytes of sound in a second, roughly."""
        rate_hz, stated = struct.unpack_from("<II", self.format_chunk, 4)
        # Only in codings that have blocks of many samples are these different.
        return float(stated or rate_hz * self.block_bytes)

    @property
    def block_bytes(self) -> int:
        """Bytes of one sample of all channels, or of one block in codings that have blocks."""
        return max(int.from_bytes(self.format_chunk[12:14], "little"), 1)

    @property
    def channel_mask(self) -> int:
        """Which loudspeakers the channels are for, a bit each; 0 where the file does not tell."""
        extensible = self.format_chunk[:2] == b"\xfe\xff" and len(self.format_chunk) >= 24
        return int.from_bytes(self.format_chunk[20:24], "little") if extensible else 0

    @property
    def length_unknown(self) -> bool:
        """Whether the promise is only the placeholder of a program that wrote into a pipe."""
        return any(self.promised in placeholder for placeholder in _UNKNOWN)


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    start: int
    size: int
    misplaced: bool  # the one before lacks its padding byte


def read_wav_header(source: OpenFile) -> WavHeader | None:
    """Read the chunks of a RIFF, RF64 or BW64 file up to its sound and format.

    Args:
        source: a file whose container is "wav"; its position is moved.

    Returns:
        the header; None where format or sound are missing, and for W64, which are left to libsndfile.

    Raises:
        AudioError: the format is impossible: no channels or more than 1024, or sample rate 0.
    """
    source.file.seek(0)
    head = source.file.read(12)
    if head.startswith(b"riff"):
        return None
    chunks: dict[bytes, _Chunk] = {}
    repeated = False
    for chunk in _chunks(source.file, source.size):
        repeated |= chunk.name == b"fmt " and chunk.name in chunks
        chunks.setdefault(chunk.name, chunk)
        if b"fmt " in chunks and b"data" in chunks:
            break
    if b"fmt " not in chunks or b"data" not in chunks:
        return None
    data = chunks[b"data"]
    source.file.seek(chunks[b"fmt "].start)
    format_chunk = source.file.read(min(chunks[b"fmt "].size, 4096))
    _refuse_impossible(format_chunk, source.name)
    after, promised = max(source.size - data.start, 0), data.size
    riff_end = 8 + int.from_bytes(head[4:8], "little")
    misled = repeated or head.startswith(b"BW64") or any(chunk.misplaced for chunk in chunks.values())
    plain = chunks[b"fmt "].start < data.start and not misled
    header = WavHeader(format_chunk, data.start, promised, min(promised, after), plain)
    if header.length_unknown:  # a pipe may have carried more than 32 bits can say
        return replace(header, promised=max(promised, after), held=after, plain=plain and promised >= after)
    # A recorder that was stopped before it filled in the lengths, or updated them.
    unfinished = head.startswith(b"RIFF") and promised == 0 < after and riff_end <= data.start
    if unfinished or sound_follows(source.file, source.size, data.start + promised, header.bytes_per_s):
        return replace(header, promised=after, held=after, plain=False, stale=promised)
    return header


def corrected_wav(source: OpenFile, header: WavHeader) -> Splice:
    """Return the same sound behind a canonical header, for files whose chunks libsndfile would misread."""
    size, riff = header.held, b"RIFF"
    form = b"fmt " + struct.pack("<I", len(header.format_chunk)) + header.format_chunk
    form += bytes(len(header.format_chunk) % 2)
    riff_size = 4 + len(form) + 8 + size
    if riff_size > 0xFFFFFFFF:
        riff, riff_size, samples = b"RF64", riff_size + 36, size // header.block_bytes
        form = b"ds64" + struct.pack("<IQQQI", 28, riff_size, size, samples, 0) + form
    front = riff + struct.pack("<I", min(riff_size, 0xFFFFFFFF)) + b"WAVE" + form
    front += b"data" + struct.pack("<I", min(size, 0xFFFFFFFF))
    return Splice(front, source.file, header.data_start, header.data_start + header.held)


def _refuse_impossible(format_chunk: bytes, name: str) -> None:
    if len(format_chunk) < 16:
        raise AudioError(f"impossible header (format of {len(format_chunk)} bytes)", where=name)
    _, channel_count, sample_rate_hz = struct.unpack_from("<HHI", format_chunk)
    if not 1 <= channel_count <= 1024:
        raise AudioError(f"impossible header ({channel_count} channels)", where=name)
    if sample_rate_hz == 0:
        raise AudioError("impossible header (rate 0)", where=name)


def _chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    """Yield the chunks of a RIFF, RF64 or BW64 file in order."""
    position, long_data, misplaced = 12, None, False
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            long_data = int.from_bytes(file.read(16)[8:], "little")
        if name == b"data" and length == 0xFFFFFFFF and long_data is not None:
            length = long_data
        yield _Chunk(name, position + 8, length, misplaced)
        position += 8 + length
        misplaced = length % 2 == 1 and not _chunk_at(file, position + 1, size) and _chunk_at(file, position, size)
        position += length % 2 if not misplaced else 0


def _chunk_at(file: BinaryIO, position: int, size: int) -> bool:
    """Whether a known chunk name is at a position."""
    if position + 8 > size:
        return False
    file.seek(position)
    return file.read(4) in _CHUNK_NAMES


# kbit/s by bit rate index, MPEG-1 and MPEG-2/2.5, layer 3.
_KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES_HZ = (44_100, 48_000, 32_000)
_READ_BYTES = 1 << 18
# The first two bytes of a layer 3 frame.
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
# Limits for files made to be searched for ever.
_MOST_GAPS = 100
_MOST_CANDIDATES = 1000
# A note that is off by this many frames, a tenth of a second, does no harm.
_TOLERATED_FRAMES = 4


@dataclass(frozen=True)
class Mp3Damage:
    """Bytes between frames that are neither a frame nor a tag; a decoder gives up at more than a thousand of them.

    Args:
        start: the first byte.
        end: one past the last.
        frames_before: frames up to here, lost ones included.
        lost_count: frames that seem to have been here.
    """

    start: int
    end: int
    frames_before: int
    lost_count: int


@dataclass(frozen=True)
class Mp3Header:
    """Where the frames of an MP3 file are and how many.

    A decoder trusts the first frame's note ("Xing") about the length. Without a note it guesses from the first bit rate
    and stops there: of a file with a varying bit rate, or of two files joined end to end, it may decode a quarter.

    Args:
        start: the first byte of the first frame of sound.
        frame_head: the four bytes that frame starts with.
        frame_count: frames of sound in the file, counted.
        noted_count: the count by the note; None where there is no note.
        damages: where bytes are no frames.
    """

    start: int
    frame_head: bytes
    frame_count: int
    noted_count: int | None
    damages: tuple[Mp3Damage, ...] = ()

    @property
    def samples_a_frame(self) -> int:
        """Samples of each channel in a frame."""
        return 1152 if self.frame_head[1] >> 3 & 3 == 3 else 576

    @property
    def plain(self) -> bool:
        """Whether a decoder that trusts the note reaches the end, and knows when everything is."""
        return (
            not self.damages
            and self.noted_count is not None
            and self.frame_count <= self.noted_count + _TOLERATED_FRAMES
        )


def read_mp3_header(source: OpenFile) -> Mp3Header | None:
    """Count the frames of an MP3 file.

    Args:
        source: a file whose container is "mp3"; its position is moved.

    Returns:
        the count; None if this is not layer 3 or no frame is where the first should be.
    """
    file, start = source.file, 0
    file.seek(0)
    head = file.read(10)
    if head.startswith(b"ID3") and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(start)
    first = file.read(2048)
    length = _frame_length(first)
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
    count, gaps = _count_frames(file, start)
    return Mp3Header(start, first[:4], count, noted, _damages(source, start, count, noted, gaps))


def _damages(
    source: OpenFile, start: int, count: int, noted: int | None, gaps: list[tuple[int, int, int]]
) -> tuple[Mp3Damage, ...]:
    """The gaps in which frames were lost; how many, the note tells, or else the space that they took."""
    found = []
    for begin, end, before in gaps:
        source.file.seek(begin)
        if end < source.size - 4 and not source.file.read(8).startswith((b"ID3", b"TAG", b"APETAGEX", b"LYRICS")):
            found.append((begin, end, before))
    length = sum(end - begin for begin, end, _ in found)
    sound_bytes = source.size - start - sum(end - begin for begin, end, _ in gaps)
    by_space = length * count / max(sound_bytes, 1)
    # A note that is far off belongs to the first of several files.
    told = noted is not None and 0 <= noted - count <= 2 * by_space + 2 * _TOLERATED_FRAMES
    lost = noted - count if told and noted is not None else by_space
    damages, added = [], 0
    for begin, end, before in found:
        frames = round(lost * (end - begin) / length)
        damages.append(Mp3Damage(begin, end, before + added, frames))
        added += frames
    return tuple(damages)


def corrected_mp3(source: OpenFile, header: Mp3Header) -> Splice:
    """Return the same sound behind a note with the true count: a silent frame like those of the file."""
    head = bytearray(header.frame_head)
    head[1] |= 1  # without checksum
    head[2] = head[2] & 0x0D | 0x90  # a bit rate with room enough, without padding
    mono, newest = head[3] >> 6 == 3, head[1] >> 3 & 3 == 3
    side_bytes = (17 if mono else 32) if newest else (9 if mono else 17)
    silent = bytes(head) + bytes(side_bytes)
    silent_bytes = _frame_length(silent[:4])
    count = header.frame_count + sum(damage.lost_count for damage in header.damages)
    note = (silent + b"Xing" + struct.pack(">II", 1, count)).ljust(silent_bytes, b"\0")
    silent = silent.ljust(silent_bytes, b"\0")
    inserts = [(damage.start, silent * damage.lost_count, damage.end) for damage in header.damages]
    return Splice(note, source.file, header.start, source.size, inserts)


def _frame_length(head: bytes) -> int:
    """Bytes in the layer 3 frame that starts with these four, or 0 if none does."""
    bits = int.from_bytes(head[:4], "big") if len(head) >= 4 else 0
    version, layer = bits >> 19 & 3, bits >> 17 & 3
    kbits, rate, padding = bits >> 12 & 15, bits >> 10 & 3, bits >> 9 & 1
    if bits >> 21 != 0x7FF or version == 1 or layer != 1 or rate == 3 or kbits in (0, 15):
        return 0
    newest = version == 3
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if newest else 72) * 1000 * _KBITS[0 if newest else 1][kbits] // rate_hz + padding


def _count_frames(file: BinaryIO, start: int) -> tuple[int, list[tuple[int, int, int]]]:
    """Count the frames from `start` to the end of the file, stepping over what is between.

    Returns:
        the count, and (first byte, one past the last, frames before it) of each gap.
    """
    count, tries, position, base, data = 0, 0, start, start, b""
    gaps: list[tuple[int, int, int]] = []
    while True:
        at = position - base
        if at + 4 > len(data):
            file.seek(position)
            base, data, at = position, file.read(_READ_BYTES), 0
            if len(data) < 4:
                # The last bytes are too few for a frame, so a gap that comes near them goes on to the end.
                return count, gaps
        length = _frame_length(data[at : at + 4])
        if length:
            count += 1
        elif tries < _MOST_GAPS:
            tries += 1
            length = _gap_length(data, at)
            begin = gaps.pop()[0] if gaps and gaps[-1][1] == position else position
            gaps.append((begin, position + length, count))
        else:
            # More gaps than sound: the decoder gives up sooner, and the sound is reported as cut short.
            return count + len(data) // 24, []
        position += length


def _gap_length(data: bytes, at: int) -> int:
    """Bytes until the next frame that another one follows, or nearly until the end of the data."""
    for found in itertools.islice(_SYNC.finditer(data, at + 1), _MOST_CANDIDATES):
        length = _frame_length(data[found.start() : found.start() + 4])
        if length and _frame_length(data[found.start() + length : found.start() + length + 4]):
            return found.start() - at
    return max(len(data) - 3 - at, 1)
