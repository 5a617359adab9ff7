"""`whence report`: a page on which a person sees and hears a system's mistakes."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from whence.cli.command import Command, shown_progress
from whence.cli.inputs import add_classes, add_score_settings, read_classes, same_clip, score_settings
from whence.errors import DONE, SOME_FAILED, WhenceError

_log = logging.getLogger("whence.cli")
_LARGEST_WORST = 999


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """References, predictions, sounds, and the folder of the report."""
    parser.add_argument("references", type=Path, help="folder, zip or CSV file with the references")
    parser.add_argument("predictions", type=Path, help="predictions of a system: the same, or a folder of JSON Lines")
    parser.add_argument("--audio", type=Path, metavar="DIR", help="sounds of the clips, to play and draw the worst")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument("--worst", type=int, default=50, metavar="N", help="show so many of the worst clips")
    add_score_settings(parser)
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """Score, rank, write the folder; exit code 1 for clips without partner and sounds that cannot be used."""
    from whence.labels import read_labels
    from whence.metrics import evaluate
    from whence.text import counted, shown
    from whence.views.report import (
        check_target,
        find_sounds,
        folder_written_whole,
        read_predictions,
        worst_clips,
        write_report,
    )

    check_target(args.out)
    if not 0 <= args.worst <= _LARGEST_WORST:
        raise WhenceError(f"--worst {args.worst}: a page shows 0 to {_LARGEST_WORST} clips")
    classes = read_classes(args.classes)
    references, predictions = read_labels(args.references, classes), read_predictions(args.predictions, classes)
    if args.references.is_file() and args.predictions.is_file() and len(references) == len(predictions.clips) == 1:
        predictions = predictions._replace(clips=same_clip(references, predictions.clips))
    settings = score_settings(args, classes)
    evaluation = evaluate(references, predictions.clips, settings, classes=classes, unknown="leave_out")
    worst = worst_clips(evaluation, args.worst)
    names = list(evaluation.pairing.clip_names)
    sounds = find_sounds(args.audio, names) if args.audio else None
    sources = (args.references, args.predictions)
    with folder_written_whole(args.out) as folder, shown_progress("clip", quiet=args.quiet) as show:
        failures = write_report(
            folder, sources, evaluation, (references, predictions), worst, sounds,
            lambda done: show("worst clips", done, len(worst)),
        )  # fmt: skip
    for failure in failures:
        _log.error("%s", failure)
    partnerless = len(evaluation.missing_clips) + len(evaluation.unknown_clips)
    if partnerless or failures:
        _log.warning(
            "%s had no partner, %s could not be used", counted(partnerless, "clip"), counted(len(failures), "sound")
        )
    sys.stdout.write(f"{shown(args.out / 'index.html')}\n")
    return SOME_FAILED if partnerless or failures else DONE


COMMAND = Command(
    summary="make a page of a system's mistakes: scores, confusions, the worst clips to see and hear",
    examples=(
        "whence report references/ predictions/ --out report/",
        "whence report references/ predictions/ --audio wavs/ --out report/",
        "whence report truth.zip detected_jsonl/ --worst 10 --out report/",
    ),
    add_arguments=add_arguments,
    run=run,
)
