"""A recording being made: sound and labels that survive whatever ends it."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.labels import Events, dcase_text
from whence.live.growing_wav import GrowingWav
from whence.text import shown
from whence.units import FRAME_SAMPLES

LOG = logging.getLogger("whence.live")

_GROWING = ".growing"
_PREFIX = "whence-"


class Recording:
    """Sound and labels in two files that grow under names of their own and get their final names at the end.

    After a kill the growing files are whole up to the last tenth of a second; the next start in the same folder
    gives them their final names.

    Args:
        stem: path without ending; neither file may exist.
        first_frame: the label frame it begins with, in the count of the stream.

    Raises:
        OSError: the folder is missing or the disk refuses.
    """

    def __init__(self, stem: Path, first_frame: int) -> None:
        self.stem, self.first_frame = stem, first_frame
        self.stopped = False
        # The labels first: a sound without them would look like one that nobody has listened to.
        self._csv = _grown(stem, ".csv").open("xb")
        try:
            self._csv.write(_header())
            self._csv.flush()
            self._wav = GrowingWav(_grown(stem, ".wav"))
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

    def hear(self, frames: NDArray[np.float32]) -> None:
        """Add the label frames that follow, (2, frames * 2400); nothing more once it is stopped."""
        if not self.stopped:
            self._wav.add(frames)

    def know(self, events: Events) -> None:
        """Add rows that became final; those before its beginning or after its end are left out."""
        end_frame = self.end_frame if self.stopped else int(np.iinfo(np.int32).max)
        rows = labelled(events.between(self.first_frame, end_frame)).shifted(-self.first_frame)
        if rows:
            # One write of whole lines, so that no line is ever half there.
            self._csv.write(dcase_text(rows).encode("ascii").partition(b"\n")[2])
            self._csv.flush()

    def finish(self) -> Path | None:
        """Close both files and give them their names; the path of the sound, or None if it had none and is removed."""
        with contextlib.suppress(OSError):
            self._csv.close()
        self._wav.close()
        if self.end_frame == self.first_frame:
            for ending in (".wav", ".csv"):
                _grown(self.stem, ending).unlink(missing_ok=True)
            return None
        return _named(self.stem)


def labelled(events: Events) -> Events:
    """The rows that can stand in a label file: those whose distance is known."""
    known = ~np.isnan(events.distance_m)
    return events if known.all() else events[known]


def finish_left_over(folder: Path) -> list[Path]:
    """Name the recordings in a folder that were cut off by a kill; those that another process makes are left alone."""
    named = []
    for wav in sorted(folder.glob(f"{_PREFIX}*{_GROWING}.wav")):
        with contextlib.suppress(OSError), wav.open("rb") as file:
            if not _lock(file.fileno()):
                continue
            stem = wav.with_name(wav.name.removesuffix(f"{_GROWING}.wav"))
            named.append(_named(stem))
            LOG.info("%s was cut off in an earlier run; it is whole up to its last tenth of a second", shown(named[-1]))
    return named


def free_stem(folder: Path, name: str) -> Path:
    """`folder/whence-name`, with a number behind it where something of that name exists."""
    for number in range(1, 10_000):
        stem = folder / f"{_PREFIX}{name}{'' if number == 1 else f'-{number}'}"
        if not any(path.exists() for end in (".wav", ".csv") for path in (_final(stem, end), _grown(stem, end))):
            return stem
    raise FileExistsError(f"{folder}: 10,000 recordings of one second")


def _named(stem: Path) -> Path:
    """Give the growing files their final names, the labels last: they say that a recording is done."""
    for ending in (".wav", ".csv"):
        if _grown(stem, ending).exists():
            os.replace(_grown(stem, ending), _final(stem, ending))  # noqa: PTH105  (replaces on every system)
    return _final(stem, ".wav")


def _grown(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{_GROWING}{ending}")


def _final(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{ending}")


def _header() -> bytes:
    return dcase_text(Events.empty()).encode("ascii")


def _lock(file_number: int) -> bool:
    """Hold a file until it is closed or the process ends; False where somebody else holds it."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be renamed by others anyway
        return True
    try:
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
