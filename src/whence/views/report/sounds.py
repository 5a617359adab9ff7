"""The sound of a clip, made ready for a page: a small file every browser plays, and a picture of both channels."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from whence.errors import WhenceError
from whence.files import written_whole
from whence.text import shown
from whence.units import SAMPLE_RATE_HZ
from whence.views.picture.spectrum import DEPTH_DB, Spectrum
from whence.views.report.png import png

# A recording of a day would make the page unusable; this much is played and drawn.
LONGEST_S = 600.0
# Black, violet, red, orange, pale yellow: brightness climbs evenly, so the picture reads without colour too.
_ANCHORS = ((0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191))


class Heard(NamedTuple):
    """The files made of one clip's sound."""

    duration_s: float
    column_s: float
    """How much time one column of the picture stands for."""
    columns: int
    is_cut: bool
    """Whether the recording goes on after what is played and drawn."""


def find_sounds(folder: Path, names: list[str]) -> dict[str, Path]:
    """Where the sounds of clips lie, by the name of the file without its ending.

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
        raise WhenceError(f"{shown(folder)}: no such folder of sounds")
    wanted = set(names)
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.stem in wanted and path.suffix.lower() in SOUND_ENDINGS and path.is_file():
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden:
                found.setdefault(path.stem, path)
    if names and not found:
        raise WhenceError(
            f"{shown(folder)}: no sound in it is called like one of the clips, for example {shown(names[0])}"
        )
    return found


def make_ready(sound: Path, target: Path) -> Heard:
    """Write `target`.flac and `target`.png.

    Args:
        sound: any sound file of two channels.
        target: path without ending.

    Returns:
        what was written.

    Raises:
        WhenceError: the sound cannot be read; nothing is written then.
        OSError: when the disk refuses.
    """
    from whence.audio import read_blocks, write

    blocks: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    missing = round(LONGEST_S * SAMPLE_RATE_HZ)
    is_cut = False
    for block in read_blocks(sound):
        blocks.append(block[:, :missing])
        missing -= blocks[-1].shape[1]
        is_cut = blocks[-1].shape[1] < block.shape[1]
        if is_cut:
            break
    signal = np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)
    spectrum = Spectrum()
    spectrum.add(signal)
    levels = spectrum.levels_db()
    write(target.with_name(f"{target.name}.flac"), signal)
    # One channel above the other; in a picture the first row is the top, so pitch is turned over.
    steps = np.rint((levels[:, ::-1] / DEPTH_DB + 1) * 255).astype(np.uint8).reshape(-1, levels.shape[2])
    with written_whole(target.with_name(f"{target.name}.png")) as file:
        file.write(png(steps, palette()))
    return Heard(spectrum.duration_s, spectrum.column_s, levels.shape[2], is_cut)


def palette() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(256, 3) colours from silence to loud.

    >>> palette()[[0, 255]].tolist()
    [[0, 0, 4], [252, 253, 191]]
    """
    places = np.linspace(0, 255, len(_ANCHORS))
    columns = [np.interp(np.arange(256), places, channel) for channel in zip(*_ANCHORS, strict=True)]
    return np.rint(np.stack(columns, axis=1)).astype(np.uint8)
