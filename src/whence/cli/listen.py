"""`whence listen`: detect sounds around a microphone while they happen."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from whence import audio, inference, labels, live
from whence.cli.command import Command
from whence.cli.model_choice import add_model, open_model
from whence.cli.recording import add_channels, add_microphones, read_directed_channels, read_told
from whence.errors import DONE, WhenceError
from whence.views import terminal

_log = logging.getLogger("whence.cli")

# The prefix of a file that is played in real time.
_FILE = "file:"
FRONT_ONLY = "two microphones cannot tell front from back: everything is shown in front"
ALL_AROUND = "four channels tell front from back: what is behind is shown below"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which device, which model, where to."""
    parser.add_argument(
        "--device", metavar="NAME", help="number or part of a name; file:street.wav plays a file in real time; list"
    )
    add_channels(parser)
    add_model(parser)
    parser.add_argument(
        "--threshold", type=float, metavar="0..1", help="lowest confidence of an event (default: the model's)"
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
    add_microphones(parser)


def run(args: argparse.Namespace) -> int:
    """Check all arguments first, then load the model, then listen."""
    if args.device == "list":
        sys.stdout.write(live.device_table(live.portaudio()))
        return DONE
    live.check_destinations(args.to or [])
    told = read_told(args)
    with contextlib.closing(open_device(args.device, time, read_directed_channels(args), told)) as device:
        system = load_system(args.model)
        if told is not None:
            inference.warn_of_untrained(system.for_microphones(told).microphones, told)
        return listen(device, open_stream(system, args.threshold, told), system.classes, args, time)


def open_device(
    name: str | None,
    clock: live.Clock,
    channels: audio.Channels | None = None,
    microphones: audio.Microphones | None = None,
) -> live.Device:
    """Return the device, found but not yet started.

    Args:
        name: `file:` and a path, a number, a part of a name, or None for the system's default.
        clock: real time, for a file.
        channels: which two of its channels are left and right, or which four are Ambisonics.
        microphones: what it is; None where that is not known.

    Raises:
        WhenceError: it is not there, has not the channels, or what microphones need is not installed.
    """
    is_ambisonic = microphones is not None and microphones.ambisonics is not None
    if is_ambisonic and channels is not None and not channels.is_ambisonic:
        raise WhenceError("--channels names two channels and Ambisonics has four, the first ones; leave it out")
    if name is not None and name.startswith(_FILE):
        path = name.removeprefix(_FILE)
        if not path:
            raise WhenceError("--device file: needs the name of a sound, as in --device file:street.wav")
        return live.SoundFile(Path(path), clock, channels, microphones)
    chosen = int(name) if name is not None and name.isascii() and name.isdecimal() else name
    wanted: tuple[int, ...] = (1, 2, 3, 4) if is_ambisonic else (1, 2)
    if channels is not None:
        # A device does not name its channels; the usual order is meant.
        most = max([8, *(channel for channel in channels.chosen if isinstance(channel, int))])
        wanted = tuple(place + 1 for place in channels.places(audio.channel_names(most), "the device"))
    return live.Microphone(live.portaudio(), chosen, wanted)


def load_system(models: Sequence[str]) -> inference.NetworkSystem:
    """Return the model, or the average of several."""
    # At windows this short, more threads would wait for each other and take twice the processor time.
    return open_model(models, threads=1)


def open_stream(
    system: inference.NetworkSystem, threshold: float | None, microphones: audio.Microphones | None = None
) -> live.LiveStream:
    """Return the stream that detects events with low latency, for sound that is corrected already."""
    corrected = audio.corrected_microphones(microphones)
    return inference.Stream(system, latency="low", threshold=threshold, microphones=corrected)


def listen(
    device: live.Device, stream: live.LiveStream, classes: labels.ClassList, args: argparse.Namespace, clock: live.Clock
) -> int:
    """Listen to a device until its sound ends or the user stops it.

    Args:
        device: found, not yet started.
        stream: detects events.
        classes: names of its classes.
        args: as `add_arguments` declares them.
        clock: the time.

    Returns:
        0, or 130 or 143 after a signal.

    Raises:
        WhenceError: the device or the folder cannot be used.
        UnpluggedError: the device went away and did not come back.
    """
    sound = live.DeviceInput(device, clock, swapped=args.swap_channels, microphones=read_told(args))
    recorder = live.Recorder(args.out, channel_count=sound.channel_count)
    recorder.open()
    with live.Stop() as stop:
        device.start()
        # A file has no user who could snap their fingers.
        if not (args.no_check or args.quiet or (args.device or "").startswith(_FILE)):
            _check_channels(sound, clock, stop)
        _listen(sound, stream, classes, recorder, args, clock, stop)
        _log.info("stopped; everything recorded is kept")
    return stop.code


def _check_channels(sound: live.DeviceInput, clock: live.Clock, stop: live.Stop) -> None:
    """Check the channels if questions can be read and answered in a terminal."""
    with terminal.Terminal(sys.stdin, None) as screen:
        if screen.reads_keys and sys.stderr.isatty():
            live.ChannelCheck(sound, screen, clock, stop).run()


def _listen(
    sound: live.DeviceInput,
    stream: live.LiveStream,
    classes: labels.ClassList,
    recorder: live.Recorder,
    args: argparse.Namespace,
    clock: live.Clock,
    stop: live.Stop,
) -> None:
    """Put page, keys and outputs together, and listen."""
    to = args.to or []
    shown = page_stream(data_on_stdout=bool(live.on_stdout(to)), quiet=args.quiet)
    told = sound.microphones.name if sound.microphones else None
    outputs = live.open_destinations(to, sys.stdout, classes, told)
    if shown is None and not live.on_stdout(to):
        outputs.append(live.PlainLines(sys.stdout, classes))
    with live.PageMessages(shown is not None) as messages, terminal.Terminal(sys.stdin, shown) as screen:
        messages.last = ALL_AROUND if sound.channel_count == 4 else FRONT_ONLY
        if shown is None:
            _log.info("listening to %s; %s", sound.name, messages.last)
        live.Listener(sound, stream, classes, recorder, outputs, screen, clock, stop, messages).run()


def page_stream(*, data_on_stdout: bool, quiet: bool) -> TextIO | None:
    """Return where the radar is drawn: standard output, or standard error if data goes to a file, or None."""
    if quiet:
        return None
    if not data_on_stdout:
        return sys.stdout if terminal.can_show_page(sys.stdout) else None
    # On one terminal, data and page would overwrite each other; a program behind a pipe may print on this one too.
    return sys.stderr if _is_file(sys.stdout) and terminal.can_show_page(sys.stderr) else None


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
        "whence listen --device zylia --microphones foa",
        "whence listen --to odas://localhost:9000 --out recordings/",
    ),
    add_arguments=add_arguments,
    run=run,
)
