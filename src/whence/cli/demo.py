"""`whence demo`: the sounds of two packaged scenes are found, and compared with what was mixed into them."""

from __future__ import annotations

import argparse
import logging
import math
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from whence import audio, inference, labels, metrics
from whence.cli.command import Command
from whence.errors import DONE, MissingExtraError
from whence.text import counted
from whence.units import SAMPLE_RATE_HZ
from whence.views import aligned, direction, picture, report

if TYPE_CHECKING:
    from whence.labels import Detection

SCENES = Path(__file__).parent / "demo_scenes"
# Label files of 24 clips and of two made-up systems, to try `evaluate` and `compare` on.
LABELS = Path(__file__).parent / "demo_labels"
_PAGE = "report"
_log = logging.getLogger("whence.cli")


@dataclass(frozen=True)
class _Scene:
    """One scene: its sound, what was mixed and what was found."""

    sound: Path
    mixed: labels.Detections
    found: labels.Detections


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the results."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the results; made if missing"
    )


def run(args: argparse.Namespace) -> int:
    """Detect the events of each scene, say how many were found, and write sounds, labels, pictures and a page."""
    system = inference.load()
    sounds = sorted(SCENES.glob("*.flac"))
    signals = [audio.read(sound) for sound in sounds]
    began = time.perf_counter()
    tables = [system.detect(signal) for signal in signals]
    seconds = time.perf_counter() - began
    scenes = [
        _Scene(
            sound,
            labels.Detections(labels.read_dcase(sound.with_suffix(".csv")), system.classes),
            labels.Detections(table, system.classes),
        )
        for sound, table in zip(sounds, tables, strict=True)
    ]
    pairs = [pair for scene in scenes for pair in paired(scene.mixed, scene.found)]
    times = sum(signal.shape[1] for signal in signals) / SAMPLE_RATE_HZ / seconds
    sys.stdout.write(f"{summary(pairs)}, {times:.0f} times faster than real time\n")
    args.out.mkdir(parents=True, exist_ok=True)
    for scene, signal in zip(scenes, signals, strict=True):
        sys.stdout.write(f"\n{scene.sound.name}\n{_table(paired(scene.mixed, scene.found))}")
        shutil.copyfile(scene.sound, args.out / scene.sound.name)
        labels.write_dcase(args.out / f"{scene.sound.stem}.csv", scene.found.frames)
        _draw(args.out / f"{scene.sound.stem}.png", scene, signal)
    _write_page(args.out / _PAGE, scenes)
    sys.stdout.write(
        f"\nSounds, labels and pictures are in {args.out}/\nTo see and hear: {args.out / _PAGE / 'index.html'}\n"
        "Next: whence detect your.wav | whence listen | whence serve\n"
    )
    return DONE


def paired(mixed: Sequence[Detection], found: Sequence[Detection]) -> list[tuple[Detection | None, Detection | None]]:
    """Pair what was mixed with what was found: of one class, and longest at the same time.

    Returns:
        pairs by onset; None stands for what was missed, or found where nothing was.
    """
    overlaps = sorted(
        (
            (min(a.offset_s, b.offset_s) - max(a.onset_s, b.onset_s), i, j)
            for i, a in enumerate(mixed)
            for j, b in enumerate(found)
            if a.class_index == b.class_index
        ),
        reverse=True,
    )
    partner: dict[int, int] = {}
    for overlap_s, i, j in overlaps:
        if overlap_s > 0 and i not in partner and j not in partner.values():
            partner[i] = j
    pairs: list[tuple[Detection | None, Detection | None]] = [
        (event, found[partner[i]] if i in partner else None) for i, event in enumerate(mixed)
    ]
    pairs += [(None, event) for j, event in enumerate(found) if j not in partner.values()]
    return sorted(pairs, key=lambda pair: min(event.onset_s for event in pair if event is not None))


def summary(pairs: Sequence[tuple[Detection | None, Detection | None]]) -> str:
    """Return how many sounds were found and how far off.

    >>> tap = labels.Detection("tap", 0.0, 1.0, 40.0, 2.0, 1.0, 0, 0)
    >>> summary([(tap, labels.Detection("tap", 0.1, 1.0, 46.0, 1.5, 0.9, 0, 0)), (tap, None)])
    'found 1 of 2 sounds, 6° and 0.5 m off on average'
    """
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    wrong = sum(a is None for a, _ in pairs)
    text = f"found {len(both)} of {sum(a is not None for a, _ in pairs)} sounds"
    if both:
        angles = [abs((a.azimuth_deg - b.azimuth_deg + 180) % 360 - 180) for a, b in both]
        metres = [abs(a.distance_m - b.distance_m) for a, b in both]
        text += f", {mean(angles):.0f}° and {mean(metres):.1f} m off on average"
    return f"{text}, and {counted(wrong, 'sound')} that was not there" if wrong else text


def _table(pairs: Sequence[tuple[Detection | None, Detection | None]]) -> str:
    """What was mixed beside what was found."""
    rows = [("time", "class", "mixed at", "", "found at", "", "sure")]
    for mixed, found in pairs:
        event = mixed or found
        assert event is not None
        sure = "" if found is None else f"{found.score:.2f}"
        times = f"{event.onset_s:.1f}-{event.offset_s:.1f} s"
        rows.append((times, event.name, *_place(mixed, "nothing"), *_place(found, "missed"), sure))
    return aligned(rows, left=6)


def _place(event: Detection | None, otherwise: str) -> tuple[str, str]:
    """Direction and distance."""
    if event is None:
        return otherwise, ""
    return direction(event.azimuth_deg), "" if math.isnan(event.distance_m) else f"{event.distance_m:.1f} m"


def _draw(path: Path, scene: _Scene, signal: object) -> None:
    """Draw a picture, if the extra for it is installed."""
    mixed, found = scene.mixed, scene.found
    try:
        picture.draw_clip(
            path, signal, mixed.frames, mixed.classes, title=scene.sound.name, predicted=found.frames  # type: ignore[arg-type]
        )  # fmt: skip
    except MissingExtraError as error:
        _log.info("no picture: %s", error)


def _write_page(folder: Path, scenes: Sequence[_Scene]) -> None:
    """A report on both scenes, with their sounds."""
    mixed = labels.ClipEvents.from_mapping({scene.sound.stem: scene.mixed.frames for scene in scenes})
    found = labels.ClipEvents.from_mapping({scene.sound.stem: scene.found.frames for scene in scenes})
    evaluation = metrics.evaluate(mixed, found)
    sounds = {scene.sound.stem: scene.sound for scene in scenes}
    reason = "Two scenes are too few to compare scores with."
    report.check_target(folder)
    with report.folder_written_whole(folder) as target:
        worst = report.worst_clips(evaluation, len(scenes))
        sources = (Path("what was mixed"), Path("what was found"))
        report.write_report(target, sources, evaluation, (mixed, found), reason, worst, sounds, lambda done: None)


COMMAND = Command(
    summary="find the sounds of two packaged scenes: events, sounds, pictures, a page; offline",
    examples=("whence demo",),
    add_arguments=add_arguments,
    run=run,
)
