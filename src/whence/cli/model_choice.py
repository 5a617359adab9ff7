"""The flag `--model`: the packaged model, a run, an ONNX file or a model on the Hub."""

from __future__ import annotations

import argparse

from whence import hub, inference


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
    return str(hub.hub_model(word))


def open_model(word: str | None, *, swap: bool = False, threads: int = 0) -> inference.NetworkSystem:
    """Load the system that the value of `--model` names.

    Raises:
        WhenceError: there is no such model, or it is damaged.
    """
    import whence

    return whence.load(model_path(word), swap=swap, threads=threads)
