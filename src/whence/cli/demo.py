"""`whence demo`: events, files, pictures and scores for two packaged scenes."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

from whence import audio, inference, labels, metrics
from whence.cli.command import Command
from whence.cli.evaluate import page
from whence.errors import DONE, MissingExtraError
from whence.views import event_table, picture

SCENES = Path(__file__).parent / "demo_scenes"
# Label files of 24 clips and of two made-up systems, to try `evaluate` and `compare` on.
LABELS = Path(__file__).parent / "demo_labels"
_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the results."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the results; made if missing"
    )


def run(args: argparse.Namespace) -> int:
    """Detect the events of each scene, show and write them, and score all."""
    system = inference.load()
    args.out.mkdir(parents=True, exist_ok=True)
    truth, found = {}, {}
    for sound in sorted(SCENES.glob("*.flac")):
        truth[sound.stem] = labels.read_dcase(sound.with_suffix(".csv"))
        found[sound.stem] = _detected(system, sound, truth[sound.stem], args.out)
    score = metrics.evaluate(labels.ClipEvents.from_mapping(truth), labels.ClipEvents.from_mapping(found))
    sys.stdout.write("Scores by the metric of DCASE 2025 Task 3 (two scenes are an example, not a benchmark):\n\n")
    sys.stdout.write(page(score, "class"))
    sys.stdout.write(f"\nAll files are in {args.out}/\nNext: whence detect your.wav | whence listen | whence serve\n")
    return DONE


def _detected(system: inference.NetworkSystem, sound: Path, truth: labels.Events, folder: Path) -> labels.Events:
    """Return the events of one scene, printed below the true ones and written to files."""
    signal = audio.read(sound)
    began = time.perf_counter()
    events = system.detect(signal)
    seconds, length_s = time.perf_counter() - began, signal.shape[1] / 24_000
    sys.stdout.write(f"{sound.name}, the true events (known, because the scene was mixed):\n")
    sys.stdout.write(event_table(truth, system.classes))
    sys.stdout.write(f"and what {system.name} detects, in {seconds:.1f} s ({length_s / seconds:.0f} x real time):\n")
    sys.stdout.write(f"{event_table(events, system.classes)}\n")
    labels.write_dcase(folder / f"{sound.stem}.csv", events)
    _draw(folder / f"{sound.stem}.png", sound.name, signal, truth, events, system)
    return events


def _draw(
    path: Path, title: str, signal: object, truth: labels.Events, events: labels.Events, system: inference.NetworkSystem
) -> None:
    """Draw a picture, if the extra for it is installed."""
    try:
        picture.draw_clip(path, signal, truth, system.classes, title=title, predicted=events)  # type: ignore[arg-type]
    except MissingExtraError as error:
        _log.info("no picture: %s", error)


COMMAND = Command(
    summary="detect the events of two packaged scenes: files, pictures, scores; offline",
    examples=("whence demo",),
    add_arguments=add_arguments,
    run=run,
)
