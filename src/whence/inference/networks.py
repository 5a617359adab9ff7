"""What a system asks: trained networks behind one small protocol, whichever engine runs them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from whence.models.outputs import Coding


class Networks(Protocol):
    """Several networks that hear the same clips."""

    @property
    def codings(self) -> Sequence[Coding]:
        """What the values of each network mean, in order."""

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The values of every network, in order.

        Args:
            audio: (clip, 2, sample) at 24 kHz, left first.

        Returns:
            for each network what its coding's `activate` gives, (clip, frame, ...).
        """
