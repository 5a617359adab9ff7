"""`--model`: the packaged model, a run, an ONNX file or a model on the Hub."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.inference import NetworkSystem


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare `--model`."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="folder of a finished run, ONNX file, or hf:user/name@commit (default: the model that comes with whence)",
    )


def model_place(word: str | None) -> str | None:
    """Where a model lies on this machine; one on the Hub is fetched first.

    Raises:
        WhenceError: no such model on the Hub, or it cannot be fetched.
    """
    if word is None or not word.startswith("hf:"):
        return word
    from whence.hub import hub_model

    return str(hub_model(word))


def open_model(word: str | None, *, swap: bool = False, threads: int = 0) -> NetworkSystem:
    """The system that a word names.

    Raises:
        WhenceError: there is no such model, or it is damaged.
    """
    import whence

    return whence.load(model_place(word), swap=swap, threads=threads)
