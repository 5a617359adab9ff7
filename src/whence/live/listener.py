"""One evening of listening: sound in, events out, keys obeyed, everything put away at any end."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from whence.labels import ClassList, Events
from whence.live.clock import Clock
from whence.live.intake import Intake
from whence.live.label_frames import LabelFrames
from whence.live.levels import Levels
from whence.live.messages import PageMessages
from whence.live.outputs import Output
from whence.live.stop import Stop
from whence.live.tape import Tape
from whence.units import SAMPLE_RATE_HZ
from whence.views.terminal import Looks, Present, State, Terminal, page

LOG = logging.getLogger("whence.live")

_DRAWN_EVERY_S = 0.1
# Over how much sound the load is averaged.
_LOAD_S = 5.0


class LiveStream(Protocol):
    """What `whence.inference.streaming.Stream` is."""

    latency_s: float
    frame_count: int

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """Hear a (2, sample) piece; the rows that became final."""

    def finish(self) -> Events:
        """The rest."""


class Listener:
    """Everything that listens, put together by `whence.cli.listen`.

    Args:
        intake: where sound comes from.
        stream: what hears it.
        classes: names of what it finds.
        tape: recordings and the last minute.
        outputs: who is told.
        terminal: keys and page.
        clock: what time is.
        stop: whether to end.
        messages: the sentence that the page shows.
        looks: what the terminal can show.
    """

    def __init__(
        self,
        intake: Intake,
        stream: LiveStream,
        classes: ClassList,
        tape: Tape,
        outputs: Sequence[Output],
        terminal: Terminal,
        clock: Clock,
        stop: Stop,
        messages: PageMessages,
        looks: Looks,
    ) -> None:
        self._intake, self._stream, self._classes = intake, stream, classes
        self._tape, self._outputs, self._terminal = tape, outputs, terminal
        self._clock, self._stop, self._messages, self._looks = clock, stop, messages, looks
        self._frames, self._levels, self._present = LabelFrames(), Levels(), Present()
        self._told = 0
        self._busy_s = self._load_s = 0.0
        self._drawn_s = -math.inf
        self._commands: dict[str, Callable[[], None]] = {
            "r": tape.toggle_recording,
            "s": tape.save_last_minute,
            "x": self._swap,
            "q": stop.ask,
        }

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for each second of sound, over the last few seconds."""
        return self._busy_s / self._load_s if self._load_s else 0.0

    def run(self) -> None:
        """Listen until the sound ends or somebody asks to stop; then keep what there is.

        Raises:
            UnpluggedError: the device went away and did not come back.
            BrokenPipeError: nobody reads standard output any more.
            OSError: the disk refuses.
        """
        try:
            while not (self._stop.asked or self._intake.ended):
                self.step()
        finally:
            self._put_away()

    def step(self) -> None:
        """Hear what has come, obey keys, show the page where it is due."""
        signal = self._intake.take()
        if signal.shape[1]:
            self._hear(signal)
        for key in self._terminal.pressed():
            command = self._commands.get(key.lower())
            if command is not None:
                command()
        now_s = self._clock.now_s()
        if self._terminal.shows_page and now_s - self._drawn_s >= _DRAWN_EVERY_S:
            self._drawn_s = now_s
            state = self.state()
            self._terminal.draw(lambda columns, rows: page(state, self._classes, columns, rows, self._looks))

    def state(self) -> State:
        """What the page shows."""
        recording = self._tape.recording
        return State(
            device=self._intake.name,
            rate_hz=self._intake.rate_hz,
            heard_s=self._frames.count / 10,
            latency_s=self._stream.latency_s,
            real_time_factor=self.real_time_factor,
            lost_s=self._intake.lost_s,
            away_s=self._intake.away_s,
            recording_s=None if recording is None else recording.duration_s,
            swapped=self._intake.swapped,
            levels_db=self._levels.now_db,
            soundings=self._present.now(),
            message=self._messages.last,
        )

    def _hear(self, signal: NDArray[np.float32]) -> None:
        """Sound to the tape first, so that it is kept whatever happens to the rest."""
        self._levels.hear(signal)
        self._tape.hear(self._frames.push(signal))
        begun_s = self._clock.now_s()
        events = self._stream.feed(signal)
        duration_s = signal.shape[1] / SAMPLE_RATE_HZ
        fading = math.exp(-duration_s / _LOAD_S)
        self._busy_s = self._busy_s * fading + self._clock.now_s() - begun_s
        self._load_s = self._load_s * fading + duration_s
        self._tell(events)

    def _tell(self, events: Events) -> None:
        """Rows that became final, to the tape first."""
        first, end = self._told, self._stream.frame_count
        self._told = end
        self._tape.know(events, end)
        self._present.follow(events, end)
        for output in self._outputs:
            output.tell(events, first, end)

    def _swap(self) -> None:
        self._intake.swapped = not self._intake.swapped
        LOG.info("channels swapped" if self._intake.swapped else "channels as they come")

    def _put_away(self) -> None:
        """The last events, the tape, the outputs: each of them even if the one before failed."""
        try:
            self._tell(self._stream.finish())
        finally:
            try:
                self._tape.close()
            finally:
                for output in self._outputs:
                    output.close()
                if self._intake.lost_s >= 0.05:
                    LOG.warning("%.1f s of sound were lost", self._intake.lost_s)
