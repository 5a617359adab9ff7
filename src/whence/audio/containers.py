"""Which kind of sound a file holds, by its first bytes and never by its name."""

from typing import Literal

from whence.errors import AudioError

Container = Literal["wav", "flac", "ogg", "mp3", "aiff", "au", "caf", "mp4", "matroska"]

# Endings by which sounds are found in folders.
SOUND_ENDINGS = frozenset(
    {".wav", ".w64", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf"}
    | {".mp4", ".m4a", ".mov", ".webm", ".mkv"}
)

# Only these reach a decoder: the fewer parsers read a stranger's bytes, the better.
_STARTS: dict[bytes, Container] = {
    b"RF64": "wav",
    b"BW64": "wav",
    b"riff\x2e\x91\xcf\x11": "wav",  # W64
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"ID3": "mp3",
    b".snd": "au",
    b"caff": "caf",
    b"\x1aE\xdf\xa3": "matroska",
}
# Families of formats, with the name of the member in bytes 8 to 12.
_FAMILIES: dict[tuple[bytes, bytes], Container] = {
    (b"RIFF", b"WAVE"): "wav",
    (b"FORM", b"AIFF"): "aiff",
    (b"FORM", b"AIFC"): "aiff",
}
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")


def recognize(head: bytes, name: str) -> Container:
    """Return the container of a file.

    Args:
        head: the first bytes, a few hundred are plenty.
        name: of the file, for the message.

    Raises:
        AudioError: Whence does not read such files; the message shows how the file starts.

    >>> recognize(b"OggS" + bytes(30), "a.wav")
    'ogg'
    """
    for start, container in _STARTS.items():
        if head.startswith(start):
            return container
    if (head[:4], head[8:12]) in _FAMILIES:
        return _FAMILIES[head[:4], head[8:12]]
    if head[4:8] in _MP4_BOXES:
        return "mp4"
    if _starts_with_mpeg_frame(head):
        return "mp3"
    raise AudioError(f"not a sound file (starts with {_first_word(head)!a})", where=name)


def _starts_with_mpeg_frame(head: bytes) -> bool:
    """Whether the 11 sync bits are followed by a layer, bit rate and sample rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return version != 1 and layer != 0 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def _first_word(head: bytes) -> str:
    """The part of the start that a person may recognize: a word of text, or the first few bytes."""
    if not head[:12].strip():
        return head[:8].decode("latin-1")
    word = head.split(None, 1)[0][:12]
    return word.decode("ascii") if word.isascii() and word.decode("ascii").isprintable() else head[:8].decode("latin-1")
