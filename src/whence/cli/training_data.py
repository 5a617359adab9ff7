"""The data of a training: scenes from sounds and rooms, or clips on disk, with held-out clips."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whence import corpora, labels, scenes, synth, training
from whence.cli.scenes import PROCEDURAL, fitted_to, gather_rooms, sound_entries
from whence.errors import WhenceError
from whence.files import cache_dir
from whence.scenes import rooms

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    args: argparse.Namespace, recipe: training.Recipe, classes: labels.ClassList
) -> tuple[training.TrainingData, training.ValidationClips]:
    """Return training batches and held-out clips.

    Raises:
        WhenceError: neither or both kinds of data were named, or one cannot be used.
    """
    _check_flags(args)
    if args.data is not None:
        clips, held_out = _split_clips(args.data, recipe.seed)
        data = training.ClipData(corpora.AudioFrameDataset(clips, classes), recipe.seed)
        return data, _clips_in_memory(held_out, recipe.validation_clips, classes)
    (sounds, other_sounds), (room_bank, other_rooms) = _split_banks(args, recipe.seed, classes)
    stream = scenes.SceneStream(recipe.seed, fitted_to(sounds, recipe.scenes), sounds, room_bank, 1, 1)
    return training.SceneData(stream), _held_out_scenes(
        recipe.seed, recipe.scenes, recipe.validation_clips, other_sounds, other_rooms, classes
    )


def gather_test_clips(
    args: argparse.Namespace, recipe: training.Recipe, classes: labels.ClassList
) -> training.DevTestClips | None:
    """Return the test clips that `protocol: paper` also chooses on; None for other recipes, which never see them.

    Raises:
        WhenceError: the recipe asks for them and there are none.
    """
    if recipe.protocol == "honest":
        return None
    if args.data is None:
        raise WhenceError("protocol paper chooses on the clips of dev-test too: give a set that has them with --data")
    return training.DevTestClips(corpora.AudioFrameDataset(corpora.list_clips(args.data, "dev-test"), classes), classes)


def gather_held_out(
    args: argparse.Namespace, seed: int, scene_settings: scenes.SceneSettings, count: int, classes: labels.ClassList
) -> training.ValidationClips:
    """Return the clips that a training with the same seed and flags holds out.

    Raises:
        WhenceError: as `gather_training_data`.
    """
    _check_flags(args)
    if args.data is not None:
        return _clips_in_memory(_split_clips(args.data, seed)[1], count, classes)
    (_, sounds), (_, room_bank) = _split_banks(args, seed, classes)
    return _held_out_scenes(seed, scene_settings, count, sounds, room_bank, classes)


def _check_flags(args: argparse.Namespace) -> None:
    """Refuse none or both kinds of data, and flags of the other kind."""
    if (args.data is None) == (args.scenes is None):
        raise WhenceError("name the training data: --data CLIPS for clips on disk, or --scenes SOUNDS to mix scenes")
    if args.data is not None and (args.rooms or args.where):
        raise WhenceError("--rooms and --where belong to --scenes; clips on disk have their rooms in them")


def _split_clips(folder: Path, seed: int) -> tuple[list[corpora.Clip], list[corpora.Clip]]:
    """Return clips for training and held-out clips: the validation part of the set, else whole recordings."""
    if any(folder.glob("stereo_dev/dev-val-*")):
        return corpora.list_clips(folder), corpora.list_clips(folder, "dev-val")
    return corpora.split_by_recording(corpora.list_clips(folder), _HELD_OUT, seed)


def _clips_in_memory(clips: Sequence[corpora.Clip], count: int, classes: labels.ClassList) -> training.ValidationClips:
    """Read `count` clips, spread over all recordings."""
    import numpy as np
    import torch

    step = max(len(clips) // count, 1)
    chosen = corpora.AudioFrameDataset(clips[::step][:count], classes)
    signals, tables = zip(*chosen, strict=True)
    return training.ValidationClips(
        torch.from_numpy(np.stack(signals)), tables, [clip.name for clip in chosen.clips], classes
    )


def _split_banks(
    args: argparse.Namespace, seed: int, classes: labels.ClassList
) -> tuple[tuple[corpora.Sounds, corpora.Sounds], tuple[rooms.RoomBank, rooms.RoomBank]]:
    """Return sounds for training and held-out sounds; rooms likewise."""
    room_bank = _split_rooms(gather_rooms(args.rooms, seed), seed)
    if args.scenes == PROCEDURAL:
        train, held_out = _PROCEDURAL
        return (
            synth.procedural_sounds(seed, train),
            synth.procedural_sounds(seed + _VALIDATION_SEED, held_out),
        ), room_bank
    entries, others = _split_sounds(sound_entries(args.scenes, classes, args.where), seed)
    folder = cache_dir() / "sounds"
    sounds = corpora.open_sounds(entries, classes, folder), corpora.open_sounds(others, classes, folder)
    return sounds, room_bank


def _held_out_scenes(
    seed: int,
    scene_settings: scenes.SceneSettings,
    count: int,
    sounds: corpora.Sounds,
    room_bank: rooms.RoomBank,
    classes: labels.ClassList,
) -> training.ValidationClips:
    """Render scenes of held-out sounds and rooms."""
    import torch

    stream = scenes.SceneStream(seed + _VALIDATION_SEED, fitted_to(sounds, scene_settings), sounds, room_bank, 1, count)
    clips = [stream[number] for number in range(count)]
    names = [f"validation{number:04d}" for number in range(count)]
    return training.ValidationClips(
        torch.cat([clip.audio for clip in clips]), [clip.events[0] for clip in clips], names, classes
    )


def _split_sounds(
    entries: list[corpora.SoundEntry], seed: int
) -> tuple[list[corpora.SoundEntry], list[corpora.SoundEntry]]:
    """Use the corpora's train and val where they have them, else hold out whole recordings; test is in neither."""
    train, held_out = corpora.train_and_held_out(entries, _HELD_OUT, seed)
    if not any(entry.class_index >= 0 for entry in held_out):
        raise WhenceError("no class has two recordings, so none can be held out to validate with; add sounds")
    return train, held_out


def _split_rooms(room_bank: rooms.RoomBank, seed: int) -> tuple[rooms.RoomBank, rooms.RoomBank]:
    """Hold out whole rooms; a bank of one room is used for both."""
    import numpy as np

    count = len(room_bank.room_name)
    if count == 1:
        return room_bank, room_bank
    order = np.random.default_rng([seed, 1]).permutation(count)
    held_out = max(round(_HELD_OUT * count), 1)
    return rooms.select_rooms(room_bank, np.sort(order[held_out:])), rooms.select_rooms(
        room_bank, np.sort(order[:held_out])
    )
