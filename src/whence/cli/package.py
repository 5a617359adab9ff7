"""`whence package`: pack predictions, meta files and a report into a DCASE submission, or list what is wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from whence import challenge
from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.errors import ASKED_WRONGLY, DONE, WhenceError
from whence.files import written_whole
from whence.text import counted

_LOG = logging.getLogger("whence.cli")
_MOST_LINES = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the systems, what describes them, and the archive."""
    parser.add_argument(
        "predictions", type=Path, nargs="*", metavar="PREDS", help="folder or zip of a system's predictions"
    )
    parser.add_argument("--name", metavar="LABEL", help="Doe_INST_task3_1, of the first system; further ones count up")
    parser.add_argument(
        "--meta", type=Path, action="append", metavar="FILE", help="meta file, once for each system in order"
    )
    parser.add_argument("--report", type=Path, metavar="PDF", help="the technical report, one for all systems")
    parser.add_argument(
        "--eval",
        type=Path,
        metavar="DIR",
        help="holds stereo_eval/eval/*.wav; or sounds, or a text file with their names",
    )
    parser.add_argument("--out", type=Path, metavar="ZIP", help="the archive to write")
    add_classes(parser)
    parser.add_argument("--template", type=Path, metavar="FILE", help="write a meta file to fill in, and nothing else")


def run(args: argparse.Namespace) -> int:
    """Write a template, or check everything and pack it if nothing is wrong."""
    if args.template is not None:
        return _write_template(args)
    labels, clips = _labels(args), challenge.eval_clips(args.eval)
    members, problems = challenge.collect_submission(
        labels, args.predictions, args.meta, args.report, clips, read_classes(args.classes)
    )
    if problems:
        lines = [str(problem) for problem in problems[:_MOST_LINES]]
        if len(problems) > _MOST_LINES:
            lines.append(f"... and {len(problems) - _MOST_LINES:,} more")
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.write(f"whence: {counted(len(problems), 'problem')}; nothing was written\n")
        return ASKED_WRONGLY
    size = challenge.write_submission(args.out, members)
    sys.stdout.write(f"{args.out}  {size / 1e6:.1f} MB\n{challenge.submission_tree(members)}")
    _LOG.info("checked against the usual layout of the challenge; compare it with the official page before you submit")
    return DONE


def _write_template(args: argparse.Namespace) -> int:
    """Write a new file; one that is there is never replaced."""
    if args.predictions or args.out:
        raise WhenceError("--template writes a meta file and nothing else; give it alone")
    if args.template.exists():
        raise WhenceError(f"{args.template}: is there already; name another file")
    with written_whole(args.template) as file:
        file.write(challenge.meta_template().encode("utf-8"))
    _LOG.info("wrote %s; fill it in, one for each system", args.template)
    return DONE


def _labels(args: argparse.Namespace) -> list[str]:
    """The label of each system, once the arguments fit together."""
    needed = {"PREDS": args.predictions, "--name": args.name, "--meta": args.meta, "--report": args.report}
    needed |= {"--eval": args.eval, "--out": args.out}
    missing = [flag for flag, value in needed.items() if not value]
    if missing:
        raise WhenceError(f"needs {', '.join(missing)} as well; see whence package --help")
    labels = challenge.system_labels(args.name, len(args.predictions))
    if len(args.meta) != len(labels):
        systems, files = counted(len(labels), "system"), counted(len(args.meta), "meta file")
        raise WhenceError(f"{systems} and {files}; give --meta once for each system, in order")
    if args.out.suffix.lower() != ".zip" or not args.out.absolute().parent.is_dir():
        raise WhenceError(f"--out {args.out}: name a .zip file in a folder that is there")
    return labels


COMMAND = Command(
    summary="pack a DCASE Task 3 submission, or list everything that is wrong with it",
    examples=(
        "whence package --template meta.yaml",
        "whence package predictions/ --name Doe_INST_task3_1 --meta meta.yaml --report report.pdf --eval dcase2025/ "
        "--out submission.zip",
        "whence package a/ b.zip --name Doe_INST_task3_1 --meta a.yaml --meta b.yaml --report report.pdf "
        "--eval dcase2025/ --out submission.zip",
    ),
    add_arguments=add_arguments,
    run=run,
)
