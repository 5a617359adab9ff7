"""`whence package`: predictions, meta files and a report become a DCASE submission, or a list of what is wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.errors import ASKED_WRONGLY, DONE, WhenceError

if TYPE_CHECKING:
    from whence.labels import ClassList

_LOG = logging.getLogger("whence.cli")
_MOST_LINES = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Up to four systems, what describes them, and where the archive goes."""
    parser.add_argument(
        "predictions", type=Path, nargs="*", metavar="PREDS", help="folder or zip of a system's answers"
    )
    parser.add_argument("--name", metavar="LABEL", help="Doe_INST_task3_1, of the first system; further ones count up")
    parser.add_argument(
        "--meta",
        type=Path,
        action="append",
        metavar="FILE",
        help="meta file, once for each system in order",
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
    from whence.challenge import tree, write_submission
    from whence.text import counted

    if args.template is not None:
        return _write_template(args)
    labels = _labels(args)
    members, problems = _gathered(args, labels, read_classes(args.classes))
    if problems:
        shown_lines = problems[:_MOST_LINES]
        if len(problems) > _MOST_LINES:
            shown_lines.append(f"... and {len(problems) - _MOST_LINES:,} more")
        sys.stderr.write("".join(f"{line}\n" for line in shown_lines))
        sys.stderr.write(f"whence: {counted(len(problems), 'problem')}; nothing was written\n")
        return ASKED_WRONGLY
    size = write_submission(args.out, members)
    sys.stdout.write(f"{args.out}  {size / 1e6:.1f} MB\n{tree(members)}")
    _LOG.info("checked by what is known of the usual layout; compare it with the official page before you submit")
    return DONE


def _write_template(args: argparse.Namespace) -> int:
    """A new file; what is there is never replaced."""
    from whence.challenge import meta_template
    from whence.files import written_whole

    if args.predictions or args.out:
        raise WhenceError("--template writes a meta file and nothing else; give it alone")
    if args.template.exists():
        raise WhenceError(f"{args.template}: is there already; name another file")
    with written_whole(args.template) as file:
        file.write(meta_template().encode("utf-8"))
    _LOG.info("wrote %s; fill it in, one for each system", args.template)
    return DONE


def _labels(args: argparse.Namespace) -> list[str]:
    """The name of each system.

    Raises:
        WhenceError: something is not given that everything else depends on.
    """
    from whence.challenge import LABEL, LABEL_FORM, MOST_SYSTEMS, team_of
    from whence.text import counted

    needed = {"PREDS": args.predictions, "--name": args.name, "--meta": args.meta, "--report": args.report}
    needed |= {"--eval": args.eval, "--out": args.out}
    missing = [flag for flag, value in needed.items() if not value]
    if missing:
        raise WhenceError(f"needs {', '.join(missing)} as well; see whence package --help")
    found = LABEL.fullmatch(args.name)
    if found is None:
        raise WhenceError(f"--name {args.name!r}: write it like {LABEL_FORM}")
    first, count = int(found.group(2)), len(args.predictions)
    if first + count - 1 > MOST_SYSTEMS:
        raise WhenceError(f"{count} systems from number {first} on; a team has at most {MOST_SYSTEMS}")
    if len(args.meta) != count:
        systems, files = counted(count, "system"), counted(len(args.meta), "meta file")
        raise WhenceError(f"{systems} and {files}; give --meta once for each system, in order")
    if args.out.suffix.lower() != ".zip" or not args.out.absolute().parent.is_dir():
        raise WhenceError(f"--out {args.out}: name a .zip file in a folder that is there")
    return [f"{team_of(args.name)}_{number}" for number in range(first, first + count)]


def _gathered(
    args: argparse.Namespace, labels: Sequence[str], classes: ClassList
) -> tuple[dict[str, bytes], list[str]]:
    """Everything that goes into the archive, and everything that is wrong with it."""
    from whence.challenge import check_meta, check_outputs, eval_clips, meta_path, output_path, report_path

    clips = eval_clips(args.eval)
    _tell_count(args.eval, len(clips))
    report, problems = _report(args.report)
    members = {report_path(labels[0]): report}
    for label, predictions, meta in zip(labels, args.predictions, args.meta, strict=True):
        members[meta_path(label)], wrong = check_meta(meta, label)
        problems += wrong
        outputs = check_outputs(predictions, clips, classes)
        problems += outputs.problems
        members |= {output_path(label, clip): text for clip, text in outputs.files.items()}
    return members, problems


def _tell_count(path: Path, count: int) -> None:
    """A line where the clips are not as many as were published."""
    from whence.corpora import OFFICIAL_COUNTS
    from whence.text import counted

    if count != OFFICIAL_COUNTS["eval"]:
        published = f"{OFFICIAL_COUNTS['eval']:,}"
        _LOG.warning("%s has %s; the published evaluation set has %s", path, counted(count, "clip"), published)


def _report(path: Path) -> tuple[bytes, list[str]]:
    """The report, and what is wrong with it."""
    from whence.challenge import LARGEST_REPORT_BYTES, PDF_END, PDF_START
    from whence.text import shown

    if not path.is_file():
        return b"", [f"{shown(path)}: {'not a regular file' if path.exists() else 'no such file'}"]
    size = path.stat().st_size
    if not 0 < size <= LARGEST_REPORT_BYTES:
        return b"", [f"{shown(path)}: {size:,} bytes; a report has 1 to {LARGEST_REPORT_BYTES:,}"]
    content = path.read_bytes()
    if not content.startswith(PDF_START):
        return b"", [f"{shown(path)}: not a PDF file (it does not begin with {PDF_START.decode()})"]
    if PDF_END not in content[-2048:]:
        return b"", [f"{shown(path)}: the PDF is cut short (no {PDF_END.decode()} at its end); export it again"]
    return content, []


COMMAND = Command(
    summary="pack a DCASE Task 3 submission, or list everything that is wrong with it",
    examples=(
        "whence package --template meta.yaml",
        "whence package answers/ --name Doe_INST_task3_1 --meta meta.yaml --report report.pdf --eval dcase2025/ "
        "--out submission.zip",
        "whence package a/ b.zip --name Doe_INST_task3_1 --meta a.yaml --meta b.yaml --report report.pdf "
        "--eval dcase2025/ --out submission.zip",
    ),
    add_arguments=add_arguments,
    run=run,
)
