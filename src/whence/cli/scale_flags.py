"""Flags about where and when the work is done, which never change an event: `--jobs`, `--shard`."""

from __future__ import annotations

import argparse


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs` to a parser."""
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; 1 uses all cores for one sound")


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add `--shard` to a parser."""
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="process only the I-th of N shares of the sounds; slurm takes both from the job array",
    )
