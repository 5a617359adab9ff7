"""A look at a recording before anything is made of it: is it stereo, whole, loud enough, unclipped?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from whence.audio.levelling import frame_samples
from whence.audio.pieces import segmented
from whence.audio.reading import Source, decoded, pair_of, report_of
from whence.audio.report import SignalReport
from whence.audio.tally import Tally
from whence.units import SAMPLE_RATE_HZ


def check(
    source: Source | NDArray[Any], *, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: tuple[int, int] | None = None
) -> SignalReport:
    """Look through a sound as it was recorded, before any correction, in constant memory.

    Nothing that can be counted is an error here: samples that are not numbers are counted and left out.

    Args:
        source: a (2, sample) signal, or anything `whence.audio.read` takes.
        sample_rate_hz: of a bare signal.
        channels: as for `read`.

    Returns:
        the report; `report.warnings()` says it in sentences.

    Raises:
        AudioError: if it cannot be read at all.
        MissingExtraError: for mp4, m4a, mov, webm and mkv without PyAV.

    >>> check(np.array([[0.5, -0.5, 0.25], [0.5, -0.5, 0.25]], np.float32)).warnings()[0][:28]
    'left and right are identical'
    """
    with decoded((source, sample_rate_hz) if isinstance(source, np.ndarray) else source) as sound:
        tally = Tally(2, sound.info.sample_rate_hz, frame_samples(sound.info), sound.clip_level)
        for segment in segmented(sound, pair_of(sound, channels)):
            tally.add(segment)
        sound.check_unchanged()
        return report_of(sound, tally)
