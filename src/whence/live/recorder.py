"""Recordings that the user switches on and off, and the last minute of sound, which can be saved at any time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import write
from whence.errors import WhenceError
from whence.labels import Events, write_dcase
from whence.live.recording import MOST_SAMPLES, Recording, finish_left_over, free_stem, labelled
from whence.text import shown
from whence.units import FRAME_SAMPLES

LOG = logging.getLogger("whence.live")

_MINUTE_FRAMES = 600


class LabelFrames:
    """Cut a signal that comes in chunks into whole label frames of 100 ms.

    >>> frames = LabelFrames()
    >>> [frames.push(np.zeros((2, 2_000), np.float32)).shape[1] for _ in range(3)], frames.count
    ([0, 2400, 2400], 2)
    """

    def __init__(self) -> None:
        self.count = 0
        self._rest = np.zeros((2, 0), np.float32)

    def push(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add a (2, sample) chunk and return all frames that are complete now, (2, frames * 2400)."""
        joined = np.concatenate([self._rest, signal], axis=1)
        whole = joined.shape[1] // FRAME_SAMPLES
        # A copy, so that a view does not keep all of a long chunk alive.
        self._rest = joined[:, whole * FRAME_SAMPLES :].copy()
        self.count += whole
        return joined[:, : whole * FRAME_SAMPLES]


class LastMinute:
    """A ring buffer of label frames and their events, in memory that never grows.

    Args:
        frame_count: how many frames it holds.

    >>> minute = LastMinute(frame_count=2)
    >>> for level in (0.1, 0.2, 0.3):
    ...     minute.add_sound(np.full((2, 2_400), level, np.float32))
    >>> minute.first_frame, minute.end_frame, minute.sound()[0, [0, -1]]
    (1, 3, array([0.2, 0.3], dtype=float32))
    """

    def __init__(self, frame_count: int = _MINUTE_FRAMES) -> None:
        self.end_frame = 0
        self._frame_count = frame_count
        self._ring = np.zeros((2, frame_count * FRAME_SAMPLES), np.float32)
        self._events = Events.empty()

    @property
    def first_frame(self) -> int:
        """The oldest frame in the buffer."""
        return max(self.end_frame - self._frame_count, 0)

    def add_sound(self, frames: NDArray[np.float32]) -> None:
        """Add whole label frames, (2, frames * 2400), in place of the oldest."""
        size = self._ring.shape[1]
        self.end_frame += frames.shape[1] // FRAME_SAMPLES
        # Of a chunk longer than the ring only the end can stay.
        new = frames[:, -size:]
        position = (self.end_frame * FRAME_SAMPLES - new.shape[1]) % size
        before_the_seam = new[:, : size - position]
        self._ring[:, position : position + before_the_seam.shape[1]] = before_the_seam
        self._ring[:, : new.shape[1] - before_the_seam.shape[1]] = new[:, size - position :]

    def add_events(self, events: Events) -> None:
        """Add final events, with frame numbers of the stream."""
        self._events = Events.concatenate([self._events[self._events.frame >= self.first_frame], events])

    def sound(self) -> NDArray[np.float32]:
        """(2, sample): everything from `first_frame` to `end_frame`."""
        if not self.first_frame:
            return self._ring[:, : self.end_frame * FRAME_SAMPLES].copy()
        seam = self.end_frame % self._frame_count * FRAME_SAMPLES
        return np.concatenate([self._ring[:, seam:], self._ring[:, :seam]], axis=1)

    def events_between(self, first_frame: int, end_frame: int) -> Events:
        """The known events of these frames."""
        return self._events.between(first_frame, end_frame)


@dataclass(eq=False)
class _WaitingMinute:
    """A minute to be written as soon as its events are final."""

    stem: Path
    sound: NDArray[np.float32]
    first_frame: int
    end_frame: int
    events: list[Events] = field(default_factory=list)

    def write(self) -> Path:
        """Write sound and labels; the path of the sound."""
        wav, csv = (self.stem.with_name(f"{self.stem.name}{ending}") for ending in (".wav", ".csv"))
        write(wav, np.clip(self.sound, -1.0, 1.0))
        events = labelled(Events.concatenate(self.events).between(self.first_frame, self.end_frame))
        write_dcase(csv, events.shifted(-self.first_frame))
        return wav


