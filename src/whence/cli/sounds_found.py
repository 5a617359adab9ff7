"""The sounds that files, folders and `-` name, each with its place below the folder of results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from whence.errors import WhenceError
from whence.inference import STDIN


def find_sounds(places: Sequence[Path]) -> list[tuple[Path, Path]]:
    """List sounds with the path of their results, without ending, below the folder of results.

    A folder's tree is kept. Files named one by one are taken whatever their ending; of folders, what ends like a sound.
    Each real file stands once, however many links or names lead to it, and hidden files are passed over.

    Args:
        places: files, folders, or `-` for standard input.

    Returns:
        pairs in the order named; within a folder by path.

    Raises:
        WhenceError: nothing is there, a folder holds no sounds, or two sounds would have one result.
    """
    pairs: list[tuple[Path, Path]] = []
    seen: set[tuple[int, int]] = set()
    for place in places:
        found = (
            list(_in_folder(place)) if place.is_dir() else [(place, Path("stdin" if place == STDIN else place.stem))]
        )
        for sound, target in found:
            identity = _identity(sound)
            if identity is None or identity not in seen:
                pairs.append((sound, target))
                if identity is not None:
                    seen.add(identity)
    twins: dict[Path, Path] = {}
    for sound, target in pairs:
        if target in twins:
            raise WhenceError(f"{sound} and {twins[target]} would both become {target}.csv; name them apart")
        twins[target] = sound
    return pairs


def _in_folder(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The sounds below a folder; links to folders are followed, each real folder once."""
    from whence.audio import SOUND_ENDINGS

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
            if sound.suffix.lower() in SOUND_ENDINGS and not name.startswith("."):
                count += 1
                yield sound, sound.relative_to(folder).with_suffix("")
    if not count:
        raise WhenceError(f"{folder}: no sounds in here; endings read: {', '.join(sorted(SOUND_ENDINGS))}")


def _identity(path: Path) -> tuple[int, int] | None:
    """What the file system calls it, if it is there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
