"""`whence scenes rooms`: a bank of room responses, computed once and used by every scene."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence.cli.command import Command, shown_progress
from whence.errors import DONE, WhenceError
from whence.scenes import rooms

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare number and kind of rooms, and the output."""
    parser.add_argument("out", type=Path, help="the bank to write, a .safetensors file")
    parser.add_argument("--rooms", type=int, default=50, metavar="N", help="rooms to draw and compute")
    parser.add_argument("--places", type=int, metavar="N", help="source positions in each room (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds give other rooms, for instance for validation")
    parser.add_argument(
        "--rt60", type=float, nargs=2, metavar=("LOW", "HIGH"), help="shortest and longest reverberation time, s"
    )
    parser.add_argument(
        "--measured",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="CSV list of measured responses, or folder of TAU-SRIR DB, to add; may be given again",
    )
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes; 0 is one for each processor")


def run(args: argparse.Namespace) -> int:
    """Draw and compute rooms, add measured ones, write the bank."""
    import os
    from dataclasses import replace

    if args.out.suffix != ".safetensors":
        raise WhenceError(f"{args.out}: a room bank is a .safetensors file; choose such a name")
    if not args.out.parent.is_dir():
        raise WhenceError(f"{args.out.parent}: no such folder; make it first")
    settings = rooms.RoomSettings()
    if args.places is not None:
        settings = replace(settings, positions_per_room=args.places)
    if args.rt60 is not None:
        settings = replace(settings, rt60_s=tuple(args.rt60))
    measured = [rooms.read_measured(path) for path in args.measured]
    jobs = args.jobs or os.cpu_count() or 1
    with shown_progress("room", quiet=args.quiet) as show:
        computed = rooms.make_room_bank(
            args.seed, args.rooms, settings, jobs, lambda done, total: show("rooms", done, total)
        )
    bank = rooms.merge([computed, *measured])
    rooms.save_room_bank(args.out, bank)
    size_mb = args.out.stat().st_size / 1e6
    _log.info("%d responses of %d rooms in %s, %.0f MB", len(bank), len(bank.room_name), args.out, size_mb)
    return DONE


COMMAND = Command(
    summary="compute a bank of rooms for scenes",
    examples=(
        "whence scenes rooms rooms.safetensors",
        "whence scenes rooms validation.safetensors --rooms 20 --seed 2",
        "whence scenes rooms dry.safetensors --rt60 0.15 0.3 --measured my_rooms.csv",
        "whence scenes rooms rooms.safetensors --measured TAU-SRIR_DB/",
    ),
    add_arguments=add_arguments,
    run=run,
)
