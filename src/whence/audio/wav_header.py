"""What the header of a WAV file (RIFF, RF64 or W64) says, and the same sound behind a header put right."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from whence.audio.sources import OpenFile
from whence.audio.splice import Splice
from whence.errors import AudioError

_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
# Programs that write into a pipe cannot know the length and promise nearly all that 31 or 32 bits can say.
_UNKNOWN = (range(0x7FFF0000, 0x80000000), range(0xFFFF0000, 0x100000000))
_MOST_CHUNKS = 10_000


@dataclass(frozen=True)
class WavHeader:
    """Where a WAV file keeps its format and its sound.

    Args:
        format_chunk: the content of the `fmt ` chunk.
        data_start: the first byte of sound.
        promised: bytes of sound by the header.
        held: bytes of sound that are in the file.
        plain: whether a decoder finds its way without help.
    """

    format_chunk: bytes
    data_start: int
    promised: int
    held: int
    plain: bool

    @property
    def block_bytes(self) -> int:
        """Bytes of one sample of all channels; of one block in the codings that have blocks."""
        return max(int.from_bytes(self.format_chunk[12:14], "little"), 1)

    @property
    def length_unknown(self) -> bool:
        """Whether the promise is only a stand-in, left by a program that wrote into a pipe."""
        return any(self.promised in stand_in for stand_in in _UNKNOWN)


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    start: int
    size: int
    misplaced: bool = False  # the one before lacks its padding byte


def read_wav_header(source: OpenFile) -> WavHeader | None:
    """Walk the chunks of a WAV file as far as its sound and format.

    Args:
        source: a file whose container is "wav"; its position is moved.

    Returns:
        what was found; nothing where format or sound are missing, which the decoder can say better.

    Raises:
        AudioError: if the format cannot be: no channels or more than a decoder can have, or no sample rate.
    """
    file = source.file
    file.seek(0)
    head = file.read(40)
    walk = _w64_chunks(file, source.size) if head.startswith(b"riff") else _riff_chunks(file, source.size)
    chunks: dict[bytes, _Chunk] = {}
    repeated = False
    for chunk in walk:
        repeated |= chunk.name == b"fmt " and chunk.name in chunks
        chunks.setdefault(chunk.name, chunk)
        if b"fmt " in chunks and b"data" in chunks:
            break
    if b"fmt " not in chunks or b"data" not in chunks:
        return None
    file.seek(chunks[b"fmt "].start)
    format_chunk = file.read(min(chunks[b"fmt "].size, 4096))
    _refuse_impossible(format_chunk, source.name)
    misled = repeated or any(chunk.misplaced for chunk in chunks.values())
    return _header(source, head, format_chunk, chunks, misled)


def _header(source: OpenFile, head: bytes, format_chunk: bytes, chunks: dict[bytes, _Chunk], misled: bool) -> WavHeader:
    """Put together what the walk has found."""
    data = chunks[b"data"]
    after = source.size - data.start
    promised = data.size
    riff_end = 8 + int.from_bytes(head[4:8], "little")
    unfinished = head.startswith(b"RIFF") and promised == 0 and after > 0 and riff_end <= data.start
    if unfinished:  # a recorder that was stopped before it filled in the lengths
        promised = after
    plain = chunks[b"fmt "].start < data.start and not unfinished and not misled
    return WavHeader(format_chunk, data.start, promised, max(min(promised, after), 0), plain)


def straightened(source: OpenFile, header: WavHeader) -> BinaryIO:
    """The same sound behind a canonical header, for files whose chunks stand in an order no decoder expects."""
    size = min(header.held, 0xFFFFFFFF)
    chunks = b"fmt " + struct.pack("<I", len(header.format_chunk)) + header.format_chunk
    chunks += bytes(len(header.format_chunk) % 2) + b"data" + struct.pack("<I", size)
    front = b"RIFF" + struct.pack("<I", min(4 + len(chunks) + size, 0xFFFFFFFF)) + b"WAVE" + chunks
    return Splice(front, source.file, header.data_start, header.data_start + header.held)  # type: ignore[return-value]


def _refuse_impossible(format_chunk: bytes, name: str) -> None:
    """Raise AudioError for numbers that no recording has."""
    if len(format_chunk) < 16:
        raise AudioError(f"{name}: impossible header (format of {len(format_chunk)} bytes)")
    _, channel_count, sample_rate_hz = struct.unpack_from("<HHI", format_chunk)
    if not 1 <= channel_count <= 1024:
        raise AudioError(f"{name}: impossible header ({channel_count} channels)")
    if sample_rate_hz == 0:
        raise AudioError(f"{name}: impossible header (rate 0)")


def _riff_chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    """The chunks of a RIFF or RF64 file, in order."""
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
    """Whether something like the name of a chunk stands at a position."""
    if position + 8 > size:
        return False
    file.seek(position)
    return file.read(4) in (b"fmt ", b"data", b"fact", b"LIST", b"JUNK", b"bext", b"PEAK", b"cue ", b"smpl", b"id3 ")


def _w64_chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    """The chunks of a W64 file, in order; lengths there include the 24 bytes of name and length."""
    position = 40
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(24)
        if len(head) < 24:
            return
        length = int.from_bytes(head[16:], "little")
        if head[4:16] == _W64_TAIL:
            yield _Chunk(head[:4], position + 24, max(length - 24, 0))
        position += max(length, 24) + -length % 8
        if position >= size:
            return
