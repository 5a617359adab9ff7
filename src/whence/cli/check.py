"""`whence check`: finds what is wrong with sounds and labels before hours are spent on training or scoring."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from whence import audio, labels
from whence.cli.check_folder import check_lengths, check_training_set, find_clips
from whence.cli.check_microphones import calibrate, check_sound
from whence.cli.command import Command
from whence.cli.inputs import LAYOUTS, add_classes, read_classes
from whence.cli.recording import add_channels, add_microphones, read_told
from whence.errors import DONE, SOME_FAILED, AudioError, LabelError, WhenceError
from whence.text import shown
from whence.units import FRAME_S
from whence.views import duration

# A class with fewer clips than this cannot be split into training and validation in any useful way.
FEW_CLIPS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder, the layout of its labels, and how strictly to check."""
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        help="folder with sounds, label files (CSV), or both; or one sound, to tell its microphones",
    )
    parser.add_argument(
        "--layout", choices=LAYOUTS, default="dcase2025", help="what the columns of the label files are"
    )
    add_classes(parser)
    add_channels(parser)
    add_microphones(parser)
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="label frames of 100 ms per clip where there is no sound to count them by",
    )
    parser.add_argument("--labels-only", action="store_true", help="do not open the sounds")
    parser.add_argument("--strict", action="store_true", help="what is suspicious counts as a problem")
    parser.add_argument("--clap-left", action="store_true", help="the one sound holds a clap at the left: is it there?")
    parser.add_argument(
        "--calibrate",
        nargs=3,
        type=Path,
        metavar=("LEFT", "AHEAD", "RIGHT"),
        help="measure a pair: recordings of a clap at the left, ahead and at the right",
    )
    parser.add_argument("--out", type=Path, metavar="YAML", help="where --calibrate writes the description of the pair")
    parser.add_argument("--json", action="store_true", help="one JSON object for machines")


def run(args: argparse.Namespace) -> int:
    """Check every file; "some failed" when there are problems."""
    if args.calibrate:
        if args.folder is not None or args.clap_left:
            raise WhenceError("--calibrate takes three recordings and nothing else than --out")
        return calibrate(args)
    if args.out is not None:
        raise WhenceError("--out is where --calibrate writes; add --calibrate, or leave it out")
    if args.folder is None:
        raise WhenceError("nothing to check; name a folder or a sound")
    if args.folder.is_file():
        if args.json or args.labels_only:
            raise WhenceError("one sound is told about in sentences; --json and --labels-only are for folders")
        return check_sound(args.folder, args)
    if args.clap_left:
        raise WhenceError("--clap-left is for one sound; name the recording of the clap")
    if not args.folder.is_dir():
        raise WhenceError(f"{args.folder}: no such folder; give the one that holds the sounds and their CSV files")
    classes, microphones = read_classes(args.classes), read_told(args)
    channels = audio.read_channels(args.channels)
    sounds, label_files, findings = find_clips(args.folder)
    if not sounds and not label_files:
        raise WhenceError(f"{args.folder}: neither sounds nor CSV files in here")
    clips, unreadable = _readable(label_files, args.layout, classes)
    findings += unreadable
    reports: dict[str, audio.SignalReport] = {}
    if not args.labels_only:
        reports, faulty = _check_sounds(sounds, channels, microphones)
        findings += faulty
        refused = list(check_training_set(args.folder))
        findings += refused or check_lengths(reports, sounds)
    findings += _check_labels(clips, classes, reports, args.frames, microphones)
    problems = sum(finding.severity == "problem" for finding in findings)
    if args.json:
        sys.stdout.write(json.dumps(_as_json(clips, reports, findings), indent=2) + "\n")
    else:
        sys.stdout.write(_page(clips, classes, reports, findings))
    failed = problems or (args.strict and findings)
    return SOME_FAILED if failed else DONE


def _readable(
    label_files: Mapping[str, Path], layout: str, classes: labels.ClassList
) -> tuple[labels.ClipEvents, list[labels.Finding]]:
    """The labels that can be read, and a problem for each file that cannot."""
    try:
        return labels.read_named_files(label_files, layout, classes), []
    except LabelError:
        tables, problems = {}, []
    for name, path in label_files.items():
        try:
            tables[name] = labels.read_named_files({name: path}, layout, classes).events
        except LabelError as error:
            problems.append(_problem(error, path))
    return labels.ClipEvents.from_mapping(tables), problems


