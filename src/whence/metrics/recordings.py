"""Clip names become recordings: five-second clips cut from one recording are not independent of each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# fold4_room2_mix013_deg120_start0450: viewing angle and start are what tells clips of one recording apart.
_CUT = re.compile(r"(?P<recording>.+)_deg\d+_start\d+")


@dataclass(frozen=True, eq=False)
class Recordings:
    """Which recording each clip was cut from.

    Args:
        names: (recording,) in the order of their first clip.
        of_clip: (clip,) int64, position in `names`.
        unnamed_clips: how many clip names tell no recording; each of them stands as a recording of its own.
    """

    names: tuple[str, ...]
    of_clip: NDArray[np.int64]
    unnamed_clips: int

    @property
    def unit(self) -> Literal["recording", "clip"]:
        """What intervals are drawn over: "clip" if no clip name tells its recording."""
        return "clip" if self.unnamed_clips == len(self.of_clip) else "recording"


def recordings_of(clip_names: Sequence[str]) -> Recordings:
    """Group clips by the recording their names carry.

    Args:
        clip_names: without folder and ending, as in `fold4_room2_mix013_deg120_start0450`.

    Returns:
        the recordings; a name of another form is a recording of its own.

    >>> recordings_of(["room1_deg000_start0000", "street", "room1_deg120_start0050"]).names
    ('room1', 'street')
    """
    position: dict[str, int] = {}
    of_clip = np.empty(len(clip_names), dtype=np.int64)
    unnamed = 0
    for clip, name in enumerate(clip_names):
        cut = _CUT.fullmatch(name)
        unnamed += cut is None
        of_clip[clip] = position.setdefault(cut["recording"] if cut else name, len(position))
    return Recordings(tuple(position), of_clip, unnamed)
