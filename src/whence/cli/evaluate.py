"""`whence evaluate`: scores predictions with the official metric, and strictly beside it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from whence import labels, metrics
from whence.cli.command import Command
from whence.cli.inputs import add_classes, add_full_circle, add_score_settings, read_classes, same_clip, score_settings
from whence.errors import DONE, SOME_FAILED
from whence.text import counted, few
from whence.views import aligned, degrees, number, percent

_log = logging.getLogger("whence.cli")

DIMENSIONS = ("azimuth", "side", "distance", "polyphony", "same_class")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two folders, the thresholds, and the form of the output."""
    parser.add_argument("references", type=Path, help="folder, zip or CSV file with the truth")
    parser.add_argument("predictions", type=Path, help="folder, zip or CSV file with the predictions")
    add_score_settings(parser)
    add_full_circle(parser)
    add_classes(parser)
    parser.add_argument("--by", choices=("class", *DIMENSIONS), default="class", help="what the second table is by")
    parser.add_argument("--json", action="store_true", help="one JSON object for machines instead of tables")


def run(args: argparse.Namespace) -> int:
    """Read, score, print; "some failed" when clips had no partner on the other side."""
    classes = read_classes(args.classes)
    settings = score_settings(args, classes)
    evaluation, table = _scored(args, classes, settings)
    if args.json:
        sys.stdout.write(json.dumps(evaluation.as_json(), indent=2, allow_nan=False) + "\n")
        for sentence in evaluation.left_out.warnings():
            _log.warning("%s", sentence)
    else:
        sys.stdout.write(page(evaluation, table))
    failed = len(evaluation.missing_clips) + len(evaluation.unknown_clips)
    if failed:
        sys.stderr.write(_clips_without_partner(evaluation))
    return SOME_FAILED if failed else DONE


def _scored(
    args: argparse.Namespace, classes: labels.ClassList, settings: metrics.ScoreSettings
) -> tuple[metrics.Summary, metrics.Breakdown | None]:
    """Score one clip against one, whatever their names, or all clips of two folders, part by part."""
    dimension = None if args.by == "class" else args.by
    if args.references.is_file() and args.predictions.is_file():
        references, predictions = (labels.read_labels(path, classes) for path in (args.references, args.predictions))
        alone = same_clip(references, predictions)
        evaluation = metrics.evaluate(references, alone, settings, classes=classes, unknown="leave_out")
        return evaluation, None if dimension is None else evaluation.table(dimension)
    return metrics.evaluate_label_sets(
        labels.LabelSet(args.references, classes),
        labels.LabelSet(args.predictions, classes),
        settings,
        classes=classes,
        unknown="leave_out",
        dimension=dimension,
    )


def page(evaluation: metrics.Summary, table: metrics.Breakdown | None) -> str:
    """Return the text output: both protocols side by side, what was left out, and one breakdown."""
    settings, official, strict = evaluation.settings, evaluation.official, evaluation.strict
    distance = f", {settings.distance_threshold_m:g} m" if settings.distance_threshold_m < float("inf") else ""
    average = f"{settings.average} over {len(evaluation.classes)} classes"
    task = "full circle, not the challenge's rule" if settings.full_circle else "DCASE 2025 Task 3, audio track"
    head = (
        f"{task}: {settings.azimuth_threshold_deg:g} deg, relative distance "
        f"{settings.relative_distance_threshold:g}{distance}, {average}\n"
    )
    unit = evaluation.recordings.unit
    rows = [["", "official", f"95 % interval (by {unit})", "strict", f"95 % interval (by {unit})"]]
    for name, key, shown in (("F20", "f20", percent), ("DOAE", "doae_deg", degrees), ("RDE", "rde", number)):
        rows.append([_f_name(settings.azimuth_threshold_deg) if key == "f20" else name])
        for result in (official, strict):
            low, high = getattr(result.interval, key)
            rows[-1] += [shown(getattr(result, key)), "-" if low != low else f"{shown(low)} .. {shown(high)}"]
    notes = "".join(f"{note}\n" for note in evaluation.notes())
    return f"{head}{aligned(rows)}{notes}\n{_breakdown(evaluation, table)}"


def _f_name(azimuth_threshold_deg: float) -> str:
    """F20 at 20 degrees, F10 at 10."""
    return f"F{azimuth_threshold_deg:g}"


def _breakdown(evaluation: metrics.Summary, table: metrics.Breakdown | None) -> str:
    """The second table: one row per class or per band, by the official rows."""
    by = "class" if table is None else table.dimension
    rows = [[by.replace("_", " "), _f_name(evaluation.settings.azimuth_threshold_deg), "DOAE", "RDE", "references"]]
    for row in evaluation.per_class() if table is None else table.as_json(evaluation.settings):
        values = (percent(row["f20"]), degrees(row["doae_deg"]), number(row["rde"]), f"{row['references']:,}")  # type: ignore[arg-type]
        rows.append([str(row["name" if by == "class" else "band"]), *values])
    return aligned(rows)


def _clips_without_partner(evaluation: metrics.Summary) -> str:
    """The last line on the screen: which clips have no prediction, and which predictions no reference."""
    kinds = (
        (evaluation.missing_clips, "without a prediction file"),
        (evaluation.unknown_clips, "predicted but not in the references"),
    )
    parts = [f"{counted(len(names), 'clip')} {what} ({few(names)})" for names, what in kinds if names]
    return f"whence: scored, but {'; '.join(parts)}\n"


COMMAND = Command(
    summary="score predictions against references with the official metric",
    examples=(
        "whence evaluate references/ predictions/",
        "whence evaluate references/ predictions.zip --by distance",
        "whence evaluate truth.csv mine.csv --azimuth-threshold 10 --json",
        "whence evaluate references/ predictions/ --full-circle",
    ),
    add_arguments=add_arguments,
    run=run,
)
