"""Split data in two so that no recording, speaker or artist is on both sides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

from whence.corpora.sounds import SoundEntry
from whence.errors import CorpusError

SPLITS = ("train", "val", "test")
# What corpora call their parts: FMA training and validation, FSD50K eval.
_SPLIT_OF = {"training": "train", "valid": "val", "validation": "val", "eval": "test", "evaluation": "test"}


def split_name(text: str) -> str:
    """Return `train`, `val` or `test` for what a corpus calls it; any other word as it is.

    >>> [split_name(text) for text in ("training", "Validation", "eval", "train", "fold 3", "")]
    ['train', 'val', 'test', 'train', 'fold 3', '']
    """
    plain = text.strip().casefold()
    split = _SPLIT_OF.get(plain, plain)
    return split if split in SPLITS else text


class Recorded(Protocol):
    """Anything that was cut from a recording."""

    @property
    def recording(self) -> str:
        """The recording it was cut from."""


T = TypeVar("T", bound=Recorded)


def split_by_recording(items: Sequence[T], held_out_fraction: float, seed: int) -> tuple[list[T], list[T]]:
    """Hold out whole recordings.

    Clips of one recording share room, people and microphone. With one of them kept and its neighbour held out, the
    held-out score would measure memory.

    Args:
        items: clips or sounds.
        held_out_fraction: of all items, 0 < fraction < 1; met as nearly as the sizes of the recordings allow.
        seed: the same seed holds out the same recordings, in whatever order the items come.

    Returns:
        those kept and those held out, each in the order given; neither is empty.

    Raises:
        CorpusError: the fraction is out of range or there are fewer than two recordings.
    """
    _check_fraction(held_out_fraction)
    sizes = Counter(item.recording for item in items)
    if len(sizes) < 2:
        raise CorpusError(f"{len(sizes)} recording(s) cannot be split into two sides; add recordings")
    held_out = _choose(sizes, held_out_fraction, np.random.default_rng([seed, 0]), {})
    return _sides(items, held_out)


def split_sounds(
    entries: Sequence[SoundEntry], held_out_fraction: float, seed: int
) -> tuple[list[SoundEntry], list[SoundEntry]]:
    """Hold out whole recordings of sounds, about the same share of every class.

    A class with few recordings is decided first, so that the draw for large classes does not decide it. A class
    with a single recording stays on the kept side.

    Args:
        entries: sounds of any classes.
        held_out_fraction: of each class, 0 < fraction < 1.
        seed: the same seed holds out the same recordings, in whatever order the entries come.

    Returns:
        those kept and those held out, each in the order given.

    Raises:
        CorpusError: the fraction is out of range.
    """
    _check_fraction(held_out_fraction)
    sizes: dict[int, Counter[str]] = {}
    for entry in entries:
        sizes.setdefault(entry.class_index, Counter())[entry.recording] += 1
    decided: dict[str, bool] = {}
    for class_index in sorted(sizes, key=lambda index: (len(sizes[index]), index)):
        # Coordinates of the draw: generators take no negative numbers, which background and interference have.
        rng = np.random.default_rng([seed, 1, class_index + 2])
        held_out = _choose(sizes[class_index], held_out_fraction, rng, decided)
        decided |= {recording: recording in held_out for recording in sizes[class_index]}
    return _sides(entries, {recording for recording, held in decided.items() if held})


def train_and_held_out(
    entries: Sequence[SoundEntry], held_out_fraction: float, seed: int
) -> tuple[list[SoundEntry], list[SoundEntry]]:
    """Divide sounds into those to train on and those to validate with, by the splits that they have.

    Sounds of `train` are trained on and those of `val` held out. Of sounds in neither, and of all where either is
    missing, whole recordings are held out. Sounds of `test` are in neither part unless there are no others.

    Args:
        entries: sounds of any classes.
        held_out_fraction: as for `split_sounds`.
        seed: as for `split_sounds`.

    Returns:
        those to train on and those held out.

    Raises:
        CorpusError: the fraction is out of range.
    """
    usable = [entry for entry in entries if entry.split != "test"] or list(entries)
    train = [entry for entry in usable if entry.split == "train"]
    held_out = [entry for entry in usable if entry.split == "val"]
    if not train or not held_out:
        return split_sounds(usable, held_out_fraction, seed)
    others = [entry for entry in usable if entry.split not in SPLITS]
    more, more_held_out = split_sounds(others, held_out_fraction, seed)
    return train + more, held_out + more_held_out


def _choose(
    sizes: Mapping[str, int], fraction: float, rng: np.random.Generator, decided: Mapping[str, bool]
) -> set[str]:
    """Recordings that together come near the fraction; those decided earlier stay on their side."""
    target = fraction * sum(sizes.values())
    held_out = {recording for recording in sizes if decided.get(recording, False)}
    held = sum(sizes[recording] for recording in held_out)
    free = sorted(set(sizes) - set(decided))
    for position in rng.permutation(len(free)):
        if abs(held + sizes[free[position]] - target) < abs(held - target):
            held_out.add(free[position])
            held += sizes[free[position]]
    # Neither side of a class may stay empty where its recordings allow two.
    if not held_out and len(sizes) > 1 and free:
        held_out.add(min(free, key=lambda recording: sizes[recording]))
    elif len(held_out) == len(sizes) and set(free) & held_out:
        held_out.remove(min(set(free) & held_out, key=lambda recording: (sizes[recording], recording)))
    return held_out


def _sides(items: Sequence[T], held_out: set[str]) -> tuple[list[T], list[T]]:
    """The items kept and the items held out."""
    return (
        [item for item in items if item.recording not in held_out],
        [item for item in items if item.recording in held_out],
    )


def _check_fraction(held_out_fraction: float) -> None:
    """Raise for a fraction that leaves a side empty."""
    if not 0 < held_out_fraction < 1:
        raise CorpusError(f"the held-out fraction must be between 0 and 1, not {held_out_fraction}")
