"""Whether an exported file says what the run says: the same clips and the same stream through both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from whence.inference import NetworkSystem

# In float32 the engines add in another order; with weights of 16 bits the eleventh bit differs.
_TOLERANCE, _TOLERANCE_HALF = 1e-4, 1e-2
_CLIP_S, _STREAM_CLIPS = 5.0, 12


@dataclass(frozen=True)
class Parity:
    """How two engines compare.

    Args:
        clips: that both heard.
        activity: largest difference of an activity (or of any value, in units of 90 degrees and metres).
        rows: events rows of the run, over all clips.
        rows_apart: rows that only one of them has.
        stream_rows_apart: the same on one minute heard as a stream.
        ms_per_s: milliseconds the file needs for a second of audio, on one core.
    """

    clips: int
    activity: float
    rows: int
    rows_apart: int
    stream_rows_apart: int
    ms_per_s: float

    def agrees(self, *, half: bool) -> bool:
        """Whether the file may be handed over."""
        return self.activity <= (_TOLERANCE_HALF if half else _TOLERANCE)

    def sentence(self) -> str:
        """The comparison in one sentence."""
        return (
            f"the same as the run within {self.activity:.1g} on {self.clips} clips: {self.rows_apart} of {self.rows:,} "
            f"rows apart, {self.stream_rows_apart} on a stream of a minute; {self.ms_per_s:.0f} ms per second of audio "
            "on one core"
        )


def compare_engines(run: Path, file: Path, clips: int) -> Parity:
    """Let a run and an exported file hear the same clips of procedural sounds.

    Args:
        run: folder of a finished run.
        file: exported from it.
        clips: how many.
    """
    import numpy as np

    from whence.inference import load_onnx, load_run

    theirs, ours = load_run(run, device="cpu"), load_onnx(file, threads=1)
    audio = [_clip(number) for number in range(clips)]
    difference, rows, apart, seconds = 0.0, 0, 0, 0.0
    for signal in audio:
        began = time.perf_counter()
        heard = ours.values(signal[None])
        seconds += time.perf_counter() - began
        expected = theirs.values(signal[None])
        difference = max(difference, float(np.nanmax(np.abs(heard[:, :, 0] - expected[:, :, 0]))))
        rows += theirs.decode(expected[0]).row_count
        apart += _apart(theirs, ours, expected[0], heard[0])
    stream = np.concatenate([audio[number % clips] for number in range(_STREAM_CLIPS)], axis=1)
    said = [
        {*zip(events.frame, events.class_index, strict=True)} for events in (s.detect(stream) for s in (theirs, ours))
    ]
    return Parity(clips, difference, rows, apart, len(said[0] ^ said[1]), 1000 * seconds / (clips * _CLIP_S))


def _apart(
    first: NetworkSystem, second: NetworkSystem, values: NDArray[np.float32], others: NDArray[np.float32]
) -> int:
    """Rows (frame, class) that only one of two engines has."""
    tables = first.decode(values), second.decode(others)
    said = [{*zip(table.frame.tolist(), table.class_index.tolist(), strict=True)} for table in tables]
    return len(said[0] ^ said[1])


def _clip(number: int) -> NDArray[np.float32]:
    """(2, sample): three procedural sounds at places of their own over a little noise."""
    import numpy as np

    from whence.synth import generate

    rng = np.random.default_rng([number, 0])
    length = round(_CLIP_S * 24_000)
    signal = 0.003 * rng.standard_normal((2, length))
    for class_index in rng.choice(13, 3, replace=False):
        sound = generate(int(class_index), rng)[:length]
        first, to_left = int(rng.integers(0, length - len(sound) + 1)), rng.uniform(0, 1)
        signal[:, first : first + len(sound)] += 0.3 * np.outer((to_left, 1 - to_left), sound)
    return signal.astype(np.float32)
