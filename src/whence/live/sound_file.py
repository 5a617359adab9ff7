"""A sound file that behaves like a microphone: it plays in real time, and sound that is read too late is lost."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import ChannelChoice, Microphones, decoded, pair_of
from whence.live.device import Chunk, DeviceError, SoundQueue
from whence.live.session import Clock
from whence.text import shown

_CHUNK_S = 0.05


class SoundFile:
    """A file played once in real time, for rehearsals without a microphone.

    A slow reader loses sound, as with a microphone; the seconds are counted.

    Args:
        path: any sound file that whence reads.
        clock: real time.
        channels: which two channels are left and right, counted from 1 or by name, where there are not two.
        microphones: what it was recorded with; None where that is not known.

    Raises:
        AudioError: it is not a sound file, has more than two channels and none were chosen, or others than the
            microphones have.
        DeviceError: it has one channel.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        channels: ChannelChoice = None,
        microphones: Microphones | None = None,
    ) -> None:
        self.name = shown(path)
        self._queue = SoundQueue()
        self.ended = False
        self._clock = clock
        self._open = contextlib.ExitStack()
        self._sound = self._open.enter_context(decoded(path))
        try:
            if self._sound.info.channel_count == 1:
                raise DeviceError(f"{self.name} has 1 channel; direction needs two")
            self._mix = pair_of(self._sound, channels, microphones)
        except BaseException:
            self._open.close()
            raise
        self._rate_hz = self._sound.info.sample_rate_hz
        self._pieces = self._cut()
        self._started_s: float | None = None
        self._played = 0

    def start(self) -> None:
        """Begin to play; a second call changes nothing."""
        if self._started_s is None:
            self._started_s = self._clock.monotonic()

    def read(self, timeout_s: float) -> Chunk | None:
        """Return the sound whose time has come."""
        if self._due() < self._chunk and not self.ended:
            wait_s = (self._chunk - self._due()) / self._rate_hz
            self._clock.sleep(min(wait_s, timeout_s))
        while self._due() >= self._chunk and not self.ended:
            signal = next(self._pieces, None)
            if signal is None:
                self.ended = True
            else:
                self._played += signal.shape[1]
                self._queue.put(signal, self._rate_hz)
        return self._queue.take(0.0)

    @property
    def lost_s(self) -> float:
        """Seconds that found the queue full."""
        return self._queue.lost_s

    @property
    def _chunk(self) -> int:
        """Samples in a chunk."""
        return max(round(_CHUNK_S * self._rate_hz), 1)

    def _due(self) -> int:
        """Samples whose time has come and that are not in the queue yet."""
        if self._started_s is None:
            return 0
        return round((self._clock.monotonic() - self._started_s) * self._rate_hz) - self._played

    def _cut(self) -> Iterator[NDArray[np.float32]]:
        """The file in chunks of equal length, the last one shorter."""
        for block in self._sound.blocks():
            # A decoder may overwrite a block by the next one, and a chunk may wait for a while.
            signal = np.array(self._mix(block), dtype=np.float32, order="C")
            for first in range(0, signal.shape[1], self._chunk):
                yield signal[:, first : first + self._chunk]

    def close(self) -> None:
        """Close the file."""
        self.ended = True
        self._open.close()
