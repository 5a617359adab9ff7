"""How many samples the header of an AIFF or AU file promises, which the decoder cuts down to what is there."""

import struct

from whence.audio.sources import OpenFile

# Bytes of one sample by the number an AU file gives its coding.
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_AU_UNKNOWN = 0xFFFFFFFF
_MOST_CHUNKS = 10_000


def promised_samples(source: OpenFile) -> int | None:
    """Samples per channel by the header.

    Args:
        source: a file of any container; its position is moved.

    Returns:
        the promise of an AIFF or AU file; nothing for others, and where the header does not say.
    """
    if source.container == "aiff":
        return _aiff_samples(source)
    return _au_samples(source) if source.container == "au" else None


def _aiff_samples(source: OpenFile) -> int | None:
    """The count in the chunk that describes the sound."""
    position = 12
    for _ in range(_MOST_CHUNKS):
        source.file.seek(position)
        head = source.file.read(14)
        if len(head) < 14:
            return None
        name, size, _, count = struct.unpack(">4sIhI", head)
        if name == b"COMM":
            return int(count)
        position += 8 + size + size % 2
    return None


def _au_samples(source: OpenFile) -> int | None:
    """The bytes promised by what a sample of all channels takes."""
    source.file.seek(0)
    head = source.file.read(24)
    if len(head) < 24:
        return None
    size, coding, _, channel_count = (int(number) for number in struct.unpack(">8x4I", head))
    if size == _AU_UNKNOWN or coding not in _AU_BYTES or not channel_count:
        return None
    return size // (_AU_BYTES[coding] * channel_count)
