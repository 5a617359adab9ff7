"""The sound of a clip on the page: a small file that every browser plays, and a picture of both channels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.errors import WhenceError
from whence.files import written_whole
from whence.text import shown
from whence.units import SAMPLE_RATE_HZ
from whence.views.spectrogram import DEPTH_DB, SpectrogramImage, level_colours

if TYPE_CHECKING:
    from whence.audio import Channels, Microphones

# A longer recording would make the page slow; the rest of it is neither played nor drawn.
LONGEST_S = 600.0


class ClipSound(NamedTuple):
    """The sound of one clip as the page plays and draws it."""

    duration_s: float
    column_s: float
    """Length of one column of the picture."""
    columns: int
    is_cut: bool
    """Whether the recording goes on after what is played and drawn."""


def find_sounds(folder: Path, names: list[str]) -> dict[str, Path]:
    """Return the sound file of each clip, found by its name without the ending.

    Args:
        folder: searched to any depth, hidden files and folders left out.
        names: of the clips wanted.

    Returns:
        the path of each clip that has a sound; the first by name where several do.

    Raises:
        WhenceError: no such folder, or it has a sound for none of the clips.
    """
    from whence.audio import SOUND_ENDINGS

    if not folder.is_dir():
        raise WhenceError("no such folder of sounds", where=folder)
    wanted = set(names)
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.stem in wanted and path.suffix.lower() in SOUND_ENDINGS and path.is_file():
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden:
                found.setdefault(path.stem, path)
    if names and not found:
        raise WhenceError(f"no sound in it has the name of a clip, for example {shown(names[0])}", where=folder)
    return found


def write_sound(
    sound: Path, target: Path, microphones: Microphones | None = None, channels: Channels | None = None
) -> ClipSound:
    """Write `target`.flac, which every browser plays, and `target`.png, its spectrogram.

    Args:
        sound: any sound file of two channels, or of four Ambisonic ones, of which the pair that looks ahead is written.
        target: path without ending.
        channels: which two of its channels are used, or four; None for those there are.
        microphones: what it was recorded with; None where that is not known.

    Returns:
        what was written.

    Raises:
        WhenceError: the sound cannot be read; nothing is written then.
        OSError: when the disk refuses.
    """
    from whence.audio import front_pair, read_blocks, write

    blocks: list[NDArray[np.float32]] = []
    missing = round(LONGEST_S * SAMPLE_RATE_HZ)
    is_cut = False
    for block in map(front_pair, read_blocks(sound, channels=channels, microphones=microphones)):
        blocks.append(block[:, :missing])
        missing -= blocks[-1].shape[1]
        is_cut = blocks[-1].shape[1] < block.shape[1]
        if is_cut:
            break
    signal = np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)
    spectrogram = SpectrogramImage()
    spectrogram.add(signal)
    levels = spectrogram.levels_db()
    write(target.with_name(f"{target.name}.flac"), signal)
    # One channel above the other; in a picture the first row is the top, so pitch is turned over.
    steps = np.rint((levels[:, ::-1] / DEPTH_DB + 1) * 255).astype(np.uint8).reshape(-1, levels.shape[2])
    with written_whole(target.with_name(f"{target.name}.png")) as file:
        file.write(png(steps, level_colours()))
    return ClipSound(spectrogram.duration_s, spectrogram.column_s, levels.shape[2], is_cut)


def png(image: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    r"""Return an image of indexed colours as the bytes of a PNG file.

    Args:
        image: (row, column) indices of colours, the first row at the top.
        colours: (256, 3) red, green, blue.

    Returns:
        the bytes of the file; the same image gives the same bytes.

    >>> png(np.zeros((1, 1), np.uint8), np.zeros((256, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    rows, columns = image.shape
    # Every row begins with the number of its filter: 0 is none.
    raw = np.concatenate([np.zeros((rows, 1), np.uint8), image], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", colours.tobytes()), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
