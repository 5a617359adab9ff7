"""The data of a training: scenes from sounds and rooms, or clips on disk, with held-out clips."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import WhenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.corpora import Clip, SoundEntry, Sounds
    from whence.labels import ClassList
    from whence.scenes import SceneSettings
    from whence.scenes.rooms import RoomBank
    from whence.training import DevTestClips, Recipe, TrainingData, ValidationClips

_HELD_OUT = 0.15
# Procedural sounds of each class, for training and for validation.
_PROCEDURAL = (24, 6)
# Added to the seed, so that no validation scene is a training scene even if both use the same rooms.
_VALIDATION_SEED = 1_000_003


def add_data(parser: argparse.ArgumentParser) -> None:
    """Declare `--data`, or `--scenes` with `--rooms` and `--where`."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="clips in the layout of the DCASE 2025 stereo set")
    parser.add_argument(
        "--scenes",
        metavar="SOUNDS",
        help="mix scenes on the fly from a folder or CSV list of sounds, or the word procedural",
    )
    parser.add_argument("--rooms", type=Path, nargs="+", metavar="BANK", help="room banks for the scenes")
    parser.add_argument(
        "--where",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="only sounds of the CSV list with this value",
    )


def gather_training_data(
    args: argparse.Namespace, recipe: Recipe, classes: ClassList
) -> tuple[TrainingData, ValidationClips]:
    """Return training batches and held-out clips.

    Raises:
        WhenceError: neither or both kinds of data were named, or one cannot be used.
    """
    from whence.cli.scenes import fitted_to
    from whence.corpora import AudioFrameDataset
    from whence.scenes import SceneStream
    from whence.training import ClipData, SceneData

    _check_flags(args)
    if args.data is not None:
        clips, held_out = _split_clips(args.data, recipe.seed)
        data = ClipData(AudioFrameDataset(clips, classes), recipe.seed)
        return data, _clips_in_memory(held_out, recipe.validation_clips, classes)
    (sounds, other_sounds), (rooms, other_rooms) = _split_banks(args, recipe.seed, classes)
    stream = SceneStream(recipe.seed, fitted_to(sounds, recipe.scenes), sounds, rooms, 1, 1)
    return SceneData(stream), _held_out_scenes(
        recipe.seed, recipe.scenes, recipe.validation_clips, other_sounds, other_rooms, classes
    )


def gather_test_clips(args: argparse.Namespace, recipe: Recipe, classes: ClassList) -> DevTestClips | None:
    """Return the test clips that `protocol: paper` also chooses on; None for other recipes, which never see them.

    Raises:
        WhenceError: the recipe asks for them and there are none.
    """
    if recipe.protocol == "honest":
        return None
    from whence.corpora import AudioFrameDataset, list_clips
    from whence.training import DevTestClips

    if args.data is None:
        raise WhenceError("protocol paper chooses on the clips of dev-test too: give a set that has them with --data")
    return DevTestClips(AudioFrameDataset(list_clips(args.data, "dev-test"), classes), classes)


def gather_held_out(
    args: argparse.Namespace, seed: int, scenes: SceneSettings, count: int, classes: ClassList
) -> ValidationClips:
    """Return the clips that a training with the same seed and flags holds out.

    Raises:
        WhenceError: as `gather_training_data`.
    """
    _check_flags(args)
    if args.data is not None:
        return _clips_in_memory(_split_clips(args.data, seed)[1], count, classes)
    (_, sounds), (_, rooms) = _split_banks(args, seed, classes)
    return _held_out_scenes(seed, scenes, count, sounds, rooms, classes)


def _check_flags(args: argparse.Namespace) -> None:
    """Refuse none or both kinds of data, and flags of the other kind."""
    if (args.data is None) == (args.scenes is None):
        raise WhenceError("name the training data: --data CLIPS for clips on disk, or --scenes SOUNDS to mix scenes")
    if args.data is not None and (args.rooms or args.where):
        raise WhenceError("--rooms and --where belong to --scenes; clips on disk have their rooms in them")


