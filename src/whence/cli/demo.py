"""`whence demo`: the whole of whence on two shipped scenes: events, files, pictures, and how right they are."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from whence.cli.command import Command
from whence.errors import DONE
from whence.views import event_table

if TYPE_CHECKING:
    from whence.inference import NetworkSystem
    from whence.labels import Events

SCENES = Path(__file__).parent / "demo_scenes"
# Two made-up systems and their truth on 24 clips, to try `evaluate` and `compare` on.
LABELS = Path(__file__).parent / "demo_labels"
_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the results; made if missing"
    )


def run(args: argparse.Namespace) -> int:
    """Hear each scene, show and write what was found, score all of it."""
    from whence.cli.evaluate import page
    from whence.inference import load
    from whence.labels import ClipEvents, read_dcase
    from whence.metrics import evaluate

    system = load()
    args.out.mkdir(parents=True, exist_ok=True)
    truth, found = {}, {}
    for sound in sorted(SCENES.glob("*.flac")):
        truth[sound.stem] = read_dcase(sound.with_suffix(".csv"))
        found[sound.stem] = _heard(system, sound, truth[sound.stem], args.out)
    score = evaluate(ClipEvents.from_mapping(truth), ClipEvents.from_mapping(found))
    sys.stdout.write(
        "How right that is, by the metric of DCASE 2025 Task 3 (two scenes are an example, no benchmark):\n\n"
    )
    sys.stdout.write(page(score, "class"))
    sys.stdout.write(f"\nEverything lies in {args.out}/\nNext: whence detect your.wav | whence listen | whence serve\n")
    return DONE


def _heard(system: NetworkSystem, sound: Path, truth: Events, folder: Path) -> Events:
    """The events of one scene, shown beside the truth and written."""
    from whence.audio import read
    from whence.labels import write_dcase

    signal = read(sound)
    began = time.perf_counter()
    events = system.detect(signal)
    seconds, length_s = time.perf_counter() - began, signal.shape[1] / 24_000
    sys.stdout.write(f"{sound.name}, what there is in it (it was mixed, so this is known):\n")
    sys.stdout.write(event_table(truth, system.classes))
    sys.stdout.write(f"and what {system.name} hears, in {seconds:.1f} s ({length_s / seconds:.0f} x real time):\n")
    sys.stdout.write(f"{event_table(events, system.classes)}\n")
    write_dcase(folder / f"{sound.stem}.csv", events)
    _draw(folder / f"{sound.stem}.png", sound.name, signal, truth, events, system)
    return events


def _draw(path: Path, title: str, signal: object, truth: Events, events: Events, system: NetworkSystem) -> None:
    """A picture, where there is something to draw with."""
    from whence.errors import MissingExtraError
    from whence.views.picture import draw_clip

    try:
        draw_clip(path, signal, truth, system.classes, title=title, predicted=events)  # type: ignore[arg-type]
    except MissingExtraError as error:
        _log.info("no picture: %s", error)


COMMAND = Command(
    summary="hear two shipped scenes: events, files, pictures, scores; offline",
    examples=("whence demo",),
    add_arguments=add_arguments,
    run=run,
)
