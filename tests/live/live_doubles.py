"""Stand-ins for a device, a system, a terminal and time, so that hours of listening pass at once."""

import struct
import wave

import numpy as np
from rich.console import Console

from whence.labels import STARSS23, Events
from whence.live.device import Chunk, DeviceError
from whence.live.device_input import DeviceInput
from whence.live.listener import Listener
from whence.live.recorder import Recorder
from whence.live.session import PageMessages, Stop
from whence.views.terminal import page

FRAME = 2_400


class FakeClock:
    """Time passes only in `sleep`."""

    def __init__(self):
        self.s = 1_000.0

    def monotonic(self):
        return self.s

    def sleep(self, duration_s):
        self.s += max(duration_s, 0.0)


class FakeDevice:
    """Gives the chunks of a script, and no sound for so many seconds where it has a number; then it ends."""

    name = "a fake device"

    def __init__(self, clock, script, rate_hz=24_000):
        self._clock, self._script, self.rate_hz = clock, iter(script), rate_hz
        self.lost_s, self.ended, self.starts, self.closed = 0.0, False, 0, False
        self._silent_s = 0.0

    def start(self):
        self.starts += 1
        if self._silent_s > 0:
            raise DeviceError("it is away")

    def read(self, timeout_s):
        if self._silent_s > 1e-9:
            self._silent_s -= timeout_s
            self._clock.sleep(timeout_s)
            return None
        piece = next(self._script, None)
        if piece is None:
            self.ended = True
            return None
        if isinstance(piece, float | int):
            self._silent_s = float(piece)
            return self.read(timeout_s)
        chunk = piece if isinstance(piece, Chunk) else Chunk(piece, self.rate_hz)
        self._clock.sleep(chunk.signal.shape[1] / chunk.rate_hz)
        return chunk

    def close(self):
        self.closed = True


class FakeStream:
    """Detects class 8, 30 degrees left, at 2 m, in every so many frames; returns rows some frames late, in twos."""

    latency_s = 0.4

    def __init__(self, late=2, every=1):
        self.frame_count, self._late, self._samples, self._every = 0, late, 0, every
        self.finished = False

    def feed(self, signal):
        self._samples += signal.shape[1]
        return self._rows(max(self._samples // FRAME - self._late, 0) // 2 * 2)

    def finish(self):
        self.finished = True
        return self._rows(-(-self._samples // FRAME))

    def _rows(self, end):
        frames = np.arange(self.frame_count, end)
        self.frame_count = end
        return rows_at(frames[frames % self._every == 0])


def rows_at(frames, class_index=8, azimuth_deg=30.0, distance_m=2.0):
    """A row for each of the frames."""
    count = len(frames)
    columns = {"frame": frames, "class_index": [class_index] * count, "azimuth_deg": [azimuth_deg] * count}
    return Events.from_columns({**columns, "distance_m": [distance_m] * count, "score": [0.9] * count})


class FakeTerminal:
    """Presses scripted keys, one string a call, and remembers pages."""

    def __init__(self, keys=(), shows_page=False, columns=80, rows=24):
        self._keys, self.shows_page, self.pages = iter(keys), shows_page, []
        self._console = Console(width=columns, height=rows)

    reads_keys = True

    def pressed(self):
        return next(self._keys, "")

    def draw(self, state, classes):
        self.pages.append([line.plain.rstrip() for line in page(state, classes, self._console)])


class Listening:
    """Everything that listens, made of stand-ins, in a folder."""

    def __init__(self, folder, script, *, keys=(), stream=None, outputs=(), rate_hz=24_000, shows_page=False):
        self.clock = FakeClock()
        self.source = FakeDevice(self.clock, script, rate_hz)
        self.stream = stream or FakeStream()
        self.recorder = Recorder(folder)
        self.terminal = FakeTerminal(keys, shows_page)
        self.stop = Stop()
        self.source.start()
        self.sound = DeviceInput(self.source, self.clock)
        self.listener = Listener(
            self.sound,
            self.stream,
            STARSS23,
            self.recorder,
            outputs,
            self.terminal,
            self.clock,
            self.stop,
            PageMessages(active=False),
        )


def noise(sample_count, seed=0, level=0.1):
    """(2, sample) of two different noises."""
    return np.random.default_rng([seed, 0, 7]).normal(0, level, (2, sample_count)).astype(np.float32)


def samples(path):
    """(2, sample) as stored, without the corrections of `whence.audio.read`."""
    with wave.open(str(path), "rb") as file:
        steps = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return (steps.reshape(-1, 2).T / 32_768).astype(np.float32)


def wav_seconds(path):
    """Length by the standard library, which believes the header; also checks that the header is true."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 24_000, 2)
        count = file.getnframes()
        assert len(file.readframes(count + 1)) == 4 * count
    assert struct.unpack("<I", path.read_bytes()[4:8])[0] == 36 + 4 * count
    return count / 24_000