def _problem(error: WhenceError, path: Path) -> labels.Finding:
    """A finding for a file that cannot be read, from the fields of its error."""
    place = shown(path if error.where is None else error.where) + ("" if error.line is None else f":{error.line}")
    return labels.Finding("problem", place, error.what, error.remedy or "correct the file")


def _check_sounds(
    sounds: Mapping[str, Path], channels: audio.Channels | None, microphones: audio.Microphones | None
) -> tuple[dict[str, audio.SignalReport], list[labels.Finding]]:
    """Check every sound in constant memory."""
    from tqdm import tqdm

    reports, findings = {}, []
    for name, path in tqdm(sounds.items(), desc="checking", unit="clip", disable=None, leave=False):
        try:
            reports[name] = audio.check(path, channels=channels, microphones=microphones)
        except AudioError as error:
            findings.append(_problem(error, path))
            continue
        unusable = reports[name].not_numbers_sentence()
        for sentence in reports[name].warnings():
            severity: labels.Severity = "problem" if sentence == unusable else "suspicious"
            findings.append(labels.Finding(severity, str(path), sentence, "listen to it"))
    return reports, findings


def _check_labels(
    clips: labels.ClipEvents,
    classes: labels.ClassList,
    reports: Mapping[str, audio.SignalReport],
    frames: int | None,
    microphones: audio.Microphones | None,
) -> list[labels.Finding]:
    """Findings about the labels, with each clip's end taken from its sound where there is one."""
    if not len(clips):
        return []
    ends = {name: math.ceil(round(report.duration_s / FRAME_S, 6)) for name, report in reports.items()}
    around = microphones is not None and microphones.is_full_circle
    return labels.check_clips(clips, classes, ends or frames, full_circle=around)


def _as_json(
    clips: labels.ClipEvents, reports: Mapping[str, audio.SignalReport], findings: list[labels.Finding]
) -> dict[str, object]:
    """The output of `--json`."""
    return {
        "clips": len(clips.names or reports),
        "seconds": round(sum(report.duration_s for report in reports.values()), 3),
        "events": len(list(clips.events)),
        "findings": [asdict(finding) for finding in findings],
    }


def _page(
    clips: labels.ClipEvents,
    classes: labels.ClassList,
    reports: Mapping[str, audio.SignalReport],
    findings: list[labels.Finding],
) -> str:
    """The text output: a summary, then the problems, then what is suspicious."""
    lines = [_summary(clips, reports)]
    lines += _class_lines(clips, classes)
    for severity in ("problem", "suspicious"):
        chosen = [finding for finding in findings if finding.severity == severity]
        lines += [f"{severity.capitalize()}: {finding}" for finding in chosen]
    problems = sum(finding.severity == "problem" for finding in findings)
    suspicious = len(findings) - problems
    lines.append(f"{problems:,} problems, {suspicious:,} suspicious" if findings else "Nothing wrong was found")
    return "\n".join(lines) + "\n"


def _summary(clips: labels.ClipEvents, reports: Mapping[str, audio.SignalReport]) -> str:
    """The number of clips, their length and rates."""
    parts = [f"{max(len(clips), len(reports)):,} clips"]
    if reports:
        rates = sorted({report.sample_rate_hz for report in reports.values()})
        parts.append(duration(sum(report.duration_s for report in reports.values())))
        parts.append(" and ".join(f"{rate / 1000:g}" for rate in rates) + " kHz")
    return ", ".join(parts) + f", {clips.events.row_count:,} labelled (frame, source) rows"


def _class_lines(clips: labels.ClipEvents, classes: labels.ClassList) -> list[str]:
    """How many classes occur, and which have too few clips to learn from."""
    import numpy as np

    if not clips.events:
        return []
    present = np.unique(np.stack([clips.clip_of_row(), clips.events.class_index]), axis=1)[1]
    counts = np.bincount(present, minlength=len(classes))
    few = [f"{classes[int(i)]!r} has {counts[i]}" for i in np.flatnonzero((counts > 0) & (counts < FEW_CLIPS))]
    line = f"{(counts > 0).sum()} of {len(classes)} classes"
    return [line + (f"; clips: {', '.join(few)}" if few else "")]


COMMAND = Command(
    summary="check sounds and label files before scoring or training",
    examples=(
        "whence check my_data/",
        "whence check clap.wav --clap-left",
        "whence check --calibrate left.wav ahead.wav right.wav --out mine.yaml",
        "whence check predictions/ --frames 50",
        "whence check STARSS23/metadata_dev --layout dcase2023",
    ),
    add_arguments=add_arguments,
    run=run,
)
