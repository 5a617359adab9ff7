"""The talk before listening: five seconds of the room, then a snap of the fingers at the left."""

import logging

import numpy as np
from numpy.typing import NDArray

from whence.live.channels import faults, one_sided, side_of, snap_db
from whence.live.clock import Clock
from whence.live.intake import Intake
from whence.live.stop import Stop
from whence.units import SAMPLE_RATE_HZ
from whence.views.terminal import Terminal

LOG = logging.getLogger("whence.live")

_ROOM_S = 5.0
_SNAP_S = 20.0
_ANSWER_S = 30.0
_ECHO_S = 0.5
_LOOKED_AT = 2 * SAMPLE_RATE_HZ


class ChannelCheck:
    """Asks and listens; every question ends by itself when nobody answers.

    Args:
        intake: what is heard; its sides are exchanged where the user says so.
        terminal: where keys come from.
        clock: how long a question waits.
        stop: asked by a signal, it ends every question.
    """

    def __init__(self, intake: Intake, terminal: Terminal, clock: Clock, stop: Stop) -> None:
        self._intake, self._terminal, self._clock, self._stop = intake, terminal, clock, stop
        self._keys = ""

    def run(self) -> None:
        """The whole talk.

        Raises:
            UnpluggedError: the device gave nothing for 10 s.
        """
        LOG.info("checking the channels of %s, %.0f s (any key: go on)", self._intake.name, _ROOM_S)
        room = self._room()
        found = faults(room) if room.shape[1] else []
        for sentence in found:
            LOG.warning("%s", sentence)
        if self._over() or not room.shape[1] or one_sided(room):
            return
        if not found:
            LOG.info("two channels, different from each other")
        self._snap()

    def _room(self) -> NDArray[np.float32]:
        """What is heard while nobody is asked for anything."""
        return self._listen(_ROOM_S)

    def _listen(self, duration_s: float) -> NDArray[np.float32]:
        """So many seconds of sound, fewer when a key is pressed."""
        pieces, heard = [np.zeros((2, 0), np.float32)], 0
        while heard < duration_s * SAMPLE_RATE_HZ and not self._over() and not self._pressed():
            pieces.append(self._intake.take())
            heard += pieces[-1].shape[1]
        return np.concatenate(pieces, axis=1)

    def _snap(self) -> None:
        """Ask for a snap at the left until one tells, a key is pressed or time is up."""
        LOG.info("snap your fingers at your LEFT (any key: skip)")
        begun_s = self._clock.now_s()
        heard = np.zeros((2, 0), np.float32)
        while self._clock.now_s() - begun_s < _SNAP_S and not self._over():
            if self._pressed():
                LOG.info("skipped")
                return
            heard = np.concatenate([heard, self._intake.take()], axis=1)[:, -_LOOKED_AT:]
            difference_db = snap_db(heard)
            if difference_db is None:
                continue
            side = side_of(difference_db)
            if side == "left":
                LOG.info("left is left (%.0f dB louder there)", difference_db)
                return
            if side == "right":
                self._offer(-difference_db)
                return
            LOG.info("that was as loud on both sides; once more, nearer to the left microphone")
            # The walls still answer; their echo would pass for another snap.
            self._listen(_ECHO_S)
            heard = np.zeros((2, 0), np.float32)
        if not self._over():
            LOG.info("no snap was heard; the channels stay as they are")

    def _offer(self, difference_db: float) -> None:
        """Left and right are exchanged: ask whether to set that right."""
        LOG.warning("that came from the RIGHT (%.0f dB louder there): the channels are swapped", difference_db)
        LOG.info("swap them here? y or n")
        begun_s = self._clock.now_s()
        while self._clock.now_s() - begun_s < _ANSWER_S and not self._over():
            answer = self._pressed().lower()
            if "y" in answer:
                self._intake.swapped = not self._intake.swapped
                LOG.info("swapped; x swaps them back")
                return
            if "n" in answer:
                break
            self._intake.take()
        LOG.info("left as they are; x swaps them at any time")

    def _pressed(self) -> str:
        """Keys since the last look; q asks to stop."""
        keys = self._terminal.pressed()
        if "q" in keys:
            self._stop.ask()
        return keys

    def _over(self) -> bool:
        return self._stop.asked or self._intake.ended
