"""`whence table`: any runs and predictions scored on the same clips, one row each, as in Table 1 of the report."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whence import corpora, inference, labels, metrics
from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.cli.machine import add_device
from whence.cli.predict import predict_clips
from whence.errors import DONE, SOME_FAILED, MissingExtraError, WhenceError
from whence.files import sweep_unfinished
from whence.views import aligned, degrees, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("whence.cli")
_COLUMNS = (("F20", "f20", percent), ("DOAE", "doae_deg", degrees), ("RDE", "rde", number))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "systems", type=Path, nargs="+", help="folders of finished runs; folders or zips of predictions, as they are"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="clips in the layout of the DCASE 2025 stereo set"
    )
    parser.add_argument(
        "--part",
        choices=("dev-test", "dev-val", "dev-train"),
        default="dev-test",
        help="which clips of the set to score on",
    )
    parser.add_argument(
        "--swap", action="store_true", help="runs average with the mirrored predictions for mirrored clips"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for machines instead of a table")
    add_classes(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Predict where needed, score, print; "some failed" when a system has no prediction for some clips."""
    classes = read_classes(args.classes)
    _check_systems(args.systems)
    clips = corpora.list_clips(args.data, args.part)
    references = corpora.read_all_events(clips, classes)
    scored = []
    for system in args.systems:
        predictions = _predictions(system, clips, classes, args)
        scored.append(metrics.evaluate(references, predictions, classes=classes, unknown="leave_out"))
    names = [str(system) for system in args.systems]
    protocol_labels = {str(system): label for system in args.systems if (label := _protocol_label(system))}
    if args.json:
        found = {
            name: evaluation.as_json() | ({"protocol": protocol_labels[name]} if name in protocol_labels else {})
            for name, evaluation in zip(names, scored, strict=True)
        }
        sys.stdout.write(json.dumps(found, indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write(page(names, scored, args.part, protocol_labels))
    for name, evaluation in zip(names, scored, strict=True):
        if evaluation.missing_clips:
            _log.warning("%s: no prediction for %d of %d clips", name, len(evaluation.missing_clips), len(clips))
    return SOME_FAILED if any(evaluation.missing_clips for evaluation in scored) else DONE


def page(
    names: list[str], scored: list[metrics.Evaluation], part: str, protocol_labels: Mapping[str, str] | None = None
) -> str:
    """Return one table with a block for each protocol, intervals in brackets; below it the labels of systems."""
    recordings = scored[0].recordings
    unit = "clip" if recordings.unnamed_clips else "recording"
    clips = len(recordings.of_clip)
    text = f"{part}, {clips:,} clips, 20 deg, relative distance 1; in brackets 95 % intervals by {unit}\n"
    for protocol in ("official", "strict"):
        rows = [[protocol, *(name for name, _, _ in _COLUMNS)]]
        for name, evaluation in zip(names, scored, strict=True):
            result = getattr(evaluation, protocol)
            cells = []
            for _, key, shown in _COLUMNS:
                low, high = getattr(result, key)
                between = "" if low != low else f" [{shown(low)} .. {shown(high)}]"
                cells.append(f"{shown(getattr(result.scores, key))}{between}")
            rows.append([name, *cells])
        text += f"\n{aligned(rows)}"
    return text + "".join(f"\n{name}: {label}\n" for name, label in (protocol_labels or {}).items())


def _protocol_label(system: Path) -> str:
    """Return the label of a run whose weights were chosen on test clips; empty for all others."""
    if not _is_run(system):
        return ""
    return str(inference.read_system(system).validation.get("protocol", ""))


def _check_systems(systems: list[Path]) -> None:
    """Refuse what is missing or named twice before hours of predicting."""
    for system in systems:
        if not system.exists():
            raise WhenceError(f"{system}: no such run, folder or zip")
    if len(set(systems)) < len(systems):
        raise WhenceError("a system is named twice; name each once")


def _is_run(system: Path) -> bool:
    """Whether a folder holds a run, finished or not, or a converted model; all others hold predictions."""
    return (system / "recipe.json").is_file() or (system / "system.json").is_file()


def _predictions(
    system: Path, clips: list[corpora.Clip], classes: labels.ClassList, args: argparse.Namespace
) -> labels.ClipEvents:
    """Return the predictions of a system: made by a run, or read from a folder."""
    if not _is_run(system):
        return labels.read_labels(system, classes)
    try:
        import accelerate  # noqa: F401  (predictions of others are scored without it)
    except ImportError:
        raise MissingExtraError(f"running {system}", "train") from None
    folder = system / "predictions" / (f"{args.part}-swap" if args.swap else args.part)
    _predict_missing(system, [clip.sound for clip in clips], folder, args)
    return labels.read_labels(folder, classes)


def _predict_missing(run: Path, sounds: list[Path], folder: Path, args: argparse.Namespace) -> None:
    """Predict the clips that have no prediction yet by this state of the run."""
    system = inference.load_run(run, swap=args.swap, device=args.device)
    request = inference.Request(str(run), swap=args.swap)
    folder.mkdir(parents=True, exist_ok=True)
    sweep_unfinished(folder)
    record = inference.ResumeRecord(folder, request)
    missing = [(sound, folder / sound.stem) for sound in sounds if not record.has(sound, Path(sound.stem))]
    # A failure must not leave the predictions of another state of the run.
    for _, target in missing:
        target.with_name(f"{target.name}.csv").unlink(missing_ok=True)
    for result in predict_clips(system, request, missing, quiet=args.quiet):
        record.add(result.sound, Path(result.sound.stem))


COMMAND = Command(
    summary="score runs and predictions side by side: F20, DOAE, RDE with intervals",
    examples=(
        "whence table runs/* --data dcase2025/",
        "whence table runs/small baseline_predictions.zip --data dcase2025/ --json",
    ),
    add_arguments=add_arguments,
    run=run,
)
