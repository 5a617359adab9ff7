"""`whence detect`: which sounds happen in recordings, when, from which direction and how far away."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whence.cli.command import Command, shown_progress
from whence.cli.model_choice import add_model, model_path
from whence.cli.sounds_found import find_sounds
from whence.errors import ASKED_WRONGLY, DONE, SOME_FAILED, WhenceError
from whence.inference import STDIN, Request, Result, ResumeRecord, predict_all
from whence.views import event_table

if TYPE_CHECKING:
    from whence.inference import NetworkSystem
    from whence.labels import ClassList

FAILURES = "failures.csv"
_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which sounds, what comes out."""
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
    parser.add_argument(
        "--tta", choices=("swap",), help="average with the mirrored answer to the mirrored sound: twice the work"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; 1 uses all cores for one sound")
    parser.add_argument("--again", action="store_true", help="answer anew for sounds that are finished")
    parser.add_argument(
        "--channels",
        type=_channels,
        metavar="L,R",
        help="the channels for left and right, counted from 1, or mono to detect without direction",
    )


def run(args: argparse.Namespace) -> int:
    """Result for every sound; go on when one cannot be read."""
    from whence.inference import load

    question = _question(args)
    pairs = find_sounds(args.sounds)
    if len(pairs) == 1 and pairs[0][0] != STDIN and not pairs[0][0].exists():
        raise WhenceError(f"{pairs[0][0]}: no such file")
    # A wrong model or threshold is said before anything is written.
    system = load(question.model, swap=question.swap).with_thresholds(args.threshold)
    wanted: list[tuple[Path, Path | None]] = [(sound, None) for sound, _ in pairs]
    finished = None
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        finished = ResumeRecord(args.out, question)
        due = [(s, t) for s, t in pairs if args.again or not finished.has(s, t)]
        if len(due) < len(pairs):
            _log.info("%d of %d sounds were finished before; --again answers anew", len(pairs) - len(due), len(pairs))
        wanted = [(sound, args.out / target) for sound, target in due]
    failures = _answered(args, system, question, wanted, finished)
    return _ended(args, len(pairs), failures)


def _answered(
    args: argparse.Namespace,
    system: NetworkSystem,
    question: Request,
    wanted: list[tuple[Path, Path | None]],
    finished: ResumeRecord | None,
) -> list[Result]:
    """Result, write or print; what failed comes back."""
    failures, heard_s = [], 0.0
    with shown_progress("s", quiet=args.quiet) as show:

        def heard(seconds: float) -> None:
            nonlocal heard_s
            heard_s += seconds
            show("seconds heard", round(heard_s), 0)

        for done in predict_all(system, question, wanted, max(min(args.jobs, len(wanted)), 1), heard):
            for level, sentence in done.told:
                _log.log(level, "%s", sentence)
            if done.failure is not None:
                failures.append(done)
                _log.error("%s", done.failure)
            elif finished is not None and done.target is not None:
                finished.add(done.sound, done.target.relative_to(args.out))
            elif done.events is not None:
                sys.stdout.write(_shown(done, args, system.classes, many=len(wanted) > 1))
                sys.stdout.flush()
    return failures


def _shown(done: Result, args: argparse.Namespace, classes: ClassList, *, many: bool) -> str:
    """One sound's events for the screen, or for a program."""
    from whence.labels import json_events_text
    from whence.text import shown

    assert done.events is not None
    if args.to:
        return json_events_text(done.events, classes)
    heading = f"{shown(str(done.sound))}\n" if many else ""
    return heading + event_table(done.events, classes)


def _ended(args: argparse.Namespace, count: int, failures: list[Result]) -> int:
    """List what failed beside the results, say how it went in the last line."""
    from whence.cli.failure_list import write_failures

    if args.out is not None:
        write_failures(args.out / FAILURES, [(str(done.sound), done.failure or "") for done in failures])
        _log.info("%d of %d sounds answered in %s", count - len(failures), count, args.out)
    if not failures:
        return DONE
    if count == 1 and not args.sounds[0].exists() and args.sounds[0] != STDIN:
        return ASKED_WRONGLY
    listed = f"; they stand in {args.out / FAILURES}" if args.out is not None else ""
    _log.error("%d of %d failed%s", len(failures), count, listed)
    return SOME_FAILED


def _question(args: argparse.Namespace) -> Request:
    """The flags, checked, as what workers need."""
    from whence.labels import FORMATS

    for name in args.to:
        if name not in FORMATS:
            raise WhenceError(f"--to {name!r}: no such format; there are: {', '.join(FORMATS)}")
    if args.to and args.out is None and args.to != ["json"]:
        raise WhenceError(f"--to {args.to[0]}: name a folder with --out; without one, only json is printed")
    if args.jobs < 1:
        raise WhenceError(f"--jobs is {args.jobs}; it must be at least 1")
    if args.jobs > 1 and STDIN in args.sounds:
        raise WhenceError("standard input is read by one process; leave --jobs out")
    mono = args.channels == "mono"
    return Request(
        model=model_path(args.model),
        threshold=args.threshold,
        swap=args.tta == "swap",
        channels=None if mono else args.channels,
        mono=mono,
        formats=tuple(dict.fromkeys(("dcase", *args.to))),
    )


def _channels(word: str) -> tuple[int, int] | str:
    """`1,2` as numbers, or the word mono."""
    if word == "mono":
        return word
    left, right = word.split(",")
    return int(left), int(right)


COMMAND = Command(
    summary="tell which sounds happen in recordings, when, where from and how far away",
    examples=(
        "whence detect street.wav",
        "whence detect recordings/ --out results/ --to audacity --jobs 4",
        "whence detect - --to json < street.wav",
    ),
    add_arguments=add_arguments,
    run=run,
)
