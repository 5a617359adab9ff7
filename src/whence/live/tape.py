"""What the keys `r` and `s` do: recordings on and off, and the last minute kept."""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import write
from whence.errors import WhenceError
from whence.labels import Events, write_dcase
from whence.live.growing_wav import MOST_SAMPLES
from whence.live.last_minute import LastMinute
from whence.live.recording import Recording, finish_left_over, free_stem, labelled
from whence.text import shown
from whence.units import FRAME_SAMPLES

LOG = logging.getLogger("whence.live")


class Tape:
    """Keeps what is asked for, as soon as what was heard in it is final.

    Labels become final later than sound; a recording that was stopped, or a minute that was asked for, waits for them.

    Args:
        folder: where to; must exist when something is kept.
        time_of_day: for the names of files.
        longest_samples: after so many, a recording goes on in the next file.
    """

    def __init__(
        self,
        folder: Path,
        time_of_day: Callable[[], datetime] = datetime.now,
        longest_samples: int = MOST_SAMPLES,
    ) -> None:
        self.minute = LastMinute()
        self.recording: Recording | None = None
        self.kept: list[Path] = []
        self._folder, self._time_of_day = folder, time_of_day
        self._longest_frames = longest_samples // FRAME_SAMPLES
        self._closing: list[Recording] = []
        self._minutes: list[tuple[Path, NDArray[np.float32], int, int, list[Events]]] = []
        self._final = 0
        self._warned = False

    def open(self) -> None:
        """Look at the folder before anything is heard, and name what a kill left there.

        Raises:
            WhenceError: there is no such folder.
        """
        if not self._folder.is_dir():
            raise WhenceError(f"{shown(self._folder)}: no such folder for recordings; make it first")
        finish_left_over(self._folder)

    def hear(self, frames: NDArray[np.float32]) -> None:
        """Add whole label frames of sound, (2, frames * 2400).

        Raises:
            OSError: when the disk refuses.
        """
        self.minute.hear(frames)
        if self.recording is not None:
            self.recording.hear(frames)
            if self.recording.end_frame - self.recording.first_frame >= self._longest_frames:
                self.toggle_recording()
                self.toggle_recording()

    def know(self, events: Events, frame_count: int) -> None:
        """Add rows that became final, and keep what waited for them.

        Args:
            events: rows with frame numbers of the stream.
            frame_count: label frames that are final now.

        Raises:
            OSError: when the disk refuses.
        """
        self._final = frame_count
        if not self._warned and labelled(events).row_count < events.row_count:
            LOG.warning("events without a distance cannot stand in the CSV of a recording and are left out there")
            self._warned = True
        self.minute.know(events)
        for recording in [self.recording, *self._closing]:
            if recording is not None:
                recording.know(events)
        for *_, rows in self._minutes:
            rows.append(events)
        self._keep_what_is_final()

    def toggle_recording(self) -> None:
        """Begin a recording with the next label frame, or end the one that runs.

        Raises:
            OSError: when the disk refuses.
        """
        if self.recording is None:
            self.recording = Recording(free_stem(self._folder, self._stamp()), self.minute.end_frame)
            LOG.info("recording")
        else:
            self.recording.stopped = True
            self._closing.append(self.recording)
            self.recording = None
            self._keep_what_is_final()

    def save_last_minute(self) -> None:
        """Keep the last minute, or as much as there is, once all in it is final.

        Raises:
            OSError: when the disk refuses.
        """
        minute = self.minute
        if not minute.end_frame:
            LOG.info("nothing was heard yet")
            return
        first, end = minute.first_frame, minute.end_frame
        waiting = {stem for stem, *_ in self._minutes}
        stem = free_stem(self._folder, f"{self._stamp()}-last-minute")
        if stem not in waiting:
            self._minutes.append((stem, minute.sound(), first, end, [minute.events_between(first, end)]))
            self._keep_what_is_final()

    def close(self) -> None:
        """End what runs and keep what waits, with the labels that are known.

        Raises:
            OSError: when the disk refuses; what could be kept is.
        """
        if self.recording is not None:
            self.toggle_recording()
        self._final = self.minute.end_frame
        self._keep_what_is_final()

    def _keep_what_is_final(self) -> None:
        """Finish recordings and write minutes whose last frame is final."""
        for recording in [one for one in self._closing if one.end_frame <= self._final]:
            self._closing.remove(recording)
            wav = recording.finish()
            if wav is None:
                LOG.info("too short to be kept")
            else:
                self._say(wav, recording.duration_s)
        for waiting in [one for one in self._minutes if one[3] <= self._final]:
            self._minutes.remove(waiting)
            stem, sound, first, end, rows = waiting
            wav, labels = (stem.with_name(f"{stem.name}{ending}") for ending in (".wav", ".csv"))
            write(wav, np.clip(sound, -1.0, 1.0))
            write_dcase(labels, labelled(Events.concatenate(rows).between(first, end)).shifted(-first))
            self._say(wav, (end - first) / 10)

    def _say(self, wav: Path, duration_s: float) -> None:
        """Remember and say what was kept."""
        self.kept.append(wav)
        LOG.info("kept %.1f s in %s and its .csv", duration_s, shown(wav))

    def _stamp(self) -> str:
        """The time of day as it stands in names of files, which sort by it."""
        return self._time_of_day().strftime("%Y-%m-%d-%H%M%S")
