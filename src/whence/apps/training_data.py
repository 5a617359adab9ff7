"""What a training is fed with: scenes from sounds and rooms, or clips on disk, and held-out clips beside them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whence.apps.scenes import gather_rooms, sound_entries
from whence.errors import WhenceError

if TYPE_CHECKING:
    from whence.corpora.entries import SoundEntry
    from whence.labels import ClassList
    from whence.scenes.rooms import RoomBank
    from whence.training.data import TrainingData
    from whence.training.recipe import Recipe
    from whence.training.validation import ValidationClips

_HELD_OUT = 0.15
# Clips that every epoch is validated on; fewer if there are fewer.
_VALIDATION_CLIPS = 400
# Added to the seed, so that no validation scene is a training scene even if a bank had to serve both.
_VALIDATION_SEED = 1_000_003


def gather_training_data(
    args: argparse.Namespace, recipe: Recipe, classes: ClassList
) -> tuple[TrainingData, ValidationClips]:
    """Training batches and held-out clips, as the flags ask.

    Raises:
        WhenceError: neither or both kinds of data were named, or one cannot be used.
    """
    if (args.data is None) == (args.scenes is None):
        raise WhenceError("say what to train on: --data CLIPS for clips on disk, or --scenes SOUNDS to mix scenes")
    if args.data is not None:
        return _from_clips(args.data, recipe, classes)
    return _from_sounds(args, recipe, classes)


def _from_clips(folder: Path, recipe: Recipe, classes: ClassList) -> tuple[TrainingData, ValidationClips]:
    """Clips in the layout of the stereo set; whole recordings are held out."""
    import numpy as np
    import torch

    from whence.corpora.dcase2025 import AudioFrameDataset, list_clips
    from whence.corpora.splitting import split_by_recording
    from whence.training.data import ClipData
    from whence.training.validation import ValidationClips

    kept, held_out = split_by_recording(list_clips(folder), _HELD_OUT, recipe.seed)
    step = max(len(held_out) // _VALIDATION_CLIPS, 1)
    chosen = AudioFrameDataset(held_out[::step][:_VALIDATION_CLIPS], classes)
    signals, tables = zip(*chosen, strict=True)
    names = [clip.sound.stem for clip in chosen.clips]
    validation = ValidationClips(torch.from_numpy(np.stack(signals)), tables, names, classes)
    return ClipData(AudioFrameDataset(kept, classes), recipe.seed), validation


def _from_sounds(args: argparse.Namespace, recipe: Recipe, classes: ClassList) -> tuple[TrainingData, ValidationClips]:
    """Scenes mixed on the fly; sounds and rooms of the held-out scenes are others."""
    import torch

    from whence.apps.places import cache_dir
    from whence.corpora.cache import open_sounds
    from whence.scenes.stream import SceneStream
    from whence.training.data import SceneData
    from whence.training.validation import ValidationClips

    entries = sound_entries(args.scenes, classes, args.where)
    train_entries, held_out_entries = _split_sounds(entries, recipe.seed)
    folder = cache_dir() / "sounds"
    sounds, other_sounds = (open_sounds(some, classes, folder) for some in (train_entries, held_out_entries))
    rooms, other_rooms = _split_rooms(gather_rooms(args.rooms, recipe.seed), recipe.seed)
    stream = SceneStream(recipe.seed, recipe.scenes, sounds, rooms, 1, 1)
    held_out = SceneStream(
        recipe.seed + _VALIDATION_SEED, recipe.scenes, other_sounds, other_rooms, 1, _VALIDATION_CLIPS
    )
    clips = [held_out[number] for number in range(_VALIDATION_CLIPS)]
    validation = ValidationClips(
        torch.cat([clip.audio for clip in clips]),
        [clip.events[0] for clip in clips],
        [f"validation{number:04d}" for number in range(_VALIDATION_CLIPS)],
        classes,
    )
    return SceneData(stream), validation


def _split_sounds(entries: list[SoundEntry], seed: int) -> tuple[list[SoundEntry], list[SoundEntry]]:
    """The corpus's own train and val where it has them, else whole recordings held out."""
    from whence.corpora.splitting import split_sounds

    named = {split: [entry for entry in entries if entry.split == split] for split in ("train", "val")}
    return (named["train"], named["val"]) if all(named.values()) else split_sounds(entries, _HELD_OUT, seed)


def _split_rooms(rooms: RoomBank, seed: int) -> tuple[RoomBank, RoomBank]:
    """Whole rooms held out; a bank of one room has to serve both."""
    import numpy as np

    from whence.scenes.rooms import select_rooms

    count = len(rooms.room_name)
    if count == 1:
        return rooms, rooms
    order = np.random.default_rng([seed, 1]).permutation(count)
    held_out = max(round(_HELD_OUT * count), 1)
    return select_rooms(rooms, np.sort(order[held_out:])), select_rooms(rooms, np.sort(order[:held_out]))
