"""`whence listen`: a microphone, and what is heard around it, now."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from whence.cli.command import Command
from whence.cli.model_choice import add_model, open_model
from whence.errors import DONE

if TYPE_CHECKING:
    from whence.inference import NetworkSystem
    from whence.labels import ClassList
    from whence.live import Clock, Intake, LiveSource, LiveStream, Stop, Tape

_log = logging.getLogger("whence.cli")

FRONT_ONLY = "two microphones cannot tell front from back: everything is shown in front"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which device, which model, where to."""
    parser.add_argument(
        "--device", metavar="NAME", help="number or part of a name; file:street.wav plays a file in real time; list"
    )
    parser.add_argument("--channels", metavar="L,R", help="left and right among more than two channels, from 1")
    add_model(parser)
    parser.add_argument(
        "--threshold", type=float, metavar="0..1", help="how sure is sure enough (default: the model's)"
    )
    parser.add_argument(
        "--to",
        action="append",
        metavar="WHERE",
        help="jsonl or ros2-json on standard output, odas://host:port; may be given again",
    )
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder for recordings")
    parser.add_argument("--swap-channels", action="store_true", help="left is right and right is left")
    parser.add_argument("--no-check", action="store_true", help="begin without checking the channels")


def run(args: argparse.Namespace) -> int:
    """Everything that can be asked wrongly first, then the model, then listen."""
    from whence.live import WallClock, check_destinations, device_table, open_device, portaudio, read_channels

    if args.device == "list":
        sys.stdout.write(device_table(portaudio()))
        return DONE
    check_destinations(args.to or [])
    clock = WallClock()
    with contextlib.closing(open_device(args.device, clock, read_channels(args.channels))) as source:
        system = load_system(args.model)
        return listen(source, open_stream(system, args.threshold), system.classes, args, clock)


def load_system(model: str | None) -> NetworkSystem:
    """The system that listens."""
    # More threads would wait for each other at windows this short, and take twice the processor for it.
    return open_model(model, threads=1)


def open_stream(system: NetworkSystem, threshold: float | None) -> LiveStream:
    """The system as it hears a sound that goes on."""
    from whence.inference import Stream

    return Stream(system, latency="low", threshold=threshold)


def listen(source: LiveSource, stream: LiveStream, classes: ClassList, args: argparse.Namespace, clock: Clock) -> int:
    """Listen to a source until it ends or somebody asks to stop.

    Args:
        source: found, not yet started.
        stream: what hears it.
        classes: names of what it finds.
        args: as `add_arguments` declares them.
        clock: what time is.

    Returns:
        0, or 130 or 143 after a signal.

    Raises:
        WhenceError: the device or the folder cannot be used.
        UnpluggedError: the device went away and did not come back.
    """
    from whence.live import FILE, Intake, Stop, Tape

    tape = Tape(args.out)
    tape.open()
    with Stop() as stop:
        source.start()
        intake = Intake(source, clock, swapped=args.swap_channels)
        # A file has no fingers to snap.
        if not (args.no_check or args.quiet or (args.device or "").startswith(FILE)):
            _check_channels(intake, clock, stop)
        _listen(intake, stream, classes, tape, args, clock, stop)
        _log.info("stopped; everything recorded is kept")
    return stop.code


def _check_channels(intake: Intake, clock: Clock, stop: Stop) -> None:
    """Ask for a snap of the fingers where somebody reads questions and has keys to answer them."""
    from whence.live import ChannelCheck
    from whence.views.terminal import Terminal

    with Terminal(sys.stdin, None) as terminal:
        if terminal.hears_keys and sys.stderr.isatty():
            ChannelCheck(intake, terminal, clock, stop).run()


def _listen(
    intake: Intake,
    stream: LiveStream,
    classes: ClassList,
    tape: Tape,
    args: argparse.Namespace,
    clock: Clock,
    stop: Stop,
) -> None:
    """Put page, keys and outputs together, and listen."""
    from whence.live import Listener, PageMessages, PlainLines, on_stdout, open_destinations
    from whence.views.terminal import Terminal, looks_of

    to = args.to or []
    shown = page_stream(data_on_stdout=bool(on_stdout(to)), quiet=args.quiet)
    outputs = open_destinations(to, sys.stdout, classes)
    if shown is None and not on_stdout(to):
        outputs.append(PlainLines(sys.stdout, classes))
    with PageMessages(shown is not None) as messages, Terminal(sys.stdin, shown) as terminal:
        if shown is None:
            _log.info("listening to %s; %s", intake.name, FRONT_ONLY)
        messages.last = FRONT_ONLY
        looks = looks_of(shown or sys.stdout)
        Listener(intake, stream, classes, tape, outputs, terminal, clock, stop, messages, looks).run()


def page_stream(*, data_on_stdout: bool, quiet: bool) -> TextIO | None:
    """Where the radar is drawn: standard output, or standard error where data goes to a file; None for nowhere."""
    from whence.views.terminal import can_show_page

    if quiet:
        return None
    if not data_on_stdout:
        return sys.stdout if can_show_page(sys.stdout) else None
    # On one terminal, data and page would run into each other; what reads a pipe may well print on this one.
    return sys.stderr if _is_file(sys.stdout) and can_show_page(sys.stderr) else None


def _is_file(stream: TextIO) -> bool:
    """Whether a stream ends in a file on disk."""
    import os
    import stat

    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


COMMAND = Command(
    summary="show live where sounds are, around a stereo microphone",
    examples=(
        "whence listen",
        "whence listen --device list",
        "whence listen --device file:street.wav",
        "whence listen --to odas://localhost:9000 --out recordings/",
    ),
    add_arguments=add_arguments,
    run=run,
)
