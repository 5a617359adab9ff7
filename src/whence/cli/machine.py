"""Flags about the machine, which change speed and not the result: `--device`, `--workers`, `--render-on`."""

from __future__ import annotations

import argparse
import os

from whence import inference, training
from whence.errors import WhenceError


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device` to a parser."""
    parser.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps (default: cuda where there is a GPU, else cpu)"
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add `--workers` to a parser."""
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that prepare batches (default: the processors of this machine, shared among the processes "
        "that train on it, less one for each of them)",
    )


def add_render_on(parser: argparse.ArgumentParser) -> None:
    """Add `--render-on` to a parser."""
    parser.add_argument(
        "--render-on",
        choices=("cpu", "gpu"),
        default="cpu",
        help="where scenes are mixed: on the CPU by the workers, or on the GPU that trains, for which they only draw",
    )


def rendering_device(args: argparse.Namespace) -> str:
    """Return the device that renders scenes.

    Raises:
        WhenceError: the training has no GPU.
    """
    if args.render_on == "cpu":
        return "cpu"
    device = training.Processes(args.device).device
    if device.type == "cpu":
        raise WhenceError("--render-on gpu: this training runs on the CPU; leave the flag out")
    return str(device)


def worker_count(given: int | None) -> int:
    """Return how many processes prepare batches for this one.

    Raises:
        WhenceError: the given number is below 0.
    """
    if given is None:
        # torchrun says how many processes it has started on this machine.
        return max(inference.processor_count() // max(int(os.environ.get("LOCAL_WORLD_SIZE", "1")), 1) - 1, 0)
    if given < 0:
        raise WhenceError(f"--workers {given}: give 0 or more")
    return given
