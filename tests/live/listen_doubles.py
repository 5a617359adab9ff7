"""Stand-ins for a device, a system, a terminal and time, so that hours of listening pass at once."""

import struct
import wave

import numpy as np

from whence.labels import STARSS23, Events
from whence.live.intake import Intake
from whence.live.listener import Listener
from whence.live.messages import PageMessages
from whence.live.source import DeviceError, Heard
from whence.live.stop import Stop
from whence.live.tape import Tape
from whence.views.terminal import Looks

FRAME = 2_400


class FakeClock:
    """Time passes only when somebody sleeps."""

    def __init__(self):
        self.s = 1_000.0

    def now_s(self):
        return self.s

    def sleep(self, duration_s):
        self.s += max(duration_s, 0.0)


class FakeSource:
    """Gives what a script says: chunks, or seconds of nothing (a number); then it ends."""

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
        heard = piece if isinstance(piece, Heard) else Heard(piece, self.rate_hz)
        self._clock.sleep(heard.signal.shape[1] / heard.rate_hz)
        return heard

    def close(self):
        self.closed = True


class FakeStream:
    """Hears one source in every so many frames: class 8, 30 degrees left, 2 m; says so some frames late, in twos."""

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
    """Presses scripted keys, one string a look, and remembers pages."""

    def __init__(self, keys=(), shows_page=False, columns=80, rows=24):
        self._keys, self.shows_page, self.pages = iter(keys), shows_page, []
        self._size = (columns, rows)

    hears_keys = True

    def pressed(self):
        return next(self._keys, "")

    def draw(self, make_page):
        self.pages.append(make_page(*self._size))


class Listening:
    """Everything that listens, made of stand-ins, in a folder."""

    def __init__(self, folder, script, *, keys=(), stream=None, outputs=(), rate_hz=24_000, shows_page=False):
        self.clock = FakeClock()
        self.source = FakeSource(self.clock, script, rate_hz)
        self.stream = stream or FakeStream()
        self.tape = Tape(folder)
        self.terminal = FakeTerminal(keys, shows_page)
        self.stop = Stop()
        self.source.start()
        self.intake = Intake(self.source, self.clock)
        self.listener = Listener(
            self.intake,
            self.stream,
            STARSS23,
            self.tape,
            outputs,
            self.terminal,
            self.clock,
            self.stop,
            PageMessages(active=False),
            Looks(colours=0),
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
