"""Flags about where and when the work is done, which never change an event: `--jobs`, `--engine`, `--shard`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whence import scale
from whence.errors import WhenceError
from whence.inference import STDIN, Request

if TYPE_CHECKING:
    from whence.inference import NetworkSystem


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs`, `--engine` and `--address` to a parser."""
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="worker processes (default: 1, with all cores for one sound after the other; of ray, one on each CPU)",
    )
    parser.add_argument(
        "--engine", choices=("processes", "ray"), default="processes", help="what runs the workers, see docs/scale.md"
    )
    parser.add_argument(
        "--address", metavar="HOST:PORT", help="of a Ray cluster (default: RAY_ADDRESS, else this machine)"
    )


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add `--shard` to a parser."""
    parser.add_argument(
        "--shard", metavar="I/N", help="process only the I-th of N shares of the sounds; slurm: those of the job array"
    )


def check_engine(args: argparse.Namespace) -> None:
    """Refuse flags that do not fit together.

    Raises:
        WhenceError: naming them.
        MissingExtraError: Ray is not installed.
    """
    if args.jobs is not None and args.jobs < 1:
        raise WhenceError(f"--jobs is {args.jobs}; it must be at least 1")
    if STDIN in args.sounds and (args.engine == "ray" or (args.jobs or 1) > 1):
        raise WhenceError("standard input is read by one process; leave --jobs and --engine out")
    if args.address is not None and args.engine != "ray":
        raise WhenceError("--address is of a Ray cluster; add --engine ray")
    if args.engine == "ray":
        from whence import ray

        ray.import_ray()


def crew_of(
    args: argparse.Namespace,
    system: NetworkSystem,
    request: Request,
    sounds: Sequence[Path | str],
    progress: Callable[[float], None],
) -> scale.Crew:
    """Return those who do the work."""
    if args.engine == "ray" and sounds:
        from whence import ray

        return ray.Actors(request, args.jobs, args.address, sounds=sounds)
    jobs = scale.useful_workers(args.jobs or 1, sounds)
    return scale.Alone(system, request, progress) if jobs < 2 else scale.Processes(request, jobs)
