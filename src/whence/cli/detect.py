"""`whence detect`: which sounds happen in recordings, when, from which direction and how far away."""

from __future__ import annotations

import argparse
import csv
import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from whence import inference, labels
from whence.cli.command import Command, shown_progress
from whence.cli.model_choice import add_model, add_swap, model_paths
from whence.cli.sound_files import find_sounds
from whence.errors import ASKED_WRONGLY, DONE, SOME_FAILED, WhenceError
from whence.files import written_whole
from whence.inference import STDIN, Request, Result, ResumeRecord, predict_all
from whence.text import shown
from whence.views import event_table

FAILURES = "failures.csv"
# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("sounds", type=Path, nargs="+", help="sound files, folders of them, or - for standard input")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results, a CSV each; without it a table is printed"
    )
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="FORMAT",
        help="a further label format, as whence convert-labels lists them; without --out, json prints lines of JSON",
    )
    add_model(parser)
    parser.add_argument(
        "--threshold", type=float, metavar="0..1", help="activity above which a class counts (default: the model's own)"
    )
    add_swap(parser)
    parser.add_argument("--tta", dest="swap", choices=("swap",), default=False, help="--tta swap is --swap")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; 1 uses all cores for one sound")
    parser.add_argument("--again", action="store_true", help="detect again in sounds that are finished")
    parser.add_argument(
        "--channels",
        type=_channels,
        metavar="L,R",
        help="the channels for left and right, counted from 1, or mono to detect without direction",
    )


def run(args: argparse.Namespace) -> int:
    """Detect in every sound; go on when one cannot be read."""
    request = _request(args)
    pairs = find_sounds(args.sounds)
    if len(pairs) == 1 and pairs[0][0] != STDIN and not pairs[0][0].exists():
        raise WhenceError(f"{pairs[0][0]}: no such file")
    # A wrong model or threshold ends the command before anything is written.
    system = inference.load(request.models or None, swap=request.swap).with_thresholds(args.threshold)
    wanted: list[tuple[Path, Path | None]] = [(sound, None) for sound, _ in pairs]
    record = None
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        record = ResumeRecord(args.out, request)
        due = [(s, t) for s, t in pairs if args.again or not record.has(s, t)]
        if len(due) < len(pairs):
            done_before = len(pairs) - len(due)
            _log.info("%d of %d sounds were finished before; --again detects in them again", done_before, len(pairs))
        wanted = [(sound, args.out / target) for sound, target in due]
    failures = _detect_all(args, system, request, wanted, record)
    return _ended(args, len(pairs), failures)


def _detect_all(
    args: argparse.Namespace,
    system: inference.NetworkSystem,
    request: Request,
    wanted: list[tuple[Path, Path | None]],
    record: ResumeRecord | None,
) -> list[Result]:
    """Detect in all sounds, write or print events, and return the failures."""
    failures, done_s = [], 0.0
    with shown_progress("s", quiet=args.quiet) as show:

        def progress(seconds: float) -> None:
            nonlocal done_s
            done_s += seconds
            show("seconds of sound", round(done_s), 0)

        for done in predict_all(system, request, wanted, max(min(args.jobs, len(wanted)), 1), progress):
            for level, sentence in done.messages:
                _log.log(level, "%s", sentence)
            if done.failure is not None:
                failures.append(done)
                _log.error("%s", done.failure)
            elif record is not None and done.target is not None:
                record.add(done.sound, done.target.relative_to(args.out))
            elif done.events is not None:
                sys.stdout.write(_shown(done, args, system.classes, many=len(wanted) > 1))
                sys.stdout.flush()
    return failures


def _shown(done: Result, args: argparse.Namespace, classes: labels.ClassList, *, many: bool) -> str:
    """Return the events of one sound as a table, or as JSON for a program."""
    assert done.events is not None
    if args.to:
        return labels.json_events_text(done.events, classes)
    heading = f"{shown(str(done.sound))}\n" if many else ""
    return heading + event_table(done.events, classes)


def _ended(args: argparse.Namespace, count: int, failures: list[Result]) -> int:
    """Write the list of failures beside the results, log the counts, and return the exit code."""
    if args.out is not None:
        write_failures(args.out / FAILURES, [(str(done.sound), done.failure or "") for done in failures])
        _log.info("%d of %d sounds processed; the results are in %s", count - len(failures), count, args.out)
    if not failures:
        return DONE
    if count == 1 and not args.sounds[0].exists() and args.sounds[0] != STDIN:
        return ASKED_WRONGLY
    listed = f"; they are listed in {args.out / FAILURES}" if args.out is not None else ""
    _log.error("%d of %d failed%s", len(failures), count, listed)
    return SOME_FAILED


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write a CSV file of (item, failure); where nothing failed, remove an old one."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("item", "failure"))
    for row in failures:
        writer.writerow(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row)
    with written_whole(path) as file:
        file.write(text.getvalue().encode("utf-8", errors="backslashreplace"))


def _request(args: argparse.Namespace) -> Request:
    """Check the flags, and return them as worker processes need them."""
    for name in args.to:
        if name not in labels.FORMATS:
            raise WhenceError(f"--to {name!r}: no such format; there are: {', '.join(labels.FORMATS)}")
    if args.to and args.out is None and args.to != ["json"]:
        raise WhenceError(f"--to {args.to[0]}: name a folder with --out; without one, only json is printed")
    if args.jobs < 1:
        raise WhenceError(f"--jobs is {args.jobs}; it must be at least 1")
    if args.jobs > 1 and STDIN in args.sounds:
        raise WhenceError("standard input is read by one process; leave --jobs out")
    mono = args.channels == "mono"
    return Request(
        models=model_paths(args.model),
        threshold=args.threshold,
        swap=bool(args.swap),
        channels=None if mono else args.channels,
        mono=mono,
        formats=tuple(dict.fromkeys(("dcase", *args.to))),
    )


def _channels(word: str) -> tuple[int, int] | str:
    """Read `1,2` as numbers, or the word mono."""
    if word == "mono":
        return word
    left, right = word.split(",")
    return int(left), int(right)


COMMAND = Command(
    summary="detect which sounds happen in recordings, when, where from and how far away",
    examples=(
        "whence detect street.wav",
        "whence detect recordings/ --out results/ --to audacity --jobs 4",
        "whence detect street.wav --model runs/a --model runs/b --swap",
        "whence detect - --to json < street.wav",
    ),
    add_arguments=add_arguments,
    run=run,
)
