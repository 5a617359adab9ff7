"""`whence report`: a page on which a person sees and hears a system's mistakes."""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

from whence import labels, metrics
from whence.cli.command import Command, shown_progress
from whence.cli.inputs import add_classes, add_score_settings, read_classes, same_clip, score_settings
from whence.cli.recording import add_channels, add_microphones, read_directed_channels, read_told
from whence.errors import DONE, SOME_FAILED, WhenceError
from whence.text import counted, shown
from whence.views import report

_log = logging.getLogger("whence.cli")
_LARGEST_WORST = 999
_JSON_LINES = ".jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """References, predictions, sounds, and the folder of the report."""
    parser.add_argument("references", type=Path, help="folder, zip or CSV file with the references")
    parser.add_argument("predictions", type=Path, help="predictions of a system: the same, or a folder of JSON Lines")
    parser.add_argument("--audio", type=Path, metavar="DIR", help="sounds of the clips, to play and draw the worst")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument("--worst", type=int, default=50, metavar="N", help="show so many of the worst clips")
    add_score_settings(parser)
    add_channels(parser)
    add_microphones(parser)
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """Score, rank, write the folder; exit code 1 for clips without partner and sounds that cannot be used."""
    report.check_target(args.out)
    if not 0 <= args.worst <= _LARGEST_WORST:
        raise WhenceError(f"--worst {args.worst}: a page shows 0 to {_LARGEST_WORST} clips")
    classes = read_classes(args.classes)
    references = labels.read_labels(args.references, classes)
    predictions, why_no_calibration = read_predictions(args.predictions, classes)
    if args.references.is_file() and args.predictions.is_file() and len(references) == len(predictions) == 1:
        predictions = same_clip(references, predictions)
    channels, microphones = read_directed_channels(args), read_told(args)
    around = microphones is not None and microphones.is_full_circle
    settings = replace(score_settings(args, classes), full_circle=around)
    evaluation = metrics.evaluate(references, predictions, settings, classes=classes, unknown="leave_out")
    worst = report.worst_clips(evaluation, args.worst)
    names = list(evaluation.pairing.clip_names)
    sounds = report.find_sounds(args.audio, names) if args.audio else None
    sources = (args.references, args.predictions)
    with report.folder_written_whole(args.out) as folder, shown_progress("clip", quiet=args.quiet) as show:
        failures = report.write_report(
            folder, sources, evaluation, (references, predictions), why_no_calibration, worst, sounds,
            lambda done: show("worst clips", done, len(worst)), microphones, channels,
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


def read_predictions(path: Path, classes: labels.ClassList) -> tuple[labels.ClipEvents, str]:
    """Read predictions: a folder, zip or file of CSV, or a folder or file of JSON Lines.

    A folder that holds both is read as CSV, the form that other commands score too.

    Returns:
        the predictions, and why their scores mean nothing, as a sentence; empty where they do.

    Raises:
        WhenceError: nothing is found, or a file breaks its layout (the message names file and line).
    """
    lines = _json_files(path)
    if path.suffix.lower() != _JSON_LINES and not (lines and not _has_csv(path)):
        beside = "; a folder of JSON Lines alone would be read with its scores" if lines else ""
        reason = f"The predictions are CSV files, which carry no score{beside}."
        return labels.read_labels(path, classes), reason
    tables = {}
    for file in lines:
        name = file.name[: -len(_JSON_LINES)].removesuffix(".frames")
        if name in tables:
            raise WhenceError(
                f"two files for clip {shown(name)}", where=path, remedy="keep events and frames in two folders"
            )
        tables[name] = labels.read_json_lines(file, classes)
    clips = labels.ClipEvents.from_mapping(tables)
    score = clips.events.score
    if not len(score) or (score == score[0]).all():
        return clips, "All predictions have the same score, so there is nothing to compare."
    if ((score < 0) | (score > 1)).any():
        return clips, "Some scores are outside of 0 to 1, so they are not confidences."
    return clips, ""


def _json_files(path: Path) -> list[Path]:
    """The JSON Lines files of a path, without hidden ones."""
    if path.is_file():
        return [path] if path.suffix.lower() == _JSON_LINES else []
    found = [file for file in path.rglob("*") if file.suffix.lower() == _JSON_LINES and file.is_file()]
    visible = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    return sorted(visible, key=lambda file: file.name)


def _has_csv(path: Path) -> bool:
    """Whether a folder holds a CSV file that is not hidden."""
    return any(file.suffix.lower() == ".csv" and not file.name.startswith(".") for file in path.rglob("*"))


COMMAND = Command(
    summary="make a page of a system's mistakes: scores, confusions, the worst clips to see and hear",
    examples=(
        "whence report references/ predictions/ --out report/",
        "whence report references/ predictions/ --audio wavs/ --out report/",
        "whence report truth.zip detected_jsonl/ --worst 10 --out report/",
        "whence report references/ predictions/ --audio ambisonic/ --microphones foa --out report/",
    ),
    add_arguments=add_arguments,
    run=run,
)
