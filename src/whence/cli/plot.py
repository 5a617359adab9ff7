"""`whence plot`: a picture of a sound: spectrograms, events over time, and a map of them around the listener."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import sys
from pathlib import Path

import whence
from whence import audio, inference, labels, views
from whence.cli.command import Command, muted_warnings
from whence.cli.inputs import add_classes, read_classes
from whence.cli.model_choice import add_model, open_model
from whence.cli.recording import add_channels, add_microphones, read_directed_channels, read_told
from whence.errors import DONE, WhenceError
from whence.text import shown
from whence.views import picture

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A sound, labels for it, and which part to draw."""
    parser.add_argument("sound", type=Path, help="a sound of any length")
    parser.add_argument(
        "labels", type=Path, nargs="?", help="CSV or JSON Lines with its events; without it, the model predicts them"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the picture, .png or .svg")
    parser.add_argument("--reference", type=Path, metavar="CSV", help="the reference, drawn beside LABELS")
    parser.add_argument("--start", type=float, metavar="S", help="begin here, seconds; rounded down to a tenth")
    parser.add_argument("--duration", type=float, metavar="S", help="draw so many seconds")
    add_model(parser)
    add_classes(parser)
    add_channels(parser)
    add_microphones(parser)


def run(args: argparse.Namespace) -> int:
    """Read the sound, predict or read its events, draw."""
    picture.check_format(args.out)
    if args.out.parent != Path() and not args.out.parent.is_dir():
        raise WhenceError("no such folder for the picture", where=args.out.parent)
    if args.labels and args.model:
        raise WhenceError("--model predicts where there are no LABELS; leave one of them out")
    channels, microphones = read_directed_channels(args), read_told(args)
    system = None if args.labels else _system(args)
    classes = read_classes(args.classes) if system is None else system.classes
    reference = read_events(args.reference, classes) if args.reference else None
    events = read_events(args.labels, classes) if args.labels else None
    source, start_s = _part(args.sound, args.start, args.duration)
    spectrogram = views.SpectrogramImage()
    # A part of a sound has no name, and warnings about it may not hold for the whole.
    with muted_warnings() if isinstance(source, tuple) else contextlib.nullcontext():
        for block in audio.read_blocks(source, channels=channels, microphones=microphones):
            spectrogram.add(audio.front_pair(block))
    if events is None:
        with muted_warnings():  # warnings about the sound were logged above
            detections = whence.detect(source, model=system, channels=channels, microphones=microphones)
            events = detections.frames.shifted(round(start_s * 10))
    end_s = start_s + spectrogram.duration_s
    layers = [_within(table, start_s, end_s) for table in (reference, events) if table is not None]
    part = "" if args.start is None and args.duration is None else f", {start_s:g} to {end_s:.4g} s"
    picture.draw_clip(
        args.out, spectrogram, layers[0], classes,
        title=f"{shown(args.sound.name)}{part}", predicted=layers[1] if reference is not None else None,
        start_s=start_s, full_circle=microphones is not None and microphones.is_full_circle,
    )  # fmt: skip
    sys.stdout.write(f"{shown(args.out)}\n")
    return DONE


def read_events(path: Path, classes: labels.ClassList) -> labels.Events:
    """Return the events of one label file, by its ending: DCASE CSV or JSON Lines.

    Raises:
        WhenceError: another ending, or the file breaks its layout (the message names file and line).
    """
    if path.suffix.lower() == ".csv":
        return labels.read_dcase(path, classes)
    if path.suffix.lower() == ".jsonl":
        return labels.read_json_lines(path, classes)
    raise WhenceError("labels are read from .csv and .jsonl", where=path, remedy="whence convert-labels makes them")


def _part(path: Path, start_s: float | None, duration_s: float | None) -> tuple[audio.Source, float]:
    """The sound, or the part of it to draw, and where that begins."""
    if start_s is None and duration_s is None:
        return path, 0.0
    start_s = 0.0 if start_s is None else start_s
    # Labels come in tenths of a second, and the picture begins with one.
    start_s = math.floor(start_s * 10 + 1e-6) / 10 if math.isfinite(start_s) else math.nan
    if not start_s >= 0:
        raise WhenceError("--start must be 0 s or later")
    if duration_s is not None and not 0 < duration_s < math.inf:
        raise WhenceError("--duration must be more than 0 s")
    info = audio.probe(path)
    rate_hz = info.sample_rate_hz
    first = round(start_s * rate_hz)
    if info.sample_count is not None and first >= info.sample_count:
        raise WhenceError(f"lasts {info.duration_s:.1f} s, so there is nothing from {start_s:g} s on", where=path)
    most = math.inf if info.sample_count is None else info.sample_count - first
    count = min(most, math.inf if duration_s is None else round(duration_s * rate_hz))
    if not math.isfinite(count):
        raise WhenceError("does not say how long it is", where=path, remedy="add --duration")
    return (audio.read_window(path, first, int(count)), rate_hz), start_s


def _system(args: argparse.Namespace) -> inference.NetworkSystem:
    """The model that predicts events where there are no labels."""
    if args.classes:
        raise WhenceError("--classes names the classes of LABELS; a model has its own, leave it out")
    _log.info("no LABELS: predicting with %s", " and ".join(args.model) or "the packaged model")
    return open_model(args.model)


def _within(events: labels.Events, start_s: float, end_s: float) -> labels.Events:
    """The rows inside the picture."""
    return events.between(round(start_s * 10), math.ceil(round(end_s * 10, 6)))


COMMAND = Command(
    summary="draw a sound and its events: spectrogram, azimuth over time, map",
    examples=(
        "whence plot street.wav --out street.png",
        "whence plot street.wav street.csv --out street.svg --start 60 --duration 20",
        "whence plot clip.wav mine.csv --reference truth.csv --out both.png",
        "whence plot ambisonic.wav --microphones foa --out circle.png",
    ),
    add_arguments=add_arguments,
    run=run,
)
