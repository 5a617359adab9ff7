"""`whence detect`: which sounds happen in recordings, when, from which direction and how far away."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from whence import audio, inference, labels, scale
from whence.cli.command import Command
from whence.cli.failures import write_failures
from whence.cli.model_choice import add_model, add_swap, add_tracks, model_paths
from whence.cli.recording import add_channels, add_microphones, read_told
from whence.cli.scale_flags import add_engine, add_shard, check_engine, crew_of
from whence.cli.scale_progress import SoundProgress, add_progress
from whence.cli.sound_files import Sound, find_sounds, sound_word
from whence.errors import ASKED_WRONGLY, DONE, SOME_FAILED, WhenceError
from whence.inference import STDIN, Request, Result
from whence.text import shown
from whence.views import event_table

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "sounds",
        type=sound_word,
        nargs="+",
        help="sound files, folders, patterns, URLs, @LIST (text with a path in each line, or CSV or Parquet with a "
        "column path), or - for standard input",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results, a CSV each; without it a table is printed"
    )
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="FORMAT",
        help="parquet or csv: one table of all sounds; or a further label format, as whence convert-labels lists them, "
        "a file for each sound; without --out, json prints lines of JSON",
    )
    add_model(parser)
    parser.add_argument(
        "--threshold", type=float, metavar="0..1", help="activity above which a class counts (default: the model's own)"
    )
    add_swap(parser)
    add_tracks(parser)
    parser.add_argument("--tta", dest="swap", choices=("swap",), default=False, help="--tta swap is --swap")
    add_engine(parser)
    add_shard(parser)
    add_progress(parser)
    parser.add_argument("--again", action="store_true", help="detect again in sounds that are finished")
    add_channels(parser)
    add_microphones(parser)


def run(args: argparse.Namespace) -> int:
    """Detect in every sound; go on when one cannot be read."""
    request, tables = _request(args)
    pairs = find_sounds(args.sounds, apart=bool(request.formats))
    if len(pairs) == 1 and _is_missing(pairs[0][0]):
        raise WhenceError(f"{pairs[0][0]}: no such file")
    shard = None if args.shard is None else scale.read_shard(args.shard)
    pairs = [(sound, target) for sound, target in pairs if shard is None or shard.holds(sound)]
    suffix = "" if shard is None else shard.suffix
    # A wrong model or threshold ends the command before anything is written.
    system = (
        inference.load(request.models or None, swap=request.swap)
        .with_thresholds(args.threshold)
        .with_tracks(args.tracks)
    )
    told = request.microphones
    inference.warn_of_untrained(system.for_microphones(told).microphones, told)
    if args.out is None:
        failures = _detect_all(args, system, request, [(sound, None) for sound, _ in pairs], None)
        return _ended(args, pairs, failures)
    args.out.mkdir(parents=True, exist_ok=True)
    record = scale.ResumeRecord(args.out, request, suffix)
    wanted = [(sound, target if request.formats else None) for sound, target in pairs]
    if args.again:
        record.leave([sound for sound, _ in wanted])
    due = [(sound, target) for sound, target in wanted if args.again or not record.has(sound, target)]
    if len(due) < len(pairs):
        done_before = len(pairs) - len(due)
        _log.info("%d of %d sounds were finished before; --again detects in them again", done_before, len(pairs))
    below = [(sound, None if target is None else args.out / target) for sound, target in due]
    failures = _detect_all(args, system, request, below, record)
    for name in tables:
        rows = record.rows([sound for sound, _ in pairs], failures)
        scale.write_table(args.out / f"events{suffix}.{name}", rows)
    return _ended(args, pairs, failures, suffix, [target for _, target in pairs] if request.formats else [])


def _detect_all(
    args: argparse.Namespace,
    system: inference.NetworkSystem,
    request: Request,
    wanted: Sequence[tuple[Sound, Path | None]],
    record: scale.ResumeRecord | None,
) -> list[Result]:
    """Detect in all sounds, write or print events, and return the failures."""
    failures = []
    sounds = [sound for sound, _ in wanted]
    with SoundProgress(sounds, args.progress, quiet=args.quiet) as progress:
        crew = crew_of(args, system, request, sounds, progress.add_seconds)
        for done in scale.predict_all(crew, request, wanted, record, progress.add_seconds):
            progress.add_result(done)
            for level, sentence in done.messages:
                _log.log(level, "%s", sentence)
            if done.failure is not None:
                failures.append(done)
                _log.error("%s", done.failure)
            elif done.events is not None:
                sys.stdout.write(_shown(done, args, system.classes, many=len(wanted) > 1))
                sys.stdout.flush()
    return failures


def _shown(done: Result, args: argparse.Namespace, classes: labels.ClassList, *, many: bool) -> str:
    """Return the events of one sound as a table, or as JSON for a program."""
    assert done.events is not None
    if args.to:
        told = read_told(args)
        return labels.json_events_text(done.events, classes, told.name if told else None)
    heading = f"{shown(str(done.sound))}\n" if many else ""
    return heading + event_table(done.events, classes)


def _ended(
    args: argparse.Namespace,
    pairs: Sequence[tuple[Sound, Path]],
    failures: list[Result],
    suffix: str = "",
    results: Sequence[Path] = (),
) -> int:
    """Write the list of failures beside the results, log the counts, and return the exit code."""
    count = len(pairs)
    listed = None
    if args.out is not None:
        failed = [(str(done.sound), done.failure or "") for done in failures]
        listed = write_failures(args.out, failed, suffix, results)
        _log.info("%d of %d sounds processed; the results are in %s", count - len(failures), count, args.out)
    if not failures:
        return DONE
    if count == 1 and _is_missing(pairs[0][0]):
        return ASKED_WRONGLY
    _log.error("%d of %d failed%s", len(failures), count, "" if listed is None else f"; they are listed in {listed}")
    return SOME_FAILED


def _is_missing(sound: Sound) -> bool:
    """Whether a sound is a path at which there is nothing."""
    return isinstance(sound, Path) and sound != STDIN and not sound.exists()


def _request(args: argparse.Namespace) -> tuple[Request, list[str]]:
    """Check the flags, and return them as worker processes need them, with the kinds of tables to write."""
    for name in args.to:
        if name not in labels.FORMATS and name not in scale.TABLES:
            known = ", ".join([*labels.FORMATS, *scale.TABLES])
            raise WhenceError(f"--to {name!r}: no such format; there are: {known}")
    tables = [name for name in scale.TABLES if name in args.to]
    formats = [name for name in args.to if name not in tables]
    if args.to and args.out is None and args.to != ["json"]:
        raise WhenceError(f"--to {args.to[0]}: name a folder with --out; without one, only json is printed")
    if "csv" in tables and formats:
        raise WhenceError("--to csv makes one table of all sounds; write it and a CSV file for each into two folders")
    for name in tables:
        scale.check_writable(name)
    if args.shard is not None and args.out is None:
        raise WhenceError("--shard: name a folder with --out")
    check_engine(args)
    if tables and STDIN in args.sounds:
        raise WhenceError("standard input has no row in a table; leave --to out")
    channels = audio.read_channels(args.channels)
    mono = channels is not None and channels.is_mono
    microphones = read_told(args)
    if mono and microphones is not None:
        raise WhenceError("--channels mono has no direction to tell; leave --microphones out")
    if mono:
        _refuse_positions(formats)
    request = Request(
        models=model_paths(args.model),
        threshold=args.threshold,
        swap=bool(args.swap),
        tracks=args.tracks,
        channels=channels,
        # A label file of the challenge has a direction in every row.
        formats=() if tables and not formats else tuple(dict.fromkeys(("json" if mono else "dcase", *formats))),
        table=bool(tables),
        microphones=microphones,
    )
    return request, tables


def _refuse_positions(formats: Sequence[str]) -> None:
    """Refuse formats that need a direction in every row, which a mono sound does not have."""
    for name in formats:
        if labels.FORMATS[name].needs_positions:
            others = ", ".join(other for other, form in labels.FORMATS.items() if not form.needs_positions)
            raise WhenceError(
                f"--to {name} needs directions and --channels mono has none", remedy=f"choose of: {others}"
            )


COMMAND = Command(
    summary="detect which sounds happen in recordings, when, where from and how far away",
    examples=(
        "whence detect street.wav",
        "whence detect recordings/ --out results/ --to audacity",
        "whence detect recordings/ --out results/ --to parquet --jobs 4",
        "whence detect @sounds.txt --out results/ --to parquet --shard 2/8",
        "whence detect street.wav --model runs/a --model runs/b --swap",
        "whence detect - --to json < street.wav",
        "whence detect ambisonic.wav --microphones foa",
        "whence detect surround.wav --channels FL,FR",
    ),
    add_arguments=add_arguments,
    run=run,
)
