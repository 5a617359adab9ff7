"""Find out which corpus a folder holds, and list the sounds of several corpora with their splits and lengths."""

import logging
import math
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from whence.audio import probe
from whence.corpora.cache import LONGEST_S, UNREADABLE_SHARE
from whence.corpora.class_names import ClassMap
from whence.corpora.fma import SIZES, read_fma
from whence.corpora.fsd50k import SUBSETS, read_fsd50k
from whence.corpora.own_sounds import read_manifest, read_sound_folder
from whence.corpora.progress import Progress, silent
from whence.corpora.sounds import SoundEntry
from whence.corpora.splitting import split_sounds
from whence.errors import AudioError, CorpusError
from whence.labels import ClassList
from whence.text import counted, few

_LOG = logging.getLogger("whence.corpora")
# Shares of the sounds of a corpus without splits; the rest is for training.
_VAL_SHARE, _TEST_SHARE = 0.15, 0.15


@dataclass(frozen=True)
class ListedSound:
    """A sound of one of several corpora.

    Args:
        entry: its file, class, recording, split and licence.
        corpus: `FSD50K`, `FMA`, or the name of a folder or table.
        duration_s: by the file's header, at most the 30 s that scenes use of a sound; 0 where the header does not say.
    """

    entry: SoundEntry
    corpus: str
    duration_s: float


def gather_sounds(
    paths: Sequence[Path], classes: ClassList, class_map: ClassMap | None = None, *, progress: Progress = silent
) -> list[ListedSound]:
    """List the sounds of corpora, each of a kind that its files tell.

    FSD50K has `FSD50K.*` folders, FMA `fma_*` folders; any other folder has a folder for each class, and a file is a
    table of sounds. The corpora's own splits are kept. Sounds without one get one, whole recordings together: 70 % of
    each class `train`, 15 % `val` and 15 % `test`, always the same. Files that cannot be read are left out and logged.

    Args:
        paths: folders and CSV tables.
        classes: the class list.
        class_map: which label of FSD50K means what; the packaged one when None.
        progress: called with the number of files whose headers have been read.

    Raises:
        CorpusError: a corpus is incomplete, a file is listed twice, or too many cannot be read.
    """
    listed: list[tuple[str, SoundEntry]] = []
    for path in paths:
        corpus, entries = _list_corpus(path, classes, class_map)
        if not entries:
            raise CorpusError("holds no sound of these classes", where=path, remedy="give a class map of your own")
        listed += [(corpus, entry) for entry in _with_splits(entries, path)]
    seen: set[str] = set()
    for _, entry in listed:
        # Path.resolve would ask the disk about every folder on the way, for every sound.
        absolute = os.path.abspath(entry.path)  # noqa: PTH100
        if absolute in seen:
            raise CorpusError("is in two of the corpora; name each only once", where=entry.path)
        seen.add(absolute)
    return _with_lengths(listed, progress)


