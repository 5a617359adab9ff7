"""`whence merge`: the tables of all shards as one."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence import labels, scale
from whence.cli.command import Command
from whence.cli.failures import read_failures, write_failures
from whence.errors import DONE, WhenceError
from whence.text import counted

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="folders with what whence detect --shard wrote"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the table (default: the first of them)")


def run(args: argparse.Namespace) -> int:
    """Merge the tables and the lists of failures."""
    for folder in args.folders:
        if not folder.is_dir():
            raise WhenceError("no such folder", where=folder)
    out = args.out or args.folders[0]
    out.mkdir(parents=True, exist_ok=True)
    for path in scale.merge_tables(args.folders, out):
        _log.info("written: %s", path)
    lists = sorted(path for folder in args.folders for path in folder.glob("*failures-*-of-*.csv"))
    failures = [failure for path in lists if labels.is_failure_list(path) for failure in read_failures(path)]
    if listed := write_failures(out, failures):
        _log.info("%s could not be processed; see %s", counted(len(failures), "sound"), listed)
    return DONE


COMMAND = Command(
    summary="put the tables of all shards of whence detect together",
    examples=("whence merge results/", "whence merge node1/ node2/ --out all/"),
    add_arguments=add_arguments,
    run=run,
)
