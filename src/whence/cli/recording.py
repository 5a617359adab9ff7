"""What a recording was made with, on the command line."""

from __future__ import annotations

import argparse

from whence import audio
from whence.errors import WhenceError


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


def add_channels(parser: argparse.ArgumentParser) -> None:
    """Add `--channels`."""
    parser.add_argument(
        "--channels",
        metavar="L,R",
        help="left and right, counted from 1 or by name (3,4 or FL,FR); mono to do without direction; foa for the "
        "first four as Ambisonics",
    )


def read_directed_channels(args: argparse.Namespace) -> audio.Channels | None:
    """Return the channels that `--channels` names, for a command that shows directions; None where it is not given.

    Raises:
        WhenceError: it is no choice of channels, or all as one.
    """
    channels = audio.read_channels(args.channels)
    if channels is not None and channels.is_one_twice:
        raise WhenceError(f"--channels {args.channels}: two different channels are needed, as in --channels 1,2")
    return channels


def read_told(args: argparse.Namespace) -> audio.Microphones | None:
    """Return the microphones that `--microphones` names, or those of `--channels foa`; None for `auto`.

    Raises:
        WhenceError: there are none of this name, or the file describes none.
    """
    channels = audio.read_channels(getattr(args, "channels", None))
    return audio.microphones_for(channels, audio.told_microphones(args.microphones))
