"""Tell from two channels what pair of microphones recorded them, as far as the signal shows it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.audio.microphones import Microphones, named_microphones
from whence.audio.time_differences import LAGS, MOST_LAG, phase_correlation
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

# A direct sound is compared in this window, before most reflections arrive.
_WINDOW = 1_024
_STEP = 256
_RISE = 2.5
_LOW_HZ, _HIGH_HZ = (300.0, 1_200.0), (3_000.0, 9_000.0)
_CLEAR = 0.15
_SAME = 1e-8
_LEAST_ONSETS = 3
# Shares of the beginnings that are at most one sample apart.
_ONE_POINT, _SPACED = 0.85, 0.5
_REACHED = 0.9
_OFF_CENTRE = 3
_SHADOW_DB = 4.0
_HEAD_LAG = 20  # 0.83 ms
# Of a long recording, this much tells enough.
_WATCHED_S = 120
# Less than this is not told from the signal alone.
_TELLING_M = 0.08
# Longer time differences are not looked for; some of the longest are lost at the edge.
_MOST_M = (MOST_LAG - 2) / SAMPLE_RATE_HZ * SPEED_OF_SOUND_M_S


@dataclass(frozen=True)
class Finding:
    """What two channels say of the microphones.

    Args:
        kind: "unknown" where too few sounds begin clearly, "mono" for one channel copied, "one point", "spaced" or
            "head".
        spacing_m: metres between the capsules that the time differences reach; 0 unless spaced or a head.
        onsets: how many beginnings of sounds were compared.
        microphones: a pair that would do the same, None where it cannot be told.
    """

    kind: Literal["unknown", "mono", "one point", "spaced", "head"]
    spacing_m: float = 0.0
    onsets: int = 0
    microphones: Microphones | None = None

    def text(self) -> str:
        """Return it in one sentence.

        >>> Finding("spaced", 0.17, 30).text()
        'spaced: time differences up to 0.50 ms, so at least 17 cm apart'
        """
        reached = f"time differences up to {1000 * self.spacing_m / SPEED_OF_SOUND_M_S:.2f} ms"
        if self.spacing_m >= _MOST_M:
            reached = (
                f"time differences of {1000 * _MOST_M / SPEED_OF_SOUND_M_S:.1f} ms or more, the longest looked for"
            )
        return {
            "unknown": "the microphones cannot be told: too few sounds begin clearly, or they do not agree",
            "mono": "mono: both channels are the same, and no direction can be told",
            "one point": "microphones at one point, or every sound straight ahead: no time differences",
            "spaced": f"spaced: {reached}, so at least {100 * self.spacing_m:.0f} cm apart",
            "head": f"ears of a head: {reached}, and level differences that grow with frequency",
        }[self.kind]

    def contradiction(self, told: Microphones) -> str | None:
        """Return how this contradicts what was told about the microphones, in one sentence; None where it does not.

        >>> Finding("one point", 0.0, 30).contradiction(named_microphones("ab:0.20"))
        'said to be ab:0.20, 20 cm apart, but no time differences were found; or every sound is straight ahead'
        """
        if self.kind == "one point" and told.spacing_m >= _TELLING_M:
            apart = f"said to be {told.name}, {100 * told.spacing_m:.3g} cm apart"
            return f"{apart}, but no time differences were found; or every sound is straight ahead"
        if self.kind in ("spaced", "head") and self.spacing_m >= told.spacing_m + _TELLING_M:
            return f"said to be {told.name}, but this is {self.text()}"
        return None


def find_microphones(blocks: Iterable[NDArray[np.float32]]) -> Finding:
    """Return what a recording says of the microphones that made it.

    Args:
        blocks: (2, sample) at 24 kHz, left first, as `read_blocks` gives them.

    >>> sound = np.random.default_rng(0).normal(size=48_000).astype(np.float32)
    >>> find_microphones([np.stack([sound, sound])]).kind
    'mono'
    """
    onsets = Onsets()
    for block in blocks:
        onsets.add(block)
    return onsets.finding()


class Watched:
    """Blocks of a recording on their way to something else, and what they say of its microphones.

    Args:
        blocks: as for `find_microphones`; two minutes of them are looked at.
        watching: whether to look at all.
    """

    def __init__(self, blocks: Iterable[NDArray[np.float32]], *, watching: bool = True) -> None:
        self._blocks = blocks
        self._onsets = Onsets()
        self._left = _WATCHED_S * SAMPLE_RATE_HZ if watching else 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks."""
        for block in self._blocks:
            if self._left > 0:
                self._onsets.add(block)
                self._left -= block.shape[1]
            yield block

    def finding(self) -> Finding:
        """Return what the blocks said that have passed."""
        return self._onsets.finding()


