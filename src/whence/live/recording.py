"""A recording in progress: sound and labels in files that are readable at any moment, also after a kill."""

from __future__ import annotations

import contextlib
import logging
import os
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, dcase_text
from whence.text import shown
from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

LOG = logging.getLogger("whence.live")

_GROWING = ".growing"
_PREFIX = "whence-"
_FULL_SCALE = 2**15
# Lengths in RIFF files end at 4 GiB, which is 12.4 hours of two channels.
MOST_SAMPLES = 12 * 3600 * SAMPLE_RATE_HZ


class GrowingWav:
    """A WAV file of 16 bits at 24 kHz whose header is updated after every piece.

    A kill between two pieces leaves a file that ends with the last of them. A kill in the middle of a piece leaves a
    header that misses at most that piece, which every player accepts.

    Every method raises OSError when the disk refuses, and the first one when the file exists.
    """

    def __init__(self, path: Path, channel_count: int = 2) -> None:
        self.sample_count = 0
        self.file = path.open("xb")
        self._wave = wave.open(self.file, "wb")  # noqa: SIM115  (open for as long as the recording runs)
        self._wave.setparams((channel_count, 2, SAMPLE_RATE_HZ, 0, "NONE", "not compressed"))
        self.add(np.zeros((channel_count, 0), np.float32))

    def add(self, signal: NDArray[np.float32]) -> None:
        """Append (channel, sample) float32; values above full scale, as resampling can make them, are clipped."""
        steps = np.clip(np.round(signal.T * np.float64(_FULL_SCALE)), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
        self._wave.writeframes(steps.tobytes())
        self.file.flush()
        self.sample_count += signal.shape[1]

    def close(self) -> None:
        """Close the file; if a full disk refuses even that, what was written before remains."""
        with contextlib.suppress(OSError):
            self._wave.close()
        with contextlib.suppress(OSError):
            self.file.close()


class Recording:
    """Sound and labels in two files that grow under temporary names and get their final names at the end.

    After a kill the growing files are complete up to the last tenth of a second; the next start in the same folder
    gives them their final names.

    Args:
        stem: path without ending; neither file may exist.
        first_frame: the label frame of the stream that it begins with.
        channel_count: of the sound.

    Raises:
        OSError: the folder is missing or the disk refuses.
    """

    def __init__(self, stem: Path, first_frame: int, channel_count: int = 2) -> None:
        self.stem, self.first_frame = stem, first_frame
        self.stopped = False
        # The labels first: a sound without a label file would look as if it had never been analysed.
        self._csv = _grown(stem, ".csv").open("xb")
        try:
            self._csv.write(dcase_text(Events.empty()).encode("ascii"))
            self._csv.flush()
            self._wav = GrowingWav(_grown(stem, ".wav"), channel_count)
        except BaseException:
            self._csv.close()
            _grown(stem, ".csv").unlink()
            raise
        _lock(self._wav.file.fileno())

    @property
    def end_frame(self) -> int:
        """The label frame after the last one recorded."""
        return self.first_frame + self._wav.sample_count // FRAME_SAMPLES

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return (self.end_frame - self.first_frame) / 10

    def add_sound(self, frames: NDArray[np.float32]) -> None:
        """Add the label frames that follow, (channel, frames * 2400); nothing more once it is stopped."""
        if not self.stopped:
            self._wav.add(frames)

    def add_events(self, events: Events) -> None:
        """Add events that became final; those before its beginning or after its end are left out."""
        end_frame = self.end_frame if self.stopped else int(np.iinfo(np.int32).max)
        rows = labelled(events.between(self.first_frame, end_frame)).shifted(-self.first_frame)
        if rows:
            # One write of whole lines, so that no line is ever incomplete.
            self._csv.write(dcase_text(rows).encode("ascii").partition(b"\n")[2])
            self._csv.flush()

    def finish(self) -> Path | None:
        """Close and rename both files; return the path of the sound, or None if there was none and they are removed."""
        with contextlib.suppress(OSError):
            self._csv.close()
        self._wav.close()
        if self.end_frame == self.first_frame:
            for ending in (".wav", ".csv"):
                _grown(self.stem, ending).unlink(missing_ok=True)
            return None
        return _named(self.stem)


def labelled(events: Events) -> Events:
    """The events that a label file can hold: those whose distance is known."""
    known = ~np.isnan(events.distance_m)
    return events if known.all() else events[known]


def finish_left_over(folder: Path) -> list[Path]:
    """Rename the recordings that a kill cut off and return them; those that another process writes stay as they are."""
    named = []
    for wav in sorted(folder.glob(f"{_PREFIX}*{_GROWING}.wav")):
        with contextlib.suppress(OSError), wav.open("rb") as file:
            if not _lock(file.fileno()):
                continue
            stem = wav.with_name(wav.name.removesuffix(f"{_GROWING}.wav"))
            named.append(_named(stem))
            LOG.info("%s was cut off in an earlier run; it lacks at most its last tenth of a second", shown(named[-1]))
    return named


def free_stem(folder: Path, name: str) -> Path:
    """Return `folder/whence-name`, with a number appended where that name is taken."""
    for number in range(1, 10_000):
        stem = folder / f"{_PREFIX}{name}{'' if number == 1 else f'-{number}'}"
        if not any(path.exists() for end in (".wav", ".csv") for path in (_final(stem, end), _grown(stem, end))):
            return stem
    raise FileExistsError(f"{folder}: 10,000 recordings of one second")


def _named(stem: Path) -> Path:
    """Give the growing files their final names, the labels last: they mark a recording as complete."""
    for ending in (".wav", ".csv"):
        if _grown(stem, ending).exists():
            os.replace(_grown(stem, ending), _final(stem, ending))  # noqa: PTH105  (replaces on every system)
    return _final(stem, ".wav")


def _grown(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{_GROWING}{ending}")


def _final(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{ending}")


def _lock(file_number: int) -> bool:
    """Lock a file until it is closed or the process ends; False where another process has locked it."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be renamed by others anyway
        return True
    try:
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
