"""`whence scenes`: labelled stereo clips mixed from sounds and rooms, as a data set or as a few examples."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from whence import audio, corpora, labels, scenes, synth
from whence.cli.command import Command, shown_progress
from whence.cli.inputs import add_classes, read_classes
from whence.errors import DONE, MissingExtraError, WhenceError
from whence.files import cache_dir
from whence.scenes import rooms
from whence.settings import read_settings_file
from whence.views import picture

PROCEDURAL = "procedural"
_log = logging.getLogger("whence.cli")

# The banks that are made when the user names none: small, ready in seconds.
_SOUNDS_PER_CLASS = 6
_ROOMS, _POSITIONS_PER_ROOM = 4, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare sounds, rooms, number of clips, output."""
    parser.add_argument(
        "sounds",
        nargs="?",
        default=PROCEDURAL,
        help="a folder with a folder for each class, a CSV list of sounds, or the word procedural",
    )
    parser.add_argument(
        "--rooms",
        type=Path,
        nargs="+",
        metavar="BANK",
        help="room banks (.safetensors) or lists of measured rooms (.csv)",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--clips",
        type=_clips,
        metavar="N[:PART]",
        help="write a data set of N clips in the DCASE 2025 layout; PART is dev-train (default), dev-val, dev-test",
    )
    amount.add_argument("--show", type=int, metavar="K", help="write K scenes as sound, labels and picture")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument("--seed", type=int, default=1, help="other seeds give other scenes")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="YAML or JSON with scene settings that differ from the usual"
    )
    parser.add_argument(
        "--microphones",
        nargs="+",
        metavar="NAME",
        help="pairs that record the scenes, each equally often: names, YAML files, or spans such as xy:60-135 and "
        "ab:0.05-0.5 (default: dcase)",
    )
    parser.add_argument(
        "--where",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="only sounds of the CSV list with this value, such as split=train",
    )
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """Open or make the banks, then write the scenes."""
    try:
        import torch  # noqa: F401  (the command refuses before any work is done)
    except ImportError:
        raise MissingExtraError("mixing scenes", "scenes") from None
    count, part = args.clips or (0, "")
    if (count or args.show or 0) < 1:
        raise WhenceError("how many scenes? --clips N writes a data set, --show K a few examples with pictures")
    classes = read_classes(args.classes)
    settings = read_scene_settings(args.settings)
    if args.microphones:
        settings = replace(settings, microphones=dict.fromkeys(args.microphones, 1.0))
    sounds = gather_sounds(args.sounds, classes, args.where, args.seed)
    settings = fitted_to(sounds, settings)
    room_bank = gather_rooms(args.rooms, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.show:
        _show(args, settings, sounds, room_bank)
        return DONE
    with shown_progress("clip", quiet=args.quiet) as show:
        made = scenes.write_scenes(
            args.out, args.seed, count, settings, sounds, room_bank,
            # One process renders as fast on one core, and starting others costs seconds.
            workers=(os.cpu_count() or 1) if count >= 100 else 0,
            progress=lambda done, total: show("scenes", done, total),
            part=part,
        )  # fmt: skip
    _log.info("%d clips in %s: %d made now, %d were there", count, args.out, made, count - made)
    return DONE


def _clips(word: str) -> tuple[int, str]:
    """Parse `400:dev-val` into a number and a part."""
    number, _, part = word.partition(":")
    return int(number), part or "dev-train"


def read_scene_settings(path: Path | None) -> scenes.SceneSettings:
    """Read the settings file, if there is one; fields that it leaves out have their defaults.

    Raises:
        WhenceError: the file cannot be read, or a field is unknown, ill-typed or out of range.
    """
    if path is None:
        return scenes.SceneSettings()
    data = read_settings_file(path)
    try:
        return scenes.SceneSettings.from_plain(data)
    except WhenceError as error:
        raise WhenceError(str(error), where=path) from None


def fitted_to(sounds: corpora.Sounds, settings: scenes.SceneSettings) -> scenes.SceneSettings:
    """Return settings without the classes, interferers and backgrounds that the bank lacks, and log each of them."""
    names = sounds.classes.names
    missing = [name for index, name in enumerate(names) if not len(sounds.of_class(index))]
    missing = [name for name in missing if settings.class_weights.get(name, 1) != 0]
    if missing:
        _log.info("no sounds of: %s; scenes will have none of these", ", ".join(missing))
        settings = replace(settings, class_weights={**settings.class_weights, **dict.fromkeys(missing, 0.0)})
    if settings.interferers[1] and not len(sounds.of_class(corpora.INTERFERENCE)):
        _log.info("no sounds of interference; scenes will have no unlabelled sounds")
        settings = replace(settings, interferers=(0, 0))
    if settings.diffuse_background.probability and not len(sounds.of_class(corpora.BACKGROUND)):
        _log.info("no sounds of background; scenes will have no noise")
        settings = replace(settings, diffuse_background=replace(settings.diffuse_background, probability=0.0))
    return settings


def gather_sounds(source: str, classes: labels.ClassList, where: list[str], seed: int) -> corpora.Sounds:
    """Open the sounds of a folder or a list, decoded once and cached, or make procedural ones.

    Raises:
        WhenceError: the folder or list has no usable sound.
    """
    if source == PROCEDURAL:
        return synth.procedural_sounds(seed, _SOUNDS_PER_CLASS, background=4, interference=4)
    with shown_progress("sound") as show:
        return corpora.open_sounds(
            sound_entries(source, classes, where), classes, cache_dir() / "sounds", progress=show
        )


def sound_entries(source: str, classes: labels.ClassList, where: list[str]) -> list[corpora.SoundEntry]:
    """List the sounds of a folder or a list, not yet decoded.

    Raises:
        WhenceError: there is no such folder or list, or it breaks its layout.
    """
    path = Path(source)
    if path.is_dir():
        if where:
            raise WhenceError(f"{path}: --where chooses from a CSV list of sounds; a folder has no columns")
        return corpora.read_sound_folder(path, classes)
    if path.is_file():
        return corpora.read_manifest(path, classes, where=_conditions(where))
    raise WhenceError(f"{path}: no such folder or list of sounds; the word {PROCEDURAL} makes sounds")


def gather_rooms(paths: list[Path] | None, seed: int) -> rooms.RoomBank:
    """Open the room banks and measured rooms, or compute a few rooms if none are named.

    Raises:
        WhenceError: a file is missing, damaged or foreign.
    """
    if paths:
        banks = [
            rooms.load_room_bank(path) if path.suffix == ".safetensors" else rooms.read_measured(path) for path in paths
        ]
        return rooms.merge(banks) if len(banks) > 1 else banks[0]
    _log.info(
        "no --rooms: computing %d rooms; a larger bank is kept with: whence scenes rooms rooms.safetensors", _ROOMS
    )
    return rooms.make_room_bank(seed, _ROOMS, rooms.RoomSettings(positions_per_room=_POSITIONS_PER_ROOM))


def _conditions(where: list[str]) -> dict[str, str]:
    """Parse `split=train` into a column and its value."""
    wrong = [condition for condition in where if not condition.partition("=")[0] or "=" not in condition]
    if wrong:
        raise WhenceError(f"--where {wrong[0]!r}: write a column and its value, such as split=train")
    return dict(condition.split("=", 1) for condition in where)


def _show(
    args: argparse.Namespace, settings: scenes.SceneSettings, sounds: corpora.Sounds, room_bank: rooms.RoomBank
) -> None:
    """Write a few scenes as sound, labels and picture, and print their events."""
    for index in range(args.show):
        scene = scenes.draw_scene(args.seed, 0, index, settings, sounds, room_bank)
        batch = scenes.render_batch([scene], sounds, room_bank)
        name, events = f"scene{index:03d}", batch.events[0]
        signal = batch.audio[0].numpy()
        audio.write(args.out / f"{name}.wav", signal)
        labels.write_dcase(args.out / f"{name}.csv", events)
        picture.draw_clip(args.out / f"{name}.png", signal, events, sounds.classes, title=f"{name}, seed {args.seed}")
        pair = "" if scene.microphones == audio.read_microphones("dcase") else f"  {scene.microphones.text()}"
        sys.stdout.write(f"{args.out / name}.wav{pair}\n")
        for event in events:
            side = "left" if event.azimuth_deg >= 0 else "right"
            sys.stdout.write(
                f"  {event.onset_s:.1f}-{event.offset_s:.1f} s  {sounds.classes[event.class_index]:<18} "
                f"{abs(event.azimuth_deg):3.0f} deg {side:<5}  {event.distance_m:.1f} m\n"
            )


COMMAND = Command(
    summary="mix labelled stereo scenes from sounds and rooms",
    examples=(
        "whence scenes --show 3 --out look/",
        "whence scenes my_sounds/ --rooms rooms.safetensors --clips 2000 --out synth/",
        "whence scenes sounds.csv --where split=train --rooms rooms.safetensors --clips 2000 --out synth/",
        "whence scenes --show 3 --microphones ortf xy:60-135 ab:0.05-0.5 --out look/",
    ),
    add_arguments=add_arguments,
    run=run,
)