def every_nth(sounds: Sequence[ListedSound], share: float) -> list[ListedSound]:
    """Return a share of the sounds of each class and split, at least two of each, evenly spread and always the same.

    Args:
        sounds: all of them.
        share: above 0, at most 1.
    """
    groups: dict[tuple[int, str], list[int]] = {}
    for position, sound in enumerate(sounds):
        groups.setdefault((sound.entry.class_index, sound.entry.split), []).append(position)
    kept = set()
    for positions in groups.values():
        count = min(max(round(share * len(positions)), 2), len(positions))
        kept |= {positions[number * len(positions) // count] for number in range(count)}
    return [sound for position, sound in enumerate(sounds) if position in kept]


def licence_family(text: str) -> str:
    """Return the short name of a licence as FSD50K (addresses) and FMA (titles) state them.

    >>> [licence_family(text) for text in ("http://creativecommons.org/licenses/by-nc/3.0/", "CC0", "")]
    ['CC BY-NC', 'CC0', 'not stated']
    >>> licence_family("Attribution-NonCommercial-ShareAlike 3.0 International"), licence_family("FMA-Limited")
    ('CC BY-NC-SA', 'other')
    """
    plain = text.casefold()
    if not plain.strip():
        return "not stated"
    if re.search(r"\bcc0\b|publicdomain/zero", plain):
        return "CC0"
    if re.search(r"public ?domain", plain):
        return "public domain"
    if "sampling" in plain:
        return "CC Sampling+"
    if not re.search(r"\bby\b|attribution", plain):
        return "other"
    parts = (("-NC", r"\bnc\b|non-?commercial"), ("-ND", r"\bnd\b|no[- ]?deriv"), ("-SA", r"\bsa\b|share[- ]?alike"))
    return "CC BY" + "".join(suffix for suffix, pattern in parts if re.search(pattern, plain))


def _list_corpus(path: Path, classes: ClassList, class_map: ClassMap | None) -> tuple[str, list[SoundEntry]]:
    """The name of a corpus and its sounds."""
    if not path.exists():
        raise CorpusError("no such folder or table of sounds", where=path)
    if path.is_file():
        return path.stem, _recordings_apart(path.stem, read_manifest(path, classes))
    if any(path.glob("FSD50K.*")):
        return "FSD50K", _fsd50k(path, classes, class_map)
    root, sizes = _fma_root(path)
    if sizes:
        return "FMA", read_fma(root, classes, size=sizes[-1])
    if (path / "fma_metadata").is_dir():
        raise CorpusError("has fma_metadata but no tracks; unpack fma_small.zip or a larger one here", where=path)
    if inside := [child.name for child in sorted(path.iterdir()) if any(child.glob("FSD50K.*")) or _fma_root(child)[1]]:
        raise CorpusError(f"holds other corpora; name each of them: {', '.join(inside)}", where=path)
    name = path.absolute().name
    return name, _recordings_apart(name, read_sound_folder(path, classes))


def _fsd50k(folder: Path, classes: ClassList, class_map: ClassMap | None) -> list[SoundEntry]:
    """The sounds of the subsets that are unpacked."""
    subsets = [subset for subset in SUBSETS if (folder / f"FSD50K.{subset}_audio").is_dir()]
    missing = [f"FSD50K.{subset}_audio" for subset in SUBSETS if subset not in subsets]
    if subsets and missing:
        _LOG.info("%s: no folder %s; its sounds are not listed", folder, missing[0])
    return read_fsd50k(folder, classes, subsets=subsets or SUBSETS, class_map=class_map)


def _fma_root(path: Path) -> tuple[Path, list[str]]:
    """The folder that holds FMA, and the sizes in it, each of which contains the ones before; none if it is not FMA."""
    if (size := path.absolute().name.removeprefix("fma_")) in SIZES and (path / ".." / "fma_metadata").is_dir():
        return path.absolute().parent, [size]
    return path, [size for size in SIZES if (path / f"fma_{size}").is_dir()]


def _recordings_apart(corpus: str, entries: list[SoundEntry]) -> list[SoundEntry]:
    """Recordings of two folders may have the same name."""
    return [replace(entry, recording=f"{corpus}/{entry.recording}") for entry in entries]


def _with_splits(entries: list[SoundEntry], path: Path) -> list[SoundEntry]:
    """The sounds, each with a split."""
    without = [entry for entry in entries if not entry.split]
    if not without:
        return entries
    rest, val = split_sounds(without, _VAL_SHARE, seed=0)
    _, test = split_sounds(rest, _TEST_SHARE / (1 - _VAL_SHARE), seed=1)
    drawn = {entry.name: "val" for entry in val} | {entry.name: "test" for entry in test}
    _LOG.info("%s: %s without a split; whole recordings drawn for val and test", path, counted(len(without), "sound"))
    return [entry if entry.split else replace(entry, split=drawn.get(entry.name, "train")) for entry in entries]


def _with_lengths(listed: list[tuple[str, SoundEntry]], progress: Progress) -> list[ListedSound]:
    """The sounds whose headers can be read, with the lengths that these state."""

    def duration(sound: tuple[str, SoundEntry]) -> float | str:
        try:
            stated_s = probe(sound[1].path).duration_s
        except AudioError as error:
            return str(error)
        return 0.0 if math.isnan(stated_s) else min(stated_s, LONGEST_S)

    found: list[ListedSound] = []
    reasons: dict[str, str] = {}
    with ThreadPoolExecutor() as pool:
        for position, ((corpus, entry), length) in enumerate(zip(listed, pool.map(duration, listed), strict=True)):
            if isinstance(length, str):
                reasons[entry.name] = length
            else:
                found.append(ListedSound(entry, corpus, length))
            progress("reading headers", position + 1, len(listed))
    if reasons:
        sentence = f"{len(reasons)} of {counted(len(listed), 'sound')} cannot be read"
        first = next(iter(reasons.values()))
        if len(reasons) > UNREADABLE_SHARE * len(listed):
            raise CorpusError(f"{sentence}, more than {UNREADABLE_SHARE:.0%}; the first: {first}")
        _LOG.warning("%s, left out: %s (the first: %s)", sentence, few(list(reasons)), first)
    return found
