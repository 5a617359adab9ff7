"""The data of a training: scenes from sounds and rooms, recorded data, or both, with held-out clips."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whence import corpora, labels, scenes, synth, training
from whence.cli.machine import rendering_device
from whence.cli.recorded_data import HELD_OUT, gather_recorded, held_out_clips
from whence.cli.scenes import PROCEDURAL, fitted_to, gather_rooms, sound_entries
from whence.errors import WhenceError
from whence.files import cache_dir
from whence.scenes import rooms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# Procedural sounds of each class, for training and for validation.
_PROCEDURAL = (24, 6)
# Added to the seed, so that no validation scene is a training scene even if both use the same rooms.
_VALIDATION_SEED = 1_000_003


def add_data(parser: argparse.ArgumentParser) -> None:
    """Declare `--data`, and `--scenes` with `--rooms` and `--where`."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="recorded clips in the layout of the DCASE 2025 stereo set, or STARSS23 itself (foa_dev, metadata_dev)",
    )
    parser.add_argument(
        "--scenes",
        metavar="SOUNDS",
        help="mix scenes on the fly from a folder or CSV list of sounds, or the word procedural; together with --data "
        "each network is trained on the share of recorded clips that the recipe gives (real_share)",
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
) -> tuple[training.TrainingData | training.MixedData, training.ValidationClips]:
    """Return training batches and held-out clips, which are recorded ones if there are any.

    Raises:
        WhenceError: no data were named, or some cannot be used.
    """
    _check_flags(args)
    if args.data is None:
        (sounds, other_sounds), (room_bank, other_rooms) = _split_banks(args, recipe.seed, classes)
        return _scene_data(args, recipe, sounds, room_bank), _held_out_scenes(
            recipe.seed, recipe.scenes, recipe.validation_clips, other_sounds, other_rooms, classes
        )
    real, held_out = gather_recorded(args.data, recipe, classes)
    if args.scenes is None:
        return real, held_out
    sounds = _all_sounds(args, recipe.seed, classes)
    return training.MixedData(real, _scene_data(args, recipe, sounds, gather_rooms(args.rooms, recipe.seed))), held_out


def gather_held_out(
    args: argparse.Namespace, seed: int, scene_settings: scenes.SceneSettings, count: int, classes: labels.ClassList
) -> training.ValidationClips:
    """Return the clips that a training with the same seed and flags holds out.

    Raises:
        WhenceError: as `gather_training_data`.
    """
    _check_flags(args)
    if args.data is not None:
        return held_out_clips(args.data, seed, count, classes)
    (_, sounds), (_, room_bank) = _split_banks(args, seed, classes)
    return _held_out_scenes(seed, scene_settings, count, sounds, room_bank, classes)


def refuse_idle_settings(
    args: argparse.Namespace, recipe: training.Recipe, changes: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse settings that would change nothing with the data that were named.

    Args:
        args: with `data` and `scenes`.
        recipe: with the changes.
        changes: every `--settings`, as plain data.

    Raises:
        WhenceError: the first of them, and what would make it work.
    """
    _check_flags(args)
    for change in changes:
        if args.data is None and "augment_real" in change:
            raise WhenceError("recipe.augment_real has no effect without --data: it is about recorded clips")
        if args.scenes is None:
            for name in change.get("scenes", {}):
                _refuse_idle_scene_setting(name, recipe.augment_real)
        for name, fields in change.get("networks", {}).items():
            if "real_share" in fields and (args.data is None or args.scenes is None):
                raise WhenceError(
                    f"recipe.networks.{name}.real_share has no effect with one kind of data: give --data and --scenes"
                )
    if None not in (args.data, args.scenes) and all(network.real_share == 1 for network in recipe.networks):
        raise WhenceError("--scenes has no effect: real_share is 1 in every network of the recipe")


def _refuse_idle_scene_setting(name: str, augment_real: bool) -> None:
    """Refuse a scene setting where all clips are recorded, unless it augments these."""
    if name not in scenes.CLIP_TRANSFORMS:
        raise WhenceError(f"recipe.scenes.{name} has no effect without --scenes: recorded clips are as they are")
    if not augment_real:
        raise WhenceError(
            f"recipe.scenes.{name} has no effect without --scenes; with --settings augment_real=true it also augments "
            "recorded clips"
        )


def _check_flags(args: argparse.Namespace) -> None:
    """Refuse no data at all, and flags of scenes without scenes."""
    if args.data is None and args.scenes is None:
        raise WhenceError(
            "name the training data: --data CLIPS for recorded clips, --scenes SOUNDS to mix scenes, or both"
        )
    if args.scenes is None and (args.rooms or args.where):
        raise WhenceError("--rooms and --where belong to --scenes; recorded clips have their rooms in them")
    if args.scenes == PROCEDURAL and args.where:
        raise WhenceError("--where chooses from a CSV list of sounds; procedural sounds have no columns")


def _scene_data(
    args: argparse.Namespace, recipe: training.Recipe, sounds: corpora.Sounds, room_bank: rooms.RoomBank
) -> training.SceneData:
    """Scenes of a recipe, as far as the bank of sounds goes."""
    device = rendering_device(args)
    stream = scenes.SceneStream(recipe.seed, fitted_to(sounds, recipe.scenes), sounds, room_bank, 1, 1, device)
    return training.SceneData(stream)


def _all_sounds(args: argparse.Namespace, seed: int, classes: labels.ClassList) -> corpora.Sounds:
    """Sounds for training where validation needs none: all but those of a corpus's test part."""
    if args.scenes == PROCEDURAL:
        return synth.procedural_sounds(seed, _PROCEDURAL[0])
    entries = sound_entries(args.scenes, classes, args.where)
    usable = [entry for entry in entries if entry.split != "test"] or entries
    return corpora.open_sounds(usable, classes, cache_dir() / "sounds")


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
    train, held_out = corpora.train_and_held_out(entries, HELD_OUT, seed)
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
    held_out = max(round(HELD_OUT * count), 1)
    return rooms.select_rooms(room_bank, np.sort(order[held_out:])), rooms.select_rooms(
        room_bank, np.sort(order[:held_out])
    )
