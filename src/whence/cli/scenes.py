"""`whence scenes`: labelled stereo clips mixed from sounds and rooms, as a data set or to look at and hear first."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.cli.progress import shown_progress
from whence.cli.scene_settings import fitted_to
from whence.errors import DONE, MissingExtraError, WhenceError

if TYPE_CHECKING:
    from whence.corpora import SoundEntry, Sounds
    from whence.labels import ClassList
    from whence.scenes import SceneSettings
    from whence.scenes.rooms import RoomBank

PROCEDURAL = "procedural"
_log = logging.getLogger("whence.cli")

# What `scenes` mixes from when nothing else is named: enough to hear what scenes are, made in seconds.
_SOUNDS_PER_CLASS = 6
_ROOMS, _PLACES = 4, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Sounds, rooms, how many, where to."""
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
        help="write a data set of N clips in the DCASE 2025 layout; PART is dev-train (if not said), dev-val, dev-test",
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
        "--where",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="only sounds of the CSV list with this value, such as split=train",
    )
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """Gather what scenes are made of, then write them."""
    try:
        import torch  # noqa: F401  (said before any work is done)
    except ImportError:
        raise MissingExtraError("mixing scenes", "scenes") from None
    from whence.scenes import write_scenes

    count, part = args.clips or (0, "")
    if (count or args.show or 0) < 1:
        raise WhenceError("say how many: --clips N for a data set, --show K to look and listen first")
    classes = read_classes(args.classes)
    settings = read_scene_settings(args.settings)
    sounds = gather_sounds(args.sounds, classes, args.where, args.seed)
    settings = fitted_to(sounds, settings)
    rooms = gather_rooms(args.rooms, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.show:
        _show(args, settings, sounds, rooms)
        return DONE
    with shown_progress("clip", quiet=args.quiet) as show:
        made = write_scenes(
            args.out, args.seed, count, settings, sounds, rooms,
            # One process renders as fast on one core, and starting others costs seconds.
            workers=(os.cpu_count() or 1) if count >= 100 else 0,
            progress=lambda done, total: show("scenes", done, total),
            part=part,
        )  # fmt: skip
    _log.info("%d clips in %s: %d made now, %d were there", count, args.out, made, count - made)
    return DONE


def _clips(word: str) -> tuple[int, str]:
    """`400:dev-val` as a number and a part."""
    number, _, part = word.partition(":")
    return int(number), part or "dev-train"


def read_scene_settings(path: Path | None) -> SceneSettings:
    """The usual settings, changed by a file if there is one.

    Raises:
        WhenceError: the file cannot be read, or a field is unknown, ill-typed or out of range.
    """
    from whence.cli.settings_file import read_settings_file
    from whence.scenes import SceneSettings

    if path is None:
        return SceneSettings()
    try:
        return SceneSettings.from_plain(read_settings_file(path))
    except WhenceError as error:
        raise WhenceError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None


def gather_sounds(place: str, classes: ClassList, where: list[str], seed: int) -> Sounds:
    """The sounds that a word, a folder or a list names, decoded once and cached.

    Raises:
        WhenceError: nothing usable is there.
    """
    from whence.corpora import open_sounds
    from whence.files import cache_dir

    if place == PROCEDURAL:
        from whence.synth import procedural_sounds

        return procedural_sounds(seed, _SOUNDS_PER_CLASS, background=4, interference=4)
    with shown_progress("sound") as show:
        return open_sounds(sound_entries(place, classes, where), classes, cache_dir() / "sounds", progress=show)


def sound_entries(place: str, classes: ClassList, where: list[str]) -> list[SoundEntry]:
    """The sounds that a folder or a list names, not yet decoded.

    Raises:
        WhenceError: there is no such folder or list, or it breaks its layout.
    """
    from whence.corpora import read_manifest, read_sound_folder

    path = Path(place)
    if path.is_dir():
        if where:
            raise WhenceError(f"{path}: --where chooses from a CSV list of sounds; a folder has no columns")
        return read_sound_folder(path, classes)
    if path.is_file():
        return read_manifest(path, classes, where=_conditions(where))
    raise WhenceError(f"{path}: no such folder or list of sounds; without sounds of your own, say {PROCEDURAL}")


def gather_rooms(paths: list[Path] | None, seed: int) -> RoomBank:
    """The room banks and measured rooms named, or a few rooms computed now.

    Raises:
        WhenceError: a file is missing, damaged or foreign.
    """
    from whence.scenes.rooms import RoomSettings, load_room_bank, make_room_bank, merge, read_measured

    if paths:
        banks = [load_room_bank(path) if path.suffix == ".safetensors" else read_measured(path) for path in paths]
        return merge(banks) if len(banks) > 1 else banks[0]
    _log.info(
        "no --rooms: computing %d rooms; a larger bank is kept with: whence scenes rooms rooms.safetensors", _ROOMS
    )
    return make_room_bank(seed, _ROOMS, RoomSettings(positions_per_room=_PLACES))


def _conditions(where: list[str]) -> dict[str, str]:
    """`split=train` as a column and its value."""
    wrong = [condition for condition in where if not condition.partition("=")[0] or "=" not in condition]
    if wrong:
        raise WhenceError(f"--where {wrong[0]!r}: write a column and its value, such as split=train")
    return dict(condition.split("=", 1) for condition in where)


def _show(args: argparse.Namespace, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> None:
    """Render a few scenes into files a person opens, and say on stdout what is in them."""
    from whence.audio import write
    from whence.labels import write_dcase
    from whence.scenes import draw_scene, render_batch
    from whence.views.picture import draw_clip

    for index in range(args.show):
        scene = draw_scene(args.seed, 0, index, settings, sounds, rooms)
        batch = render_batch([scene], sounds, rooms)
        name, events = f"scene{index:03d}", batch.events[0]
        signal = batch.audio[0].numpy()
        write(args.out / f"{name}.wav", signal)
        write_dcase(args.out / f"{name}.csv", events)
        draw_clip(args.out / f"{name}.png", signal, events, sounds.classes, title=f"{name}, seed {args.seed}")
        sys.stdout.write(f"{args.out / name}.wav\n")
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
    ),
    add_arguments=add_arguments,
    run=run,
)
