"""`whence demo`: the main job on small shipped data, offline: two systems scored and compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from whence.apps.command import DONE, Command

LABELS = Path(__file__).parent / "demo_labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: a demo that asks questions is none."""


def run(args: argparse.Namespace) -> int:
    """Score the cautious system, then say what the eager one does better and worse."""
    from whence.apps import compare, evaluate
    from whence.apps.inputs import read_classes, read_labels
    from whence.metrics import compare as compare_systems
    from whence.metrics import evaluate as evaluate_system

    classes = read_classes(None)
    truth, cautious, eager = (read_labels(LABELS / name, classes) for name in ("truth", "cautious", "eager"))
    sys.stdout.write(f"Two made-up systems on {len(truth)} clips of 6 rooms. The cautious one:\n\n")
    sys.stdout.write(evaluate.page(evaluate_system(truth, cautious), "class"))
    sys.stdout.write("\nThe eager one hears more and places it worse:\n\n")
    sys.stdout.write(compare.page(compare_systems(truth, cautious, eager)))
    sys.stdout.write(
        f"\nThe same on your own folders of CSVs (these stand in {LABELS}):\n"
        "  whence evaluate references/ predictions/\n"
        "  whence compare references/ old/ new/\n"
    )
    return DONE


COMMAND = Command(
    summary="score and compare two small shipped systems, offline",
    examples=("whence demo",),
    add_arguments=add_arguments,
    run=run,
)
