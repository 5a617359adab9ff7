"""The model that comes with whence: a system for the challenge's pair, and a localizer for the others."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.inference.onnx_networks import load_onnx
from whence.inference.system import Networks, NetworkSystem, told_networks
from whence.models.outputs import Coding

_FOLDER = Path(__file__).parent / "packaged"
PACKAGED = _FOLDER / "whence_small.onnx"
# One localizer, with tracks, that is told the pair.
PACKAGED_PAIRS = _FOLDER / "whence_pairs.onnx"
# What it was trained for, as its file says too; the file is opened when a recording is from one of these.
PAIRS = ("xy", "ms", "blumlein", "ortf", "nos", "ab", "phone", "binaural")


def load_packaged(*, swap: bool = False, threads: int = 0) -> NetworkSystem:
    """Load the packaged model.

    Args:
        swap: average with the mirrored prediction for the mirrored sound.
        threads: how many windows are processed in parallel; 0 for one on each core.
    """
    first = load_onnx(PACKAGED, swap=swap, threads=threads, trusted=True)
    return replace(first, other_pairs=_PackagedPairs(first, threads))


@dataclass(frozen=True, eq=False)
class _PackagedPairs:
    """The packaged system for pairs other than the challenge's: its detector, with a localizer that is told the pair.

    Args:
        first: the system for the challenge's pair.
        threads: as `load_packaged` takes it.
        thresholds: (K,) of a user; None for those of the file.
    """

    first: NetworkSystem
    threads: int
    thresholds: NDArray[np.float64] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the pairs."""
        return PAIRS

    def system(self) -> NetworkSystem:
        """Return the system, whose localizer is loaded once."""
        pairs = _pairs_localizer(self.threads)
        return replace(
            self.first,
            networks=_Together(self.first.networks, pairs.networks),
            localizer_count=1,
            activity="mean",
            thresholds=pairs.thresholds if self.thresholds is None else self.thresholds,
            microphones=self.names,
            other_pairs=None,
        )

    def with_thresholds(self, thresholds: NDArray[np.float64]) -> Self:
        """Return the same with other thresholds."""
        return replace(self, thresholds=thresholds)


@lru_cache(maxsize=2)
def _pairs_localizer(threads: int) -> NetworkSystem:
    """The localizer by itself."""
    return load_onnx(PACKAGED_PAIRS, threads=threads, trusted=True)


@dataclass(frozen=True, eq=False)
class _Together:
    """The first network of one file and those of another.

    Args:
        detectors: whose first network is taken.
        localizers: whose networks are told the pair.
    """

    detectors: Networks
    localizers: Networks

    @property
    def codings(self) -> list[Coding]:
        """What the values of each network mean, in order."""
        return [self.detectors.codings[0], *self.localizers.codings]

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network for clips (B, 2, S)."""
        return [self.detectors.predict(audio)[0], *self.localizers.predict(audio)]

    def told(self, microphones: Microphones) -> Self:
        """Return the same networks for clips of this pair."""
        return replace(self, localizers=told_networks(self.localizers, microphones))
