"""The flag `--model`: the packaged model, a run, an ONNX file or a model on the Hub."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.inference import NetworkSystem


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add `--model` to a parser."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="folder of a finished run, ONNX file, or hf:user/name@commit (default: the model that comes with whence)",
    )


def model_path(word: str | None) -> str | None:
    """Return the path of a model on this machine; one on the Hub is fetched first.

    Raises:
        WhenceError: no such model on the Hub, or it cannot be fetched.
    """
    if word is None or not word.startswith("hf:"):
        return word
    from whence.hub import hub_model

    return str(hub_model(word))


def open_model(word: str | None, *, swap: bool = False, threads: int = 0) -> NetworkSystem:
    """Load the system that the value of `--model` names.

    Raises:
        WhenceError: there is no such model, or it is damaged.
    """
    import whence

    return whence.load(model_path(word), swap=swap, threads=threads)
