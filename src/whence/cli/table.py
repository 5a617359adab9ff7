"""`whence table`: any models and predictions scored on the same clips, one row each, as in Table 1 of the report."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whence import corpora, inference, labels, metrics, scale
from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.cli.machine import add_device
from whence.cli.model_choice import KINDS, add_swap, add_tracks, model_paths
from whence.cli.predict import predict_clips
from whence.cli.recording import add_microphones, read_told
from whence.errors import DONE, SOME_FAILED, WhenceError
from whence.files import cache_dir, sweep_unfinished
from whence.views import aligned, degrees, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("whence.cli")
_COLUMNS = (("F20", "f20", percent), ("DOAE", "doae_deg", degrees), ("RDE", "rde", number))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "systems",
        nargs="+",
        metavar="SYSTEM",
        help=f"{KINDS}; several, joined by commas, are averaged; or a folder or zip of predictions, as they are",
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
    add_swap(parser)
    add_tracks(parser)
    add_microphones(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object for machines instead of a table")
    add_classes(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Predict where needed, score, print; "some failed" when a system has no prediction for some clips."""
    scored, protocol_labels = score_systems(args)
    if args.json:
        found = {
            name: evaluation.as_json() | ({"protocol": protocol_labels[name]} if name in protocol_labels else {})
            for name, evaluation in scored.items()
        }
        sys.stdout.write(json.dumps(found, indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write(page(list(scored), list(scored.values()), args.part, protocol_labels))
    return SOME_FAILED if any(evaluation.missing_clips for evaluation in scored.values()) else DONE


def score_systems(args: argparse.Namespace) -> tuple[dict[str, metrics.Evaluation], dict[str, str]]:
    """Predict where needed, and score.

    Args:
        args: as the command has them.

    Returns:
        the evaluation of each system by its name, and the labels of systems that were chosen on test clips.

    Raises:
        WhenceError: a system or the clips are missing or cannot be used.
    """
    classes = read_classes(args.classes)
    systems = [_read_system(word) for word in args.systems]
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        raise WhenceError("a system is named twice; name each once")
    clips = corpora.list_clips(args.data, args.part)
    references = corpora.read_all_events(clips, classes)
    scored = {}
    for system in systems:
        predictions = _predictions(system, clips, classes, args)
        evaluation = metrics.evaluate(references, predictions, classes=classes, unknown="leave_out")
        scored[system.name] = evaluation
        if evaluation.missing_clips:
            _log.warning("%s: no prediction for %d of %d clips", system.name, len(evaluation.missing_clips), len(clips))
    return scored, {system.name: label for system in systems if (label := _protocol_label(system))}


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
                low, high = getattr(result.interval, key)
                between = "" if low != low else f" [{shown(low)} .. {shown(high)}]"
                cells.append(f"{shown(getattr(result, key))}{between}")
            rows.append([name, *cells])
        text += f"\n{aligned(rows)}"
    return text + "".join(f"\n{name}: {label}\n" for name, label in (protocol_labels or {}).items())


@dataclass(frozen=True)
class _System:
    """A row of the table.

    Args:
        name: as the user wrote it.
        models: paths of models, of which several are averaged; none for predictions.
        predictions: their folder or zip; for models, the folder where predictions are kept, a part of the set each.
    """

    name: str
    models: tuple[str, ...]
    predictions: Path


def _read_system(word: str) -> _System:
    """Read what a word names; models are fetched and looked at, because predicting takes hours.

    Raises:
        WhenceError: nothing is there, or a run is not finished.
    """
    models = model_paths([word])
    paths = [Path(model) for model in models]
    for path in paths:
        if not path.exists():
            raise WhenceError(f"{path}: no such run, folder or zip")
        if _is_run(path):
            inference.read_system(path)
        elif len(paths) > 1 and path.suffix != ".onnx":
            raise WhenceError(f"{path}: only models can be averaged, and this is none")
    name = word if word.startswith("hf:") else ",".join(map(str, paths))
    if len(paths) == 1 and not _is_run(paths[0]) and paths[0].suffix != ".onnx":
        return _System(name, (), paths[0])
    if len(paths) == 1 and paths[0].is_dir() and not word.startswith("hf:"):
        return _System(name, models, paths[0] / "predictions")
    # What several models predict belongs to none of them, and a file has no folder of its own.
    key = hashlib.sha256("\n".join(str(path.resolve()) for path in paths).encode(errors="surrogateescape"))
    return _System(name, models, cache_dir() / "predictions" / key.hexdigest()[:16])


def _is_run(path: Path) -> bool:
    """Whether a folder holds a run, finished or not, or a converted checkpoint."""
    return (path / "recipe.json").is_file() or (path / "system.json").is_file()


def _protocol_label(system: _System) -> str:
    """Return the label of a run whose weights were chosen on test clips; empty for all others."""
    runs = [Path(model) for model in system.models if _is_run(Path(model))]
    found = [str(inference.read_system(run).validation.get("protocol", "")) for run in runs]
    return next(filter(None, found), "")


def _predictions(
    system: _System, clips: list[corpora.Clip], classes: labels.ClassList, args: argparse.Namespace
) -> labels.ClipEvents:
    """Return the predictions of a system: made by a model, or read from a folder."""
    if not system.models:
        return labels.read_labels(system.predictions, classes)
    tracks = "" if args.tracks is None else f"-tracks{args.tracks}"
    pair = "" if args.microphones == "auto" else f"-{Path(args.microphones).name.replace(':', '')}"
    folder = system.predictions / f"{args.part}{'-swap' if args.swap else ''}{tracks}{pair}"
    _predict_missing(system.models, [clip.sound for clip in clips], folder, args)
    return labels.read_labels(folder, classes)


def _predict_missing(models: tuple[str, ...], sounds: list[Path], folder: Path, args: argparse.Namespace) -> None:
    """Predict the clips that have no prediction yet by this state of the models."""
    system = inference.load(models, swap=args.swap, device=args.device).with_tracks(args.tracks)
    request = inference.Request(models, swap=args.swap, tracks=args.tracks, microphones=read_told(args))
    folder.mkdir(parents=True, exist_ok=True)
    sweep_unfinished(folder)
    record = scale.ResumeRecord(folder, request)
    missing: list[tuple[Path | str, Path]] = [
        (sound, folder / sound.stem) for sound in sounds if not record.has(sound, Path(sound.stem))
    ]
    # A failure must not leave the predictions of another state of the run.
    for _, target in missing:
        target.with_name(f"{target.name}.csv").unlink(missing_ok=True)
    predict_clips(system, request, missing, record, quiet=args.quiet)


COMMAND = Command(
    summary="score models and predictions side by side: F20, DOAE, RDE with intervals",
    examples=(
        "whence table runs/* --data dcase2025/",
        "whence table runs/a runs/b runs/a,runs/b --data dcase2025/ --swap",
        "whence table runs/small baseline_predictions.zip --data dcase2025/ --json",
    ),
    add_arguments=add_arguments,
    run=run,
)
