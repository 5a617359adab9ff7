"""A WAV file that can be played at any moment while it grows, also after its writer was killed."""

import contextlib
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.units import SAMPLE_RATE_HZ

_FULL = 2**15
# RIFF's lengths end at 4 GiB, which is 12.4 hours.
MOST_SAMPLES = 12 * 3600 * SAMPLE_RATE_HZ


class GrowingWav:
    """A stereo file of 16 bits at 24 kHz whose header is put right after every piece.

    A kill between two pieces leaves a file that ends with the last of them; one in the middle of a piece leaves a
    header that is at most that piece wrong, which every player takes.

    Args:
        path: a file that does not exist yet.

    Raises:
        OSError: it exists, or the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sample_count = 0
        self.file = path.open("xb")
        self._wave = wave.open(self.file, "wb")  # noqa: SIM115  (open for as long as the recording runs)
        self._wave.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", "not compressed"))
        self.add(np.zeros((2, 0), np.float32))

    def add(self, signal: NDArray[np.float32]) -> None:
        """Append (2, sample) float32; what lies over full scale, as after a conversion of rate, is cut off there.

        Raises:
            OSError: when the disk refuses.
        """
        steps = np.clip(np.round(signal.T * np.float64(_FULL)), -_FULL, _FULL - 1).astype("<i2")
        self._wave.writeframes(steps.tobytes())
        self.file.flush()
        self.sample_count += signal.shape[1]

    def close(self) -> None:
        """Close the file; if a full disk refuses even that, what stood in it already stays."""
        with contextlib.suppress(OSError):
            self._wave.close()
        with contextlib.suppress(OSError):
            self.file.close()
