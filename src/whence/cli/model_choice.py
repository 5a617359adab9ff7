"""Models on the command line: a run, a converted checkpoint, an ONNX file, one on the Hub; several are averaged."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from whence import hub, inference
from whence.errors import WhenceError

# What a model may be, for the help of every command.
KINDS = "folder of a finished run or of a converted checkpoint, ONNX file, or hf:user/name@commit"


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add `--model` to a parser."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        action="append",
        default=[],
        help=f"{KINDS}; given again, or several joined by commas, their predictions are averaged "
        "(default: the model that comes with whence)",
    )


def add_swap(parser: argparse.ArgumentParser) -> None:
    """Add `--swap` to a parser."""
    parser.add_argument(
        "--swap",
        action="store_true",
        help="average with the mirrored prediction for the mirrored sound: twice the work",
    )


def add_tracks(parser: argparse.ArgumentParser) -> None:
    """Add `--tracks` to a parser."""
    parser.add_argument(
        "--tracks",
        type=int,
        metavar="N",
        help="of each class keep the N most certain sources in a frame; for models that predict several",
    )


def split_models(word: str) -> list[str]:
    """Return the models that a word names: one, or several joined by commas.

    Raises:
        WhenceError: nothing stands beside a comma.

    >>> split_models("runs/a,b.onnx"), split_models("hf:ann/small")
    (['runs/a', 'b.onnx'], ['hf:ann/small'])
    """
    if "," not in word or Path(word).exists():
        return [word]
    parts = [part.strip() for part in word.split(",")]
    if not all(parts):
        raise WhenceError(f"{word!r} names several models, one of them empty; write them as a,b")
    return parts


def model_paths(words: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of models on this machine; those on the Hub are fetched first.

    Raises:
        WhenceError: no such model on the Hub, or it cannot be fetched.
    """
    names = [name for word in words for name in split_models(word)]
    return tuple(str(hub.hub_model(name)) if name.startswith("hf:") else name for name in names)


def open_model(words: Sequence[str], *, swap: bool = False, threads: int = 0) -> inference.NetworkSystem:
    """Load what the values of `--model` name, or the packaged model.

    Raises:
        WhenceError: there is no such model, it is damaged, or models do not fit together.
    """
    import whence

    return whence.load(model_paths(words) or None, swap=swap, threads=threads)
