"""Arguments that several commands share: class lists, score settings, label layouts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.labels import ClassList, ClipEvents
    from whence.metrics import ScoreSettings


LAYOUTS = ("dcase2025", "dcase2020", "dcase2021", "dcase2022", "dcase2023", "dcase2024")


def add_classes(parser: argparse.ArgumentParser) -> None:
    """Add `--classes`."""
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="your own class list, one name a line (default: the 13 of STARSS23)",
    )


def read_classes(path: Path | None) -> ClassList:
    """Return the class list that the user named, or the 13 classes of STARSS23."""
    from whence.labels import STARSS23, read_class_list

    return STARSS23 if path is None else read_class_list(path)


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


def score_settings(args: argparse.Namespace, classes: ClassList) -> ScoreSettings:
    """Return the settings that `add_score_settings` added, checked."""
    from whence.metrics import ScoreSettings

    return ScoreSettings(
        azimuth_threshold_deg=args.azimuth_threshold,
        relative_distance_threshold=args.relative_distance_threshold,
        distance_threshold_m=args.distance_threshold,
        average=args.average,
        class_count=len(classes),
    )


def read_label_files(paths: Sequence[Path], layout: str, classes: ClassList) -> ClipEvents:
    """Read label files of any year.

    Raises:
        WhenceError: a file breaks the layout (the message names file and line).
    """
    from whence.labels import read_dcase_files, read_starss_files

    return read_dcase_files(paths, classes) if layout == "dcase2025" else read_starss_files(paths, layout, classes)


def same_clip(references: ClipEvents, predictions: ClipEvents) -> ClipEvents:
    """Give the predictions of a single file the clip name of the references."""
    from whence.labels import ClipEvents

    return ClipEvents(references.names, predictions.first_row, predictions.events)
