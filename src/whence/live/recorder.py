"""Recordings that the user switches on and off, and the last minute of sound, which can be saved at any time."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.errors import WhenceError
from whence.labels import Events
from whence.live.recording import MOST_SAMPLES, Recording, finish_left_over, free_stem, labelled
from whence.text import shown
from whence.units import FRAME_SAMPLES

LOG = logging.getLogger("whence.live")

_MINUTE_FRAMES = 600


class LabelFrames:
    """Cut a signal that comes in chunks into whole label frames of 100 ms.

    Args:
        channel_count: of the signal.

    >>> frames = LabelFrames()
    >>> [frames.push(np.zeros((2, 2_000), np.float32)).shape[1] for _ in range(3)], frames.count
    ([0, 2400, 2400], 2)
    """

    def __init__(self, channel_count: int = 2) -> None:
        self.count = 0
        self._rest = np.zeros((channel_count, 0), np.float32)

    def push(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add a (channel, sample) chunk and return all frames that are complete now, (channel, frames * 2400)."""
        joined = np.concatenate([self._rest, signal], axis=1)
        whole = joined.shape[1] // FRAME_SAMPLES
        # A copy, so that a view does not keep all of a long chunk alive.
        self._rest = joined[:, whole * FRAME_SAMPLES :].copy()
        self.count += whole
        return joined[:, : whole * FRAME_SAMPLES]


class LastMinute:
    """The newest label frames and their events, in memory that never grows.

    Args:
        frame_count: how many frames it holds.
        channel_count: of the sound.

    >>> minute = LastMinute(frame_count=2)
    >>> for level in (0.1, 0.2, 0.3):
    ...     minute.add_sound(np.full((2, 2_400), level, np.float32))
    >>> minute.first_frame, minute.end_frame, minute.sound()[0, [0, -1]]
    (1, 3, array([0.2, 0.3], dtype=float32))
    """

    def __init__(self, frame_count: int = _MINUTE_FRAMES, channel_count: int = 2) -> None:
        self.end_frame = 0
        self.channel_count = channel_count
        self.events = Events.empty()
        self._frames: deque[NDArray[np.float32]] = deque(maxlen=frame_count)

    @property
    def first_frame(self) -> int:
        """The oldest frame."""
        return self.end_frame - len(self._frames)

    def add_sound(self, frames: NDArray[np.float32]) -> None:
        """Add whole label frames, (channel, frames * 2400); the oldest are dropped."""
        # A copy, frame by frame: a caller may write into its array again.
        self._frames.extend(np.array(frames.reshape(self.channel_count, -1, FRAME_SAMPLES).swapaxes(0, 1)))
        self.end_frame += frames.shape[1] // FRAME_SAMPLES

    def add_events(self, events: Events) -> None:
        """Add final events, with frame numbers of the stream."""
        events = Events.concatenate([self.events, events])
        self.events = events[events.frame >= self.first_frame]

    def sound(self) -> NDArray[np.float32]:
        """(channel, sample): everything from `first_frame` to `end_frame`."""
        return np.concatenate([np.zeros((self.channel_count, 0), np.float32), *self._frames], axis=1)


class Recorder:
    """Write recordings and the last minute, each as soon as the events in it are final.

    Events become final later than their sound, so a recording that was stopped waits for them. Every method raises
    OSError when the disk refuses; what was written before remains.

    Args:
        folder: where to write; must exist.
        time_of_day: for the names of files.
        longest_samples: after so many, a recording continues in the next file; by default before 4 GiB.
        channel_count: of the sound: 2, or 4 for Ambisonics (AmbiX).
    """

    def __init__(
        self,
        folder: Path,
        time_of_day: Callable[[], datetime] = datetime.now,
        longest_samples: int | None = None,
        channel_count: int = 2,
    ) -> None:
        self.minute = LastMinute(channel_count=channel_count)
        self.recording: Recording | None = None
        self.written: list[Path] = []
        self._folder, self._time_of_day = folder, time_of_day
        longest = MOST_SAMPLES * 2 // channel_count if longest_samples is None else longest_samples
        self._longest_frames = longest // FRAME_SAMPLES
        self._closing: list[Recording] = []
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
        """Add whole label frames of sound, (channel, frames * 2400)."""
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
        """
        self._final_frame = frame_count
        if not self._warned and labelled(events).row_count < events.row_count:
            LOG.warning("events without a distance are left out of the CSV of a recording, which requires one")
            self._warned = True
        self.minute.add_events(events)
        for recording in [self.recording, *self._closing]:
            if recording is not None:
                recording.add_events(events)
        self._finish_final()

    def toggle_recording(self) -> None:
        """Begin a recording with the next label frame, or end the one that runs."""
        if self.recording is None:
            self.recording = Recording(
                free_stem(self._folder, self._timestamp()), self.minute.end_frame, self.minute.channel_count
            )
            LOG.info("recording")
        else:
            self.recording.stopped = True
            self._closing.append(self.recording)
            self.recording = None
            self._finish_final()

    def save_last_minute(self) -> None:
        """Save the last minute, or as much as there is, once all its events are final."""
        if not self.minute.end_frame:
            LOG.info("no sound has come yet")
            return
        stem = free_stem(self._folder, f"{self._timestamp()}-last-minute")
        recording = Recording(stem, self.minute.first_frame, self.minute.channel_count)
        self._closing.append(recording)
        recording.add_sound(self.minute.sound())
        recording.stopped = True
        recording.add_events(self.minute.events)
        self._finish_final()

    def close(self) -> None:
        """End all recordings, with the events that are known."""
        if self.recording is not None:
            self.toggle_recording()
        self._final_frame = self.minute.end_frame
        self._finish_final()

    def _finish_final(self) -> None:
        """Finish the recordings whose last frame is final."""
        for recording in [one for one in self._closing if one.end_frame <= self._final_frame]:
            self._closing.remove(recording)
            wav = recording.finish()
            if wav is None:
                LOG.info("too short to be kept")
            else:
                self.written.append(wav)
                LOG.info("kept %.1f s in %s and its .csv", recording.duration_s, shown(wav))

    def _timestamp(self) -> str:
        """The time of day as part of a file name, in an order that sorts."""
        return self._time_of_day().strftime("%Y-%m-%d-%H%M%S")
