"""The sounds that files, folders, patterns, lists, URLs and `-` name, each with the path of its results."""

from __future__ import annotations

import csv
import glob
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from whence import audio, scale
from whence.errors import WhenceError
from whence.inference import STDIN
from whence.text import counted, few, shown

_log = logging.getLogger("whence.cli")

Sound = Path | str
"""A path, or a URL as text."""


def sound_word(word: str) -> Sound:
    """Read a word of the command line: URLs, lists and patterns stay text, all else is a path."""
    return word if audio.is_url(word) or _is_list(word) or _is_pattern(word) else Path(word)


def find_sounds(words: Sequence[Sound], *, apart: bool = True, each_name: bool = False) -> list[tuple[Sound, Path]]:
    """List sounds with the path of their results, without ending, below the folder of results.

    Results have the tree of a folder; those of a list or a pattern have the tree below the folder that all of its
    sounds share. Files named one by one are taken whatever their ending; in folders, files that end like a sound. Each
    real file comes once, however many links lead to it, unless every name is asked for. Hidden files are skipped.

    Args:
        words: files, folders, URLs of files, patterns (`recordings/**/*.wav`), `@` before the name of a list, or `-`
            for standard input. A list is text with a path or URL in each line, or a CSV or Parquet file with a column
            `path`; its paths are relative to it.
        apart: whether each needs results of its own.
        each_name: whether a file with two names, by a link, comes under both.

    Returns:
        pairs in the order named; within a folder or a pattern by path.

    Raises:
        WhenceError: nothing is there, a folder or list holds no sounds, or two sounds would have one result.
        MissingExtraError: a list in Parquet without pyarrow.
    """
    pairs: list[tuple[Sound, Path]] = []
    seen: dict[object, Sound] = {}
    links: list[str] = []
    for word in words:
        for sound, target in _found(word):
            identity = _absolute(sound) if each_name else _identity(sound)
            if identity not in seen:
                seen[identity] = sound
                pairs.append((sound, target))
            elif _absolute(sound) != _absolute(seen[identity]):
                links.append(f"{shown(sound)} is {shown(seen[identity])}")
    if links:
        _log.info("%s of one file: %s", counted(len(links), "further name"), few(links))
    twins: dict[Path, Sound] = {}
    for sound, target in pairs if apart else ():
        if target in twins:
            raise WhenceError(
                f"{shown(sound)} and {shown(twins[target])} would both become {target}.csv; name them apart"
            )
        twins[target] = sound
    return pairs


def _found(word: Sound) -> Iterator[tuple[Sound, Path]]:
    """Yield the sounds of one word."""
    if isinstance(word, Path):
        if word.is_dir():
            yield from _in_folder(word)
        else:
            yield word, Path("stdin" if word == STDIN else word.stem)
    elif _is_list(word):
        yield from _with_targets(_in_list(Path(word[1:])))
    elif audio.is_url(word):
        yield from _with_targets(audio.find_urls(word))
    else:
        found = sorted(path for path in map(Path, glob.iglob(word, recursive=True)) if path.is_file())  # noqa: PTH207
        if not found:
            raise WhenceError(f"{word}: no files fit this pattern")
        yield from _with_targets(found)


def _is_list(word: str) -> bool:
    """Whether a word names a list; a file may begin with the sign, too."""
    return word.startswith("@") and not os.path.lexists(word)


def _is_pattern(word: str) -> bool:
    """Whether a word is a pattern; a file may have such signs in its name, too."""
    return glob.has_magic(word) and not os.path.lexists(word)


def _in_list(path: Path) -> list[Sound]:
    """Read the sounds of a list."""
    if not path.is_file():
        raise WhenceError("no such list of sounds", where=path)
    try:
        if path.suffix == ".parquet":
            names = scale.read_column(path, "path")
        else:
            text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
            names = _csv_column(text, path) if path.suffix == ".csv" else text.splitlines()
    except OSError as error:
        raise WhenceError(f"cannot be read ({error.strerror})", where=path) from None
    names = list(dict.fromkeys(name for name in names if name.strip()))
    if not names:
        raise WhenceError("no sounds in this list", where=path)
    return [name if audio.is_url(name) else path.parent / name for name in names]


def _csv_column(text: str, path: Path) -> list[str]:
    """Return the column of paths of a CSV file."""
    try:
        reader = csv.DictReader(text.splitlines(), strict=True)
        if "path" not in (reader.fieldnames or ()):
            raise WhenceError("a list of sounds needs a column named path", where=path)
        return [line["path"] or "" for line in reader]
    except csv.Error as error:
        raise WhenceError(f"not a CSV file ({error})", where=path) from None


def _with_targets(sounds: Sequence[Sound]) -> Iterator[tuple[Sound, Path]]:
    """Yield sounds with the paths below the folder that all of them share."""
    folders = [os.path.dirname(os.path.normpath(str(sound))) for sound in sounds]  # noqa: PTH120
    try:
        shared = os.path.commonpath(folders)
    except ValueError:  # relative and absolute ones
        shared = ""
    for sound in sounds:
        inside = os.path.relpath(os.path.normpath(str(sound)), shared) if shared else Path(str(sound)).name
        yield sound, Path(inside).with_suffix("")


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


def _absolute(sound: Sound) -> str:
    """Return the whole path of a file by its name, links not followed."""
    return sound if isinstance(sound, str) else os.path.abspath(sound)  # noqa: PTH100  (`..` must go)


def _identity(sound: Sound) -> object:
    """Return what identifies a file in the file system, or its name where there is none."""
    if isinstance(sound, str):
        return sound
    try:
        status = sound.stat()
    except OSError:
        return str(sound)
    return status.st_dev, status.st_ino
