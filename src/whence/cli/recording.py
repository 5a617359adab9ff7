"""What a recording was made with, on the command line."""

from __future__ import annotations

import argparse

from whence import audio


def add_microphones(parser: argparse.ArgumentParser) -> None:
    """Add `--microphones`."""
    parser.add_argument(
        "--microphones",
        default="auto",
        metavar="NAME",
        # The names are not listed from `audio`: NumPy would come with every help text.
        help="what it was recorded with: auto (not known), xy:90, ortf, ab:0.20, binaural ..., foa (Ambisonics of all "
        "directions), or a YAML file; docs/microphones.md lists all",
    )


def read_told(args: argparse.Namespace) -> audio.Microphones | None:
    """Return the microphones that `--microphones` names; None for `auto`.

    Raises:
        WhenceError: there are none of this name, or the file describes none.
    """
    return audio.told_microphones(args.microphones)
