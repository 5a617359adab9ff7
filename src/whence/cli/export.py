"""`whence export`: a run becomes one ONNX file that needs no torch, compared with the run before it is written."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whence import inference, labels, synth
from whence.cli.command import Command
from whence.cli.model_choice import model_paths
from whence.errors import DONE, MACHINE_GAVE_UP, MissingExtraError, WhenceError
from whence.models import outputs
from whence.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger("whence.cli")
# In float32 the engines add in another order; with weights of 16 bits the eleventh bit differs.
_TOLERANCE, _TOLERANCE_HALF = 1e-4, 1e-2
_CLIP_S, _STREAM_CLIPS = 5.0, 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "run", help="folder of a finished run or of a converted checkpoint; several, joined by commas, are averaged"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .onnx file to write")
    parser.add_argument("--to", choices=("onnx",), default="onnx", help="the kind of file")
    parser.add_argument(
        "--half", action="store_true", help="store large weights in 16 bits: half the size, nearly the same events"
    )
    parser.add_argument("--clips", type=int, default=64, metavar="N", help="clips on which file and run are compared")


def run(args: argparse.Namespace) -> int:
    """Export beside the target, compare, and only then move it there."""
    try:
        import onnx  # noqa: F401  (a missing extra ends the command before any work)
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("exporting", "export") from None
    if args.out.suffix != ".onnx":
        raise WhenceError(f"{args.out}: an exported model is an .onnx file; choose such a name")
    if not args.out.parent.is_dir():
        raise WhenceError(f"{args.out.parent}: no such folder; make it first")
    runs = [Path(path) for path in model_paths([args.run])]
    for path in runs:
        if path.is_file():
            raise WhenceError(f"{path}: a file; export makes one of the folders of runs")
    unproved = args.out.with_name(f".{args.out.name}.unproved")
    try:
        inference.export_onnx(runs, unproved, half=args.half)
        parity = compare_engines(runs, unproved, max(args.clips, 1))
        _log.info("%s", parity.sentence())
        if parity.difference > (_TOLERANCE_HALF if args.half else _TOLERANCE):
            _log.error("the file does not predict what the run predicts; nothing was written")
            return MACHINE_GAVE_UP
        unproved.replace(args.out)
    finally:
        unproved.unlink(missing_ok=True)
    size_mb = args.out.stat().st_size / 1e6
    _log.info(
        "%s: %.1f MB, opset %d; try: whence detect street.wav --model %s", args.out, size_mb, inference.OPSET, args.out
    )
    return DONE


@dataclass(frozen=True)
class Parity:
    """How far an exported file agrees with its run.

    Args:
        clips: that both processed.
        difference: the largest of the activity of any class; of codings with vectors, of any x and y.
        rows: events rows of the run, over all clips.
        rows_apart: rows that only one of them has.
        stream_rows_apart: the same for a stream of one minute.
        ms_per_s: milliseconds that the file needs for a second of audio, on one core.
    """

    clips: int
    difference: float
    rows: int
    rows_apart: int
    stream_rows_apart: int
    ms_per_s: float

    def sentence(self) -> str:
        """Describe the comparison in one sentence."""
        return (
            f"the same as the run within {self.difference:.1g} on {self.clips} clips: {self.rows_apart} of "
            f"{self.rows:,} rows apart, {self.stream_rows_apart} on a stream of a minute; {self.ms_per_s:.0f} ms per "
            "second of audio on one core"
        )


def compare_engines(runs: Sequence[Path], file: Path, clips: int) -> Parity:
    """Compare a run, or the average of several, and an exported file on clips of procedural sounds.

    Args:
        runs: folders of finished runs.
        file: exported from it.
        clips: how many.
    """
    import numpy as np

    of_run = inference.average_systems([inference.load_run(run, device="cpu") for run in runs])
    of_file = inference.load_onnx(file, threads=1)
    audio = [_clip(number) for number in range(clips)]
    difference, rows, apart, seconds = 0.0, 0, 0, 0.0
    for signal in audio:
        began = time.perf_counter()
        found = of_file.values(signal[None])
        seconds += time.perf_counter() - began
        expected = of_run.values(signal[None])
        apart_by = np.abs(_activity(found, of_run.coding) - _activity(expected, of_run.coding))
        difference = max(difference, float(np.nanmax(apart_by)))
        events = of_run.decode(expected[0])
        rows += events.row_count
        apart += _rows_apart(events, of_file.decode(found[0]))
    stream = np.concatenate([audio[number % clips] for number in range(_STREAM_CLIPS)], axis=1)
    stream_apart = _rows_apart(of_run.detect(stream), of_file.detect(stream))
    return Parity(clips, difference, rows, apart, stream_apart, 1000 * seconds / (clips * _CLIP_S))


def _activity(values: NDArray[np.float32], coding: outputs.Coding) -> NDArray[np.float32]:
    """Return the numbers that tell what is active: x and y of every vector, or the activity of every class.

    Tracks have that of the most certain: whether a further one counts is a step that the last bits can take.
    """
    if isinstance(coding.settings, outputs.AccdoaSettings | outputs.MultiAccdoaSettings):
        return values[..., :2, :]
    activity: NDArray[np.float32] = values[..., 0, :]
    return activity.max(axis=2) if isinstance(coding.settings, outputs.TracksSettings) else activity


def _rows_apart(first: labels.Events, second: labels.Events) -> int:
    """Count the (frame, class) rows that only one of two tables has."""
    rows = [{*zip(table.frame.tolist(), table.class_index.tolist(), strict=True)} for table in (first, second)]
    return len(rows[0] ^ rows[1])


def _clip(number: int) -> NDArray[np.float32]:
    """Return (2, sample): three procedural sounds at positions of their own over a little noise."""
    import numpy as np

    rng = np.random.default_rng([number, 0])
    length = round(_CLIP_S * SAMPLE_RATE_HZ)
    signal = 0.003 * rng.standard_normal((2, length))
    for class_index in rng.choice(13, 3, replace=False):
        sound = synth.generate(int(class_index), rng)[:length]
        first, to_left = int(rng.integers(0, length - len(sound) + 1)), rng.uniform(0, 1)
        signal[:, first : first + len(sound)] += 0.3 * np.outer((to_left, 1 - to_left), sound)
    return signal.astype(np.float32)


COMMAND = Command(
    summary="make one ONNX file of a run or of several, for machines without torch",
    examples=(
        "whence export runs/first --to onnx --out model.onnx",
        "whence export runs/first --half --out model.onnx",
        "whence export runs/a,runs/b --out both.onnx",
    ),
    add_arguments=add_arguments,
    run=run,
)
