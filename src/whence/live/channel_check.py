"""Check two channels before listening: five seconds of the room, then a snap of the fingers at the left."""

import logging

import numpy as np
from numpy.typing import NDArray

from whence.audio import check, find_clap, front_pair
from whence.live.device_input import DeviceInput, levels_db
from whence.live.session import Clock, Stop
from whence.units import SAMPLE_RATE_HZ
from whence.views.terminal import Terminal

LOG = logging.getLogger("whence.live")

_ROOM_S = 5.0
_SNAP_S = 20.0
_ANSWER_S = 30.0
_ECHO_S = 0.5
_WINDOW_SAMPLES = 2 * SAMPLE_RATE_HZ
_UNEQUAL_DB, _UNPLUGGED_DB = 6.0, 30.0


def faults(signal: NDArray[np.float32]) -> list[str]:
    """Return what is wrong with a pair of channels, a sentence each; empty for a good pair.

    Args:
        signal: (2, sample) at 24 kHz, some seconds of any sound.

    >>> faults(np.zeros((2, 24_000), np.float32))
    ['both channels are silent: is the microphone muted, or switched off?']
    """
    report = check(signal)
    if report.silent:
        return ["both channels are silent: is the microphone muted, or switched off?"]
    found = report.warnings()
    left_db, right_db = levels_db(signal)
    difference_db = left_db - right_db
    if report.dead_channel is None and abs(difference_db) >= _UNEQUAL_DB:
        quiet, loud = ("right", "left") if difference_db > 0 else ("left", "right")
        help_ = (
            "is it plugged in?"
            if abs(difference_db) >= _UNPLUGGED_DB
            else f"set both to the same gain, or directions lean to the {loud}"
        )
        found.append(f"{quiet} is {abs(difference_db):.0f} dB quieter than {loud}: {help_}")
    return found


class ChannelCheck:
    """Check an input with the help of the user, who may swap its channels; questions end without an answer too."""

    def __init__(self, sound: DeviceInput, terminal: Terminal, clock: Clock, stop: Stop) -> None:
        self._sound, self._terminal, self._clock, self._stop = sound, terminal, clock, stop

    def run(self) -> None:
        """Run the whole check.

        Raises:
            UnpluggedError: the device gave nothing for 10 s.
        """
        LOG.info("checking the channels of %s, %.0f s (any key: go on)", self._sound.name, _ROOM_S)
        room = self._record(_ROOM_S)
        found = faults(room) if room.shape[1] else []
        for sentence in found:
            LOG.warning("%s", sentence)
        if self._over() or not room.shape[1] or check(room).one_sided:
            return
        if not found:
            LOG.info("two channels, different from each other")
        self._ask_for_snap()

    def _record(self, duration_s: float) -> NDArray[np.float32]:
        """So many seconds of sound, fewer when a key is pressed."""
        pieces, count = [np.zeros((2, 0), np.float32)], 0
        while count < duration_s * SAMPLE_RATE_HZ and not self._over() and not self._pressed():
            pieces.append(front_pair(self._sound.read()))
            count += pieces[-1].shape[1]
        return np.concatenate(pieces, axis=1)

    def _ask_for_snap(self) -> None:
        """Ask for a snap at the left until one has a side, a key is pressed or time is up."""
        LOG.info("snap your fingers at your LEFT (any key: skip)")
        begun_s = self._clock.monotonic()
        recent = np.zeros((2, 0), np.float32)
        while self._clock.monotonic() - begun_s < _SNAP_S and not self._over():
            if self._pressed():
                LOG.info("skipped")
                return
            recent = np.concatenate([recent, front_pair(self._sound.read())], axis=1)[:, -_WINDOW_SAMPLES:]
            clap = find_clap(recent)
            if clap is None:
                continue
            side = clap.side
            if side == "left":
                LOG.info("left is left (%s there)", clap.difference)
                return
            if side == "right":
                self._offer_swap(clap.difference)
                return
            LOG.info("that was as loud on both sides; once more, nearer to the left microphone")
            # The room still reverberates; its echo would pass for another snap.
            self._record(_ECHO_S)
            recent = np.zeros((2, 0), np.float32)
        if not self._over():
            LOG.info("no snap was detected; the channels stay as they are")

    def _offer_swap(self, difference: str) -> None:
        """Left and right are exchanged: ask whether to swap them."""
        LOG.warning("that came from the RIGHT (%s there): the channels are swapped", difference)
        LOG.info("swap them here? y or n")
        begun_s = self._clock.monotonic()
        while self._clock.monotonic() - begun_s < _ANSWER_S and not self._over():
            answer = self._pressed().lower()
            if "y" in answer:
                self._sound.swapped = not self._sound.swapped
                LOG.info("swapped; x swaps them back")
                return
            if "n" in answer:
                break
            self._sound.read()
        LOG.info("left as they are; x swaps them at any time")

    def _pressed(self) -> str:
        """Keys pressed since the last call; q asks to stop."""
        keys = self._terminal.pressed()
        if "q" in keys:
            self._stop.ask()
        return keys

    def _over(self) -> bool:
        return self._stop.asked or self._sound.ended