class Recorder:
    """Write recordings and the last minute, each as soon as the events in it are final.

    Events become final later than their sound, so a recording that was stopped waits for them.

    Args:
        folder: where to write; must exist.
        time_of_day: for the names of files.
        longest_samples: after so many, a recording continues in the next file.
    """

    def __init__(
        self,
        folder: Path,
        time_of_day: Callable[[], datetime] = datetime.now,
        longest_samples: int = MOST_SAMPLES,
    ) -> None:
        self.minute = LastMinute()
        self.recording: Recording | None = None
        self.written: list[Path] = []
        self._folder, self._time_of_day = folder, time_of_day
        self._longest_frames = longest_samples // FRAME_SAMPLES
        self._closing: list[Recording] = []
        self._minutes: list[_WaitingMinute] = []
        self._final_frame = 0
        self._warned = False

    def open(self) -> None:
        """Check the folder, and give recordings that a kill cut off their final names.

        Raises:
            WhenceError: there is no such folder.
        """
        if not self._folder.is_dir():
            raise WhenceError("no such folder for recordings", where=self._folder, remedy="make it first")
        finish_left_over(self._folder)

    def add_sound(self, frames: NDArray[np.float32]) -> None:
        """Add whole label frames of sound, (2, frames * 2400).

        Raises:
            OSError: the disk refuses.
        """
        self.minute.add_sound(frames)
        if self.recording is not None:
            self.recording.add_sound(frames)
            if self.recording.end_frame - self.recording.first_frame >= self._longest_frames:
                self.toggle_recording()
                self.toggle_recording()

    def add_events(self, events: Events, frame_count: int) -> None:
        """Add events that became final, and write what waited for them.

        Args:
            events: with frame numbers of the stream.
            frame_count: label frames that are final now.

        Raises:
            OSError: the disk refuses.
        """
        self._final_frame = frame_count
        if not self._warned and labelled(events).row_count < events.row_count:
            LOG.warning("events without a distance are left out of the CSV of a recording, which requires one")
            self._warned = True
        self.minute.add_events(events)
        for recording in [self.recording, *self._closing]:
            if recording is not None:
                recording.add_events(events)
        for minute in self._minutes:
            minute.events.append(events)
        self._write_final()

    def toggle_recording(self) -> None:
        """Begin a recording with the next label frame, or end the one that runs.

        Raises:
            OSError: the disk refuses.
        """
        if self.recording is None:
            self.recording = Recording(free_stem(self._folder, self._timestamp()), self.minute.end_frame)
            LOG.info("recording")
        else:
            self.recording.stopped = True
            self._closing.append(self.recording)
            self.recording = None
            self._write_final()

    def save_last_minute(self) -> None:
        """Save the last minute, or as much as there is, once all its events are final.

        Raises:
            OSError: the disk refuses.
        """
        minute = self.minute
        if not minute.end_frame:
            LOG.info("no sound has come yet")
            return
        first, end = minute.first_frame, minute.end_frame
        stem = free_stem(self._folder, f"{self._timestamp()}-last-minute")
        if all(waiting.stem != stem for waiting in self._minutes):
            events = [minute.events_between(first, end)]
            self._minutes.append(_WaitingMinute(stem, minute.sound(), first, end, events))
            self._write_final()

    def close(self) -> None:
        """End the recording and write what waits, with the events that are known.

        Raises:
            OSError: the disk refuses; what could be written is there.
        """
        if self.recording is not None:
            self.toggle_recording()
        self._final_frame = self.minute.end_frame
        self._write_final()

    def _write_final(self) -> None:
        """Finish recordings and write minutes whose last frame is final."""
        for recording in [one for one in self._closing if one.end_frame <= self._final_frame]:
            self._closing.remove(recording)
            wav = recording.finish()
            if wav is None:
                LOG.info("too short to be kept")
            else:
                self._report(wav, recording.duration_s)
        for minute in [one for one in self._minutes if one.end_frame <= self._final_frame]:
            self._minutes.remove(minute)
            self._report(minute.write(), (minute.end_frame - minute.first_frame) / 10)

    def _report(self, wav: Path, duration_s: float) -> None:
        """Remember and log a finished file."""
        self.written.append(wav)
        LOG.info("kept %.1f s in %s and its .csv", duration_s, shown(wav))

    def _timestamp(self) -> str:
        """The time of day as part of a file name, in an order that sorts."""
        return self._time_of_day().strftime("%Y-%m-%d-%H%M%S")
