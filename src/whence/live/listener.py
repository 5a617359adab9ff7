"""The loop of live listening: sound in, events out, keys obeyed, and everything saved at any end."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from whence.inference import EventStream
from whence.labels import ClassList, Events
from whence.live.device_input import DeviceInput
from whence.live.outputs import Output
from whence.live.recorder import LabelFrames, Recorder
from whence.live.session import Clock, PageMessages, Stop
from whence.units import SAMPLE_RATE_HZ
from whence.views.terminal import ActiveSources, State, Terminal

LOG = logging.getLogger("whence.live")

_DRAWN_EVERY_S = 0.1
# The real-time factor is averaged over about this much sound.
_LOAD_S = 5.0


class LiveStream(EventStream, Protocol):
    """The interface of `whence.Stream` that listening needs."""

    latency_s: float
    frame_count: int


class Listener:
    """A live session, made of parts that `whence.cli.listen` puts together."""

    def __init__(
        self,
        sound: DeviceInput,
        stream: LiveStream,
        classes: ClassList,
        recorder: Recorder,
        outputs: Sequence[Output],
        terminal: Terminal,
        clock: Clock,
        stop: Stop,
        messages: PageMessages,
    ) -> None:
        self._sound, self._stream, self._classes = sound, stream, classes
        self._recorder, self._outputs, self._terminal = recorder, outputs, terminal
        self._clock, self._stop, self._messages = clock, stop, messages
        self._frames, self._sources = LabelFrames(sound.channel_count), ActiveSources()
        self._sent_frame = 0
        self._busy_s = self._load_s = 0.0
        self._drawn_s = -math.inf
        self._commands: dict[str, Callable[[], None]] = {
            "r": recorder.toggle_recording,
            "s": recorder.save_last_minute,
            "x": self._swap,
            "q": stop.ask,
        }

    def run(self) -> None:
        """Listen until the sound ends or a stop is requested; then save what there is.

        Raises:
            UnpluggedError: the device went away and did not come back.
            BrokenPipeError: the reader of standard output has closed it.
            OSError: the disk refuses.
        """
        try:
            while not (self._stop.asked or self._sound.ended):
                self.step()
        finally:
            self._finish()

    def step(self) -> None:
        """Process the sound that has come, obey keys, draw the page when it is due."""
        signal = self._sound.read()
        if signal.shape[1]:
            self._process(signal)
        for key in self._terminal.pressed():
            command = self._commands.get(key.lower())
            if command is not None:
                command()
        now_s = self._clock.monotonic()
        if self._terminal.shows_page and now_s - self._drawn_s >= _DRAWN_EVERY_S:
            self._drawn_s = now_s
            self._terminal.draw(self.state(), self._classes)

    def state(self) -> State:
        """What the page shows."""
        recording = self._recorder.recording
        return State(
            device=self._sound.name,
            rate_hz=self._sound.rate_hz,
            duration_s=self._frames.count / 10,
            latency_s=self._stream.latency_s,
            real_time_factor=self._busy_s / self._load_s if self._load_s else 0.0,
            lost_s=self._sound.lost_s,
            wait_left_s=self._sound.wait_left_s,
            recording_s=None if recording is None else recording.duration_s,
            swapped=self._sound.swapped,
            levels_db=self._sound.levels_db,
            sources=self._sources.now(),
            message=self._messages.last,
            full_circle=self._sound.channel_count == 4,
        )

    def _process(self, signal: NDArray[np.float32]) -> None:
        """Record the sound first, so that it is kept whatever happens to the rest."""
        self._recorder.add_sound(self._frames.push(signal))
        begun_s = self._clock.monotonic()
        events = self._stream.feed(signal)
        duration_s = signal.shape[1] / SAMPLE_RATE_HZ
        fading = math.exp(-duration_s / _LOAD_S)
        self._busy_s = self._busy_s * fading + self._clock.monotonic() - begun_s
        self._load_s = self._load_s * fading + duration_s
        self._send(events)

    def _send(self, events: Events) -> None:
        """Pass on events that became final, to the recorder first."""
        first, end = self._sent_frame, self._stream.frame_count
        self._sent_frame = end
        self._recorder.add_events(events, end)
        self._sources.update(events, end)
        for output in self._outputs:
            output.send(events, first, end)

    def _swap(self) -> None:
        self._sound.swapped = not self._sound.swapped
        LOG.info("channels swapped" if self._sound.swapped else "channels as they come")

    def _finish(self) -> None:
        """Send the last events, close the recorder and the outputs: each even if the one before failed."""
        try:
            self._send(self._stream.finish())
        finally:
            try:
                self._recorder.close()
            finally:
                for output in self._outputs:
                    output.close()
                if self._sound.lost_s >= 0.05:
                    LOG.warning("%.1f s of sound were lost", self._sound.lost_s)
