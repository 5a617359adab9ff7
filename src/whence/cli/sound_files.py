"""The sounds that files, folders and `-` name, each with the path of its results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from whence import audio
from whence.errors import WhenceError
from whence.inference import STDIN


def find_sounds(paths: Sequence[Path], *, apart: bool = True) -> list[tuple[Path, Path]]:
    """List sounds with the path of their results, without ending, below the folder of results.

    Results have the tree of a folder. Files named one by one are taken whatever their ending; in folders, files that
    end like a sound. Each real file comes once, however many links lead to it, and hidden files are skipped.

    Args:
        paths: files, folders, or `-` for standard input.
        apart: whether each needs results of its own.

    Returns:
        pairs in the order named; within a folder by path.

    Raises:
        WhenceError: nothing is there, a folder holds no sounds, or two sounds would have one result.
    """
    pairs: list[tuple[Path, Path]] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        found = list(_in_folder(path)) if path.is_dir() else [(path, Path("stdin" if path == STDIN else path.stem))]
        for sound, target in found:
            identity = _identity(sound)
            if identity is None or identity not in seen:
                pairs.append((sound, target))
                if identity is not None:
                    seen.add(identity)
    twins: dict[Path, Path] = {}
    for sound, target in pairs:
        if apart and target in twins:
            raise WhenceError(f"{sound} and {twins[target]} would both become {target}.csv; name them apart")
        twins[target] = sound
    return pairs


def _in_folder(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the sounds below a folder; links to folders are followed, each real folder once."""
    count, visited = 0, set()
    for root, folders, files in os.walk(folder, followlinks=True):
        identity = _identity(Path(root))
        if identity in visited:
            folders.clear()
            continue
        visited.add(identity)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            sound = Path(root) / name
            if sound.suffix.lower() in audio.SOUND_ENDINGS and not name.startswith("."):
                count += 1
                yield sound, sound.relative_to(folder).with_suffix("")
    if not count:
        raise WhenceError(f"{folder}: no sounds in here; endings read: {', '.join(sorted(audio.SOUND_ENDINGS))}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what identifies a file in the file system; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
