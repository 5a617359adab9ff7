"""`whence convert-labels`: converts label files of any year into files that other programs open."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence import labels
from whence.cli.command import Command
from whence.cli.inputs import LAYOUTS, add_classes, read_classes, read_label_files
from whence.errors import DONE, SOME_FAILED, LabelError, WhenceError
from whence.text import shown

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The input and its layout, the output and its format."""
    formats = "; ".join(f"{name}: {form.description}" for name, form in labels.FORMATS.items())
    parser.add_argument("labels", type=Path, help="a label file, or a folder of them")
    parser.add_argument(
        "--from", dest="layout", choices=(*LAYOUTS, "json"), default="dcase2025", help="layout of the files"
    )
    parser.add_argument("--to", choices=tuple(labels.FORMATS), required=True, help=formats, metavar="FORMAT")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument(
        "--viewing-angle",
        type=float,
        metavar="DEG",
        help="turn to this angle and fold to the front, as a stereo pair records it",
    )
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """Convert each file; go on after one that fails, and list the failures at the end."""
    classes = read_classes(args.classes)
    sources = _sources(args.labels, ".jsonl" if args.layout == "json" else ".csv")
    if args.out.resolve() in {source.resolve().parent for source in sources}:
        raise WhenceError(f"{args.out}: the results would be mixed with the originals; choose another folder")
    root = args.labels if args.labels.is_dir() else args.labels.parent
    failures, written = [], 0
    for source in sources:
        target = args.out / source.relative_to(root).parent
        try:
            events = _read(source, args.layout, classes, args.viewing_angle)
            target.mkdir(parents=True, exist_ok=True)
            written += len(labels.write_events(target / source.stem, events, args.to, classes))
        except LabelError as error:
            # Readers name the file, writers know only the table.
            failures.append(str(error) if error.where else f"{shown(source)}: {error}")
    for failure in failures:
        _log.error("%s", failure)
    _log.info(
        "%d of %d files converted: %d written to %s", len(sources) - len(failures), len(sources), written, args.out
    )
    return SOME_FAILED if failures else DONE


def _sources(folder: Path, ending: str) -> list[Path]:
    """The label file, or the label files under a folder."""
    if folder.is_dir():
        found = [path for path in sorted(folder.rglob(f"*{ending}")) if not path.name.startswith(".")]
        if not found:
            raise WhenceError(f"{folder}: no {ending} files in here")
        return found
    if not folder.exists():
        raise WhenceError(f"{folder}: no such file or folder")
    return [folder]


def _read(source: Path, layout: str, classes: labels.ClassList, viewing_angle_deg: float | None) -> labels.Events:
    """The events of one file, turned to the viewing angle if there is one."""
    events = (
        labels.read_json_lines(source, classes)
        if layout == "json"
        else read_label_files([source], layout, classes).events
    )
    return events if viewing_angle_deg is None else labels.to_stereo(events, viewing_angle_deg)


COMMAND = Command(
    summary="turn label files into those of other programs and years",
    examples=(
        "whence convert-labels predictions/ --to audacity --out tracks/",
        "whence convert-labels clip.csv --to jams --out annotations/",
        "whence convert-labels STARSS23/metadata_dev --from dcase2023 --viewing-angle 0 --to dcase --out stereo/",
    ),
    add_arguments=add_arguments,
    run=run,
)
