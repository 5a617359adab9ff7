"""`whence export`: a run becomes one ONNX file that needs no torch, compared with the run before it is handed over."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence.cli.command import Command
from whence.errors import DONE, MACHINE_GAVE_UP, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, where to."""
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .onnx file to write")
    parser.add_argument("--to", choices=("onnx",), default="onnx", help="the kind of file")
    parser.add_argument(
        "--half", action="store_true", help="store large weights in 16 bits: half the size, nearly the same events"
    )
    parser.add_argument("--clips", type=int, default=64, metavar="N", help="clips on which file and run are compared")


def run(args: argparse.Namespace) -> int:
    """Export beside the target, compare, and only then put it in its place."""
    try:
        import onnx  # noqa: F401  (said before any work is done)
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("exporting", "export") from None
    from whence.cli.parity import compare_engines
    from whence.inference import OPSET, export_onnx

    if args.out.suffix != ".onnx":
        raise WhenceError(f"{args.out}: an exported model is an .onnx file; choose such a name")
    if not args.out.parent.is_dir():
        raise WhenceError(f"{args.out.parent}: no such folder; make it first")
    unproved = args.out.with_name(f".{args.out.name}.unproved")
    try:
        export_onnx(args.run, unproved, half=args.half)
        with_run = compare_engines(args.run, unproved, max(args.clips, 1))
        _log.info("%s", with_run.sentence())
        if not with_run.agrees(half=args.half):
            _log.error("the file does not say what the run says; nothing was written")
            return MACHINE_GAVE_UP
        unproved.replace(args.out)
    finally:
        unproved.unlink(missing_ok=True)
    size_mb = args.out.stat().st_size / 1e6
    _log.info("%s: %.1f MB, opset %d; try: whence detect street.wav --model %s", args.out, size_mb, OPSET, args.out)
    return DONE


COMMAND = Command(
    summary="make one ONNX file of a run, for machines without torch",
    examples=(
        "whence export runs/first --to onnx --out model.onnx",
        "whence export runs/first --half --out model.onnx",
    ),
    add_arguments=add_arguments,
    run=run,
)
