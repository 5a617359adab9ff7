"""`whence predict`: the predictions of a model for clips on disk, one CSV file per clip, ready to be scored."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from whence import inference, scale
from whence.cli.command import Command, shown_progress
from whence.cli.machine import add_device
from whence.cli.model_choice import KINDS, add_swap, add_tracks, model_paths
from whence.cli.recording import add_microphones, read_told
from whence.cli.sound_files import find_sounds
from whence.errors import DONE, SOME_FAILED, WhenceError
from whence.inference import Request, Result

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("model", help=f"{KINDS}; several, joined by commas, are averaged")
    parser.add_argument("clips", type=Path, help="a sound, or a folder with sounds, searched to any depth")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the CSV files; made if missing"
    )
    add_swap(parser)
    add_tracks(parser)
    add_microphones(parser)
    parser.add_argument("--bf16", action="store_true", help="run the networks of a run in bfloat16")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Predict every clip, under each of its names; go on when one cannot be read."""
    if not args.clips.exists():
        raise WhenceError(f"{args.clips}: no such file or folder")
    pairs = [(sound, args.out / target) for sound, target in find_sounds([args.clips], each_name=True)]
    models = model_paths([args.model])
    precision = "bf16" if args.bf16 else "float32"
    system = inference.load(models, swap=args.swap, precision=precision, device=args.device)
    system = system.with_tracks(args.tracks)
    args.out.mkdir(parents=True, exist_ok=True)
    request = Request(models, swap=args.swap, tracks=args.tracks, microphones=read_told(args))
    done = predict_clips(system, request, pairs, quiet=args.quiet)
    _log.info("%d of %d clips predicted in %s", len(done), len(pairs), args.out)
    return DONE if len(done) == len(pairs) else SOME_FAILED


def predict_clips(
    system: inference.NetworkSystem,
    request: Request,
    pairs: Sequence[tuple[Path | str, Path]],
    record: scale.ResumeRecord | None = None,
    *,
    quiet: bool,
) -> list[Result]:
    """Write the predictions for clips as CSV files, log failures, and return the results of the other clips."""
    done = []
    with shown_progress("clip", quiet=quiet) as show:
        crew = scale.Alone(system, request)
        for number, result in enumerate(scale.predict_all(crew, request, pairs, record), start=1):
            if result.failure is None:
                done.append(result)
            else:
                _log.error("%s", result.failure)
            show("predicting", number, len(pairs))
    return done


COMMAND = Command(
    summary="write the predictions of a model for clips on disk",
    examples=(
        "whence predict runs/first dcase2025/stereo_dev/dev-test-sony --microphones dcase --out predictions/",
        "whence predict runs/a,runs/b dcase2025/stereo_eval/eval --swap --out predictions/",
    ),
    add_arguments=add_arguments,
    run=run,
)