def _split_clips(folder: Path, seed: int) -> tuple[list[Clip], list[Clip]]:
    """Return clips for training and held-out clips: the validation part of the set, else whole recordings."""
    from whence.corpora import list_clips, split_by_recording

    if any(folder.glob("stereo_dev/dev-val-*")):
        return list_clips(folder), list_clips(folder, "dev-val")
    return split_by_recording(list_clips(folder), _HELD_OUT, seed)


def _clips_in_memory(clips: Sequence[Clip], count: int, classes: ClassList) -> ValidationClips:
    """Read `count` clips, spread over all recordings."""
    import numpy as np
    import torch

    from whence.corpora import AudioFrameDataset
    from whence.training import ValidationClips

    step = max(len(clips) // count, 1)
    chosen = AudioFrameDataset(clips[::step][:count], classes)
    signals, tables = zip(*chosen, strict=True)
    return ValidationClips(torch.from_numpy(np.stack(signals)), tables, [clip.name for clip in chosen.clips], classes)


def _split_banks(
    args: argparse.Namespace, seed: int, classes: ClassList
) -> tuple[tuple[Sounds, Sounds], tuple[RoomBank, RoomBank]]:
    """Return sounds for training and held-out sounds; rooms likewise."""
    from whence.cli.scenes import PROCEDURAL, gather_rooms, sound_entries
    from whence.corpora import open_sounds
    from whence.files import cache_dir

    rooms = _split_rooms(gather_rooms(args.rooms, seed), seed)
    if args.scenes == PROCEDURAL:
        from whence.synth import procedural_sounds

        train, held_out = _PROCEDURAL
        return (procedural_sounds(seed, train), procedural_sounds(seed + _VALIDATION_SEED, held_out)), rooms
    entries, others = _split_sounds(sound_entries(args.scenes, classes, args.where), seed)
    folder = cache_dir() / "sounds"
    sounds = open_sounds(entries, classes, folder), open_sounds(others, classes, folder)
    return sounds, rooms


def _held_out_scenes(
    seed: int, scenes: SceneSettings, count: int, sounds: Sounds, rooms: RoomBank, classes: ClassList
) -> ValidationClips:
    """Render scenes of held-out sounds and rooms."""
    import torch

    from whence.cli.scenes import fitted_to
    from whence.scenes import SceneStream
    from whence.training import ValidationClips

    stream = SceneStream(seed + _VALIDATION_SEED, fitted_to(sounds, scenes), sounds, rooms, 1, count)
    clips = [stream[number] for number in range(count)]
    names = [f"validation{number:04d}" for number in range(count)]
    return ValidationClips(
        torch.cat([clip.audio for clip in clips]), [clip.events[0] for clip in clips], names, classes
    )


def _split_sounds(entries: list[SoundEntry], seed: int) -> tuple[list[SoundEntry], list[SoundEntry]]:
    """Use the corpus's train and val where it has them, else hold out whole recordings."""
    from whence.corpora import split_sounds

    named = {split: [entry for entry in entries if entry.split == split] for split in ("train", "val")}
    train, held_out = (named["train"], named["val"]) if all(named.values()) else split_sounds(entries, _HELD_OUT, seed)
    if not any(entry.class_index >= 0 for entry in held_out):
        raise WhenceError("no class has two recordings, so none can be held out to validate with; add sounds")
    return train, held_out


def _split_rooms(rooms: RoomBank, seed: int) -> tuple[RoomBank, RoomBank]:
    """Hold out whole rooms; a bank of one room is used for both."""
    import numpy as np

    from whence.scenes.rooms import select_rooms

    count = len(rooms.room_name)
    if count == 1:
        return rooms, rooms
    order = np.random.default_rng([seed, 1]).permutation(count)
    held_out = max(round(_HELD_OUT * count), 1)
    return select_rooms(rooms, np.sort(order[held_out:])), select_rooms(rooms, np.sort(order[:held_out]))
