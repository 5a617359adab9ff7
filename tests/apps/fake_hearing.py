"""A system that needs no network: loud frames are events, the louder channel is their side, the pitch their class."""

import numpy as np

from whence.labels import ClassList, Events

CLASSES = ClassList(("speech", "bell", "<img src=x onerror=alert(1)>"))
FRAME_SAMPLES = 2_400


class FakeSystem:
    """What `build_app` takes."""

    classes = CLASSES
    name = "fake"
    thresholds = np.array([0.4, 0.5, 0.6])


class FakeStream:
    """What `whence.Stream` does, one frame at a time, so that the sizes of the pieces cannot matter."""

    def __init__(self, system, *, latency="best", threshold=None):
        self.latency_s = 0.1
        self.frame_count = 0
        self._threshold = threshold
        self._rest = np.zeros((2, 0), np.float32)

    def feed(self, signal):
        self._rest = np.concatenate([self._rest, signal], axis=1)
        count = self._rest.shape[1] // FRAME_SAMPLES
        frames = self._rest[:, : count * FRAME_SAMPLES].reshape(2, count, FRAME_SAMPLES)
        self._rest = self._rest[:, count * FRAME_SAMPLES :]
        return self._rows(frames)

    def finish(self):
        short = -self._rest.shape[1] % FRAME_SAMPLES
        return self.feed(np.zeros((2, short), np.float32))

    def _rows(self, frames):
        first, self.frame_count = self.frame_count, self.frame_count + frames.shape[1]
        level = np.sqrt((frames**2).mean(axis=2))
        total = level.sum(axis=0)
        crossings = (np.diff(np.signbit(frames[0] + frames[1]), axis=1) != 0).sum(axis=1)
        score = np.clip(total * 2, 0, 1)
        heard = np.flatnonzero(score >= max(self._threshold or 0.5, 1e-3))
        return Events.from_columns(
            {
                "frame": first + heard,
                "class_index": np.digitize(crossings[heard], [100, 300]),
                "azimuth_deg": 90 * (level[0] - level[1])[heard] / total[heard],
                "distance_m": 0.5 / total[heard],
                "score": score[heard],
            }
        )


def tones(*parts):
    """(2, sample) at 24 kHz from (seconds, Hz, left level, right level) one after the other."""
    pieces = []
    for duration_s, pitch_hz, left, right in parts:
        wave = np.sin(2 * np.pi * pitch_hz * np.arange(round(duration_s * 24_000)) / 24_000)
        pieces.append(np.stack([left * wave, right * wave]))
    return np.concatenate(pieces, axis=1).astype(np.float32)
