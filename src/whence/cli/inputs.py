"""Arguments that several commands share: class lists, score settings, label layouts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from whence import labels, metrics

LAYOUTS = ("dcase2025", "dcase2020", "dcase2021", "dcase2022", "dcase2023", "dcase2024")


def add_classes(parser: argparse.ArgumentParser) -> None:
    """Add `--classes`."""
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="your own class list, one name a line (default: the 13 of STARSS23)",
    )


def read_classes(path: Path | None) -> labels.ClassList:
    """Return the class list that the user named, or the 13 classes of STARSS23."""
    return labels.STARSS23 if path is None else labels.read_class_list(path)


def add_full_circle(parser: argparse.ArgumentParser) -> None:
    """Add `--full-circle`."""
    parser.add_argument(
        "--full-circle",
        action="store_true",
        help="labels of Ambisonics: a sound behind is not one in front (the challenge folds both to the front)",
    )


def add_score_settings(parser: argparse.ArgumentParser) -> None:
    """Add the thresholds and the average of the metric; the defaults are those of the challenge."""
    parser.add_argument(
        "--average", choices=("macro", "micro"), default="macro", help="over classes, or over all counts pooled"
    )
    parser.add_argument(
        "--azimuth-threshold", type=float, default=20.0, metavar="DEG", help="largest azimuth error of a hit, degrees"
    )
    parser.add_argument(
        "--relative-distance-threshold",
        type=float,
        default=1.0,
        metavar="RATIO",
        help="largest relative distance error of a hit",
    )
    parser.add_argument(
        "--distance-threshold",
        type=float,
        default=float("inf"),
        metavar="M",
        help="largest distance error of a hit, metres",
    )


def score_settings(args: argparse.Namespace, classes: labels.ClassList) -> metrics.ScoreSettings:
    """Return the settings that `add_score_settings` added, checked."""
    return metrics.ScoreSettings(
        azimuth_threshold_deg=args.azimuth_threshold,
        relative_distance_threshold=args.relative_distance_threshold,
        distance_threshold_m=args.distance_threshold,
        average=args.average,
        class_count=len(classes),
        full_circle=getattr(args, "full_circle", False),
    )


def read_label_files(paths: Sequence[Path], layout: str, classes: labels.ClassList) -> labels.ClipEvents:
    """Read label files of any year.

    Raises:
        WhenceError: a file breaks the layout (the message names file and line).
    """
    return (
        labels.read_dcase_files(paths, classes)
        if layout == "dcase2025"
        else labels.read_starss_files(paths, layout, classes)
    )


def same_clip(references: labels.ClipEvents, predictions: labels.ClipEvents) -> labels.ClipEvents:
    """Give the predictions of a single file the clip name of the references."""
    return labels.ClipEvents(references.names, predictions.first_row, predictions.events)
