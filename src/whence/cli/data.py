"""`whence data fetch | verify | index`: download public data sets, check them, and list their checksums."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from whence.cli.command import Command, shown_progress
from whence.corpora import fetch
from whence.errors import DONE, SOME_FAILED

_log = logging.getLogger("whence.cli")


def _add_name_and_folder(parser: argparse.ArgumentParser) -> None:
    """Declare the data set and its folder."""
    names = "; ".join(f"{name}: {dataset.title}" for name, dataset in fetch.CATALOGUE.items())
    parser.add_argument("name", help=names)
    parser.add_argument("folder", type=Path, help="folder of the data set")


def _add_fetch_arguments(parser: argparse.ArgumentParser) -> None:
    _add_name_and_folder(parser)
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="NAME",
        help="another file of the same record instead; may be given again",
    )
    parser.add_argument("--keep-archives", action="store_true", help="leave the archives beside the data")


def _fetch(args: argparse.Namespace) -> int:
    """Download what is missing, check it, unpack it."""
    with shown_progress("B", quiet=args.quiet) as show:
        fetch.fetch(args.name, args.folder, files=tuple(args.file), keep_archives=args.keep_archives, progress=show)
    _log.info("%s is in %s", args.name, args.folder)
    return DONE


def _verify(args: argparse.Namespace) -> int:
    """Count the files and compare checksums; exit with "some failed" where any is missing or changed."""
    with shown_progress("file", quiet=args.quiet) as show:
        found = fetch.verify(args.name, args.folder, progress=show)
    for problem in found.problems:
        sys.stdout.write(f"{problem}\n")
    compared = (
        f"{found.checked_files:,} files compared with their checksums"
        if found.checked_files
        else "no checksums to compare; make them with whence data index"
    )
    _log.info("%s: %d problems; %s", args.name, len(found.problems), compared)
    return SOME_FAILED if found.problems else DONE


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="folder whose files are listed in SHA256SUMS")


def _index(args: argparse.Namespace) -> int:
    """Write the checksums of every file."""
    with shown_progress("file", quiet=args.quiet) as show:
        count = fetch.index(args.folder, progress=show)
    _log.info("%d files listed in %s", count, args.folder / "SHA256SUMS")
    return DONE


FETCH = Command(
    summary="download a public data set: resumed, checked, safely unpacked",
    examples=("whence data fetch dcase2025_stereo dcase2025/", "whence data fetch fsd50k FSD50K/"),
    add_arguments=_add_fetch_arguments,
    run=_fetch,
)
VERIFY = Command(
    summary="check that a data set on disk is whole",
    examples=("whence data verify dcase2025_stereo dcase2025/",),
    add_arguments=_add_name_and_folder,
    run=_verify,
)
INDEX = Command(
    summary="write the checksums of a folder, for verify",
    examples=("whence data index dcase2025/",),
    add_arguments=_add_folder,
    run=_index,
)