class Onsets:
    """Time and level differences at the beginnings of sounds, collected in constant memory."""

    def __init__(self) -> None:
        self._kept = np.zeros((2, 0), np.float32)
        self.weights = np.zeros(len(LAGS))
        self.levels = np.zeros((2, len(LAGS)))
        self.count = 0
        self.difference = 0.0
        self.energy = 0.0

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next samples (2, sample) at 24 kHz."""
        self.difference += float(np.square(block[0] - block[1], dtype=np.float64).sum())
        self.energy += float(np.square(block, dtype=np.float64).sum())
        signal = np.concatenate([self._kept, block], axis=1)
        steps = signal.shape[1] // _STEP
        if steps * _STEP < 2 * _WINDOW:
            self._kept = signal
            return
        # A first difference keeps rumble from hiding what begins.
        change = np.diff(signal[:, : steps * _STEP], axis=1, prepend=signal[:, :1])
        power = np.square(change).sum(axis=0).reshape(steps, _STEP).sum(axis=1)
        floor = max(float(np.median(power)), 1e-9)
        before = np.maximum((power[:-3] + power[1:-2]) / 2, 0.1 * floor)
        rises = np.flatnonzero(power[2:-1] > _RISE * before) + 2
        length = _WINDOW // _STEP
        last = -length
        for step in rises.tolist():
            if step - last >= length // 2 and step + length - 1 <= steps:
                last = step
                start = (step - 1) * _STEP
                self._compare(signal[:, start : start + _WINDOW])
        self._kept = signal[:, (steps - length - 1) * _STEP :]

    def _compare(self, piece: NDArray[np.float32]) -> None:
        """Add one beginning where one time difference stands out."""
        lags, power, frequencies = phase_correlation(piece)
        # Figures of eight hear the sides in opposite phase.
        lags = np.abs(lags)
        peak = int(np.argmax(lags))
        if lags[peak] < _CLEAR:
            return
        self.count += 1
        self.weights[peak] += lags[peak]
        for band, (low, high) in enumerate((_LOW_HZ, _HIGH_HZ)):
            bins = (frequencies >= low) & (frequencies < high)
            left, right = power[:, bins].sum(axis=1) + 1e-12
            self.levels[band, peak] += lags[peak] * 10 * math.log10(left / right)

    def finding(self) -> Finding:
        """Return what the sound so far says."""
        if self.energy > 0 and self.difference <= _SAME * self.energy:
            return Finding("mono", onsets=self.count)
        if self.count < _LEAST_ONSETS:
            return Finding("unknown", onsets=self.count)
        near = float(self.weights[np.abs(LAGS) <= 1].sum() / self.weights.sum())
        if near >= _ONE_POINT:
            return Finding("one point", onsets=self.count)
        if near > _SPACED:
            return Finding("unknown", onsets=self.count)
        reached = _percentile(np.abs(LAGS), self.weights, _REACHED)
        spacing_m = min(reached / SAMPLE_RATE_HZ * SPEED_OF_SOUND_M_S, 1.0)
        off = np.abs(LAGS) >= _OFF_CENTRE
        low_db, high_db = (np.sign(LAGS) * self.levels)[:, off].sum(axis=1) / max(self.weights[off].sum(), 1e-12)
        if high_db - low_db >= _SHADOW_DB and reached <= _HEAD_LAG:
            return Finding("head", spacing_m, self.count, named_microphones("binaural"))
        return Finding("spaced", spacing_m, self.count)


def _percentile(values: NDArray[np.int64], weights: NDArray[np.float64], share: float) -> float:
    """The value under which a share of the weights lies."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), share * weights.sum())])
