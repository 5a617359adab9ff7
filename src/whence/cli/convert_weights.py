"""`whence convert-weights`: a published checkpoint of another project becomes a model, or weights to train from."""

from __future__ import annotations

import argparse
import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path

from whence import inference, labels, models
from whence.cli.command import Command
from whence.errors import DONE, MissingExtraError, WhenceError

# The name that the recipe `seldnet` gives its network.
_NETWORK = "seld"
_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("source", type=Path, help="the official SELDnet's .pth, a Dasheng .pt, or YAMNet's .npz")
    parser.add_argument(
        "target",
        type=Path,
        help="a folder, to use the official SELDnet as --model; or a .safetensors file, for weights to train from",
    )
    parser.add_argument(
        "--kind", metavar="KIND", help="seldnet, dasheng, yamnet or efficientat (default: from its tensor names)"
    )


def run(args: argparse.Namespace) -> int:
    """Convert, and report what was converted and what was left out."""
    if find_spec("torch") is None:
        raise MissingExtraError("converting weights", "scenes")
    if not args.target.parent.is_dir():
        raise WhenceError("no such folder", where=args.target.parent, remedy="make it first")
    if args.target.exists():
        raise WhenceError("exists already", where=args.target, remedy="remove it or choose another name")
    if args.target.suffix in {".pt", ".pth", ".ckpt", ".pkl", ".npz", ".onnx"}:
        raise WhenceError(
            "weights are written as .safetensors", where=args.target, remedy="name such a file, or a folder for a model"
        )
    _log.warning(
        "%s is read as tensors and numbers only, and nothing in it is run; that they are the published ones cannot be "
        "checked",
        args.source,
    )
    if args.target.suffix == ".safetensors":
        converted = models.convert_weights(args.source, args.target, args.kind)
        _log.info("%s: %s", args.target, converted.report())
        return DONE
    converted = _write_model(args.source, args.target, args.kind)
    _log.info("%s: %s; try: whence detect street.wav --model %s", args.target, converted.report(), args.target)
    return DONE


def _write_model(source: Path, target: Path, kind: str | None) -> models.Converted:
    """Write a folder as a training leaves it, so that every command takes it as a model.

    When a class is active is part of its coding, with the rule of the official code: vectors longer than 0.5, tracks of
    a class closer than 15 degrees merged.
    """
    # Made beside the target and moved there, so that a folder with half a model never appears.
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        model = Path(work) / "model"
        (model / _NETWORK).mkdir(parents=True)
        converted = models.convert_weights(source, model / _NETWORK / inference.WEIGHTS_FILE, kind)
        if not converted.is_whole:
            what = "an encoder, or a network for other features or classes, which predicts no events by itself"
            raise WhenceError(what, where=source, remedy="name a .safetensors file to train from")
        inference.write_system(
            model, inference.SystemFile((_NETWORK,), classes=labels.STARSS23.names, recipe="seldnet")
        )
        model.rename(target)
    return converted


COMMAND = Command(
    summary="turn a published checkpoint (.pth, .pt, .npz) into a model or safe weights",
    examples=(
        "whence convert-weights best_model.pth baseline/",
        "whence convert-weights dasheng_base.pt dasheng.safetensors --kind dasheng",
    ),
    add_arguments=add_arguments,
    run=run,
)
