"""`whence convert-weights`: a published checkpoint of another project becomes our weights, never run."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence.cli.command import Command
from whence.errors import DONE, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From what, to where, and what it is if the names inside do not tell."""
    parser.add_argument("source", type=Path, help="the official SELDnet's .pth, a Dasheng .pt, or YAMNet's .npz")
    parser.add_argument("target", type=Path, help="the weights to write, a .safetensors file")
    parser.add_argument("--kind", metavar="KIND", help="seldnet, dasheng or yamnet (default: told by the names inside)")


def run(args: argparse.Namespace) -> int:
    """Convert, and say what was taken and what was not."""
    try:
        import torch  # noqa: F401  (said before any work is done)
    except ImportError:
        raise MissingExtraError("converting weights", "scenes") from None
    from whence.models import convert_weights

    if not args.target.parent.is_dir():
        raise WhenceError(f"{args.target.parent}: no such folder; make it first")
    if args.target.exists():
        raise WhenceError(f"{args.target} is there already; remove it or choose another name")
    _log.warning(
        "%s is read as tensors and numbers only, and nothing in it is run; whether they are what they claim to be, "
        "the file cannot prove",
        args.source,
    )
    converted = convert_weights(args.source, args.target, args.kind)
    _log.info("%s: %s", args.target, converted.report())
    return DONE


COMMAND = Command(
    summary="turn a published checkpoint (.pth, .pt, .npz) into safe weights",
    examples=(
        "whence convert-weights best_model.pth seldnet.safetensors",
        "whence convert-weights dasheng_base.pt dasheng.safetensors --kind dasheng",
    ),
    add_arguments=add_arguments,
    run=run,
)
