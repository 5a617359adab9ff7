"""`whence predict`: a run's answers to clips on disk, one CSV per clip, ready to be scored."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence.cli.command import Command
from whence.cli.sounds_found import find_sounds
from whence.errors import DONE, SOME_FAILED, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, which clips, where to."""
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("clips", type=Path, help="a sound, or a folder with sounds, searched to any depth")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the CSV files; made if missing"
    )
    parser.add_argument("--swap", action="store_true", help="average with the mirrored answer to the mirrored clip")
    parser.add_argument("--bf16", action="store_true", help="run the networks in bfloat16")


def run(args: argparse.Namespace) -> int:
    """Answer for every sound; go on when one cannot be read."""
    try:
        import accelerate  # noqa: F401  (said before any work is done)
    except ImportError:
        raise MissingExtraError("running a trained network", "train") from None
    from whence.cli.answers import answer_files
    from whence.inference import load_run

    if not args.clips.exists():
        raise WhenceError(f"{args.clips}: no such file or folder")
    pairs = [(sound, args.out / f"{target}.csv") for sound, target in find_sounds([args.clips])]
    system = load_run(args.run, swap=args.swap, precision="bf16" if args.bf16 else "float32")
    args.out.mkdir(parents=True, exist_ok=True)
    failures = answer_files(system, pairs, quiet=args.quiet)
    for failure in failures:
        _log.error("%s", failure)
    _log.info("%d of %d clips answered in %s", len(pairs) - len(failures), len(pairs), args.out)
    return SOME_FAILED if failures else DONE


COMMAND = Command(
    summary="let a trained run answer for clips on disk",
    examples=("whence predict runs/first dcase2025/stereo_dev/dev-test-sony --out predictions/",),
    add_arguments=add_arguments,
    run=run,
)
