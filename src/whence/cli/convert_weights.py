"""`whence convert-weights`: convert a published checkpoint of another project without running anything in it."""

from __future__ import annotations

import argparse
import logging
from importlib.util import find_spec
from pathlib import Path

from whence import models
from whence.cli.command import Command
from whence.errors import DONE, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("source", type=Path, help="the official SELDnet's .pth, a Dasheng .pt, or YAMNet's .npz")
    parser.add_argument("target", type=Path, help="the weights to write, a .safetensors file")
    parser.add_argument("--kind", metavar="KIND", help="seldnet, dasheng or yamnet (default: from its tensor names)")


def run(args: argparse.Namespace) -> int:
    """Convert, and report what was converted and what was left out."""
    if find_spec("torch") is None:
        raise MissingExtraError("converting weights", "scenes")
    if not args.target.parent.is_dir():
        raise WhenceError("no such folder", where=args.target.parent, remedy="make it first")
    if args.target.exists():
        raise WhenceError("exists already", where=args.target, remedy="remove it or choose another name")
    _log.warning(
        "%s is read as tensors and numbers only, and nothing in it is run; that they are the published ones cannot be "
        "checked",
        args.source,
    )
    converted = models.convert_weights(args.source, args.target, args.kind)
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
