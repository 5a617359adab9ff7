"""`whence compare`: the difference of two systems with its interval, by class and by where it is."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from whence import labels, metrics
from whence.cli.command import Command
from whence.cli.inputs import add_classes, add_score_settings, read_classes, score_settings
from whence.errors import DONE, SOME_FAILED
from whence.views import aligned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The references and two systems."""
    parser.add_argument("references", type=Path, help="folder or zip with the truth")
    parser.add_argument("old", type=Path, help="predictions of the first system")
    parser.add_argument("new", type=Path, help="predictions of the second system")
    add_score_settings(parser)
    add_classes(parser)
    parser.add_argument("--protocol", choices=("official", "strict"), default="official", help="which rows count")
    parser.add_argument("--json", action="store_true", help="one JSON object for machines instead of tables")


def run(args: argparse.Namespace) -> int:
    """Score both on the same recordings; print the difference and where it comes from."""
    classes = read_classes(args.classes)
    references, old, new = (labels.read_labels(path, classes) for path in (args.references, args.old, args.new))
    settings = score_settings(args, classes)
    comparison = metrics.compare(
        references, old, new, settings, classes=classes, protocol=args.protocol, unknown="leave_out"
    )
    if args.json:
        sys.stdout.write(json.dumps(comparison.as_json(), indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write(page(comparison))
    sides = (comparison.old, comparison.new)
    return SOME_FAILED if any(side.missing_clips or side.unknown_clips for side in sides) else DONE


def page(comparison: metrics.Comparison) -> str:
    """Return the text output: three differences with intervals, the classes, and where the score changed."""
    unit = comparison.old.recordings.unit
    settings = comparison.old.settings
    rows = [
        [comparison.protocol, "old", "new", "difference", f"95 % interval (by {unit})", ""],
        _row(f"F{settings.azimuth_threshold_deg:g}", comparison.f20, 100, " %", higher_is_better=True),
        _row("DOAE", comparison.doae_deg, 1, " deg", higher_is_better=False),
        _row("RDE", comparison.rde, 1, "", higher_is_better=False, digits=2),
    ]
    better, worse = comparison.better(), comparison.worse()
    changes = dict(zip(comparison.classes.names, comparison.per_class, strict=True))
    lines = [f"Better on {len(better)} of {len(comparison.classes)} classes" + _list(better, changes)]
    if worse:
        lines.append(f"Worse on {len(worse)}" + _list(worse, changes))
    where = [["where it changed (F, points)", "old", "new", "difference", "95 % interval", ""]]
    for bands in comparison.where.values():
        where += [_row(band, change, 100, "", higher_is_better=True) for band, change in bands.items()]
    notes = "".join(f"{note}\n" for note in comparison.notes())
    return f"{aligned(rows)}{notes}" + "\n".join(lines) + f"\n\n{aligned(where)}"


def _row(
    name: str, change: metrics.Change, factor: float, unit: str, *, higher_is_better: bool, digits: int = 1
) -> list[str]:
    """One score: old, new, signed difference, interval, and "better" or "worse" where the interval excludes zero."""
    old, new = (f"{factor * value:.{digits}f}{unit}" for value in (change.old, change.new))
    difference, low, high = (f"{factor * value:+.{digits}f}" for value in (change.difference, change.low, change.high))
    between = "-" if change.low != change.low else f"{low} .. {high}"
    judgement = ("better" if (change.difference > 0) == higher_is_better else "worse") if change.is_clear else ""
    shown = ("-" if "nan" in text else text for text in (old, new, difference, between))
    return [name, *shown, judgement]


def _list(names: tuple[str, ...], changes: dict[str, metrics.Change]) -> str:
    """The classes with their differences in points, at most five."""
    shown = [f"{name} {100 * changes[name].difference:+.1f}" for name in names[:5]]
    return (": " + ", ".join(shown) if shown else "") + (", ..." if len(names) > 5 else "")


COMMAND = Command(
    summary="compare two systems on the same references, with intervals and where they differ",
    examples=(
        "whence compare references/ old/ new/",
        "whence compare references/ old/ new/ --protocol strict",
        "whence compare references/ old.zip new.zip --json",
    ),
    add_arguments=add_arguments,
    run=run,
)
