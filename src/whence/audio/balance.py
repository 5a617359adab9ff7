"""Faults of a pair that its background shows: one channel louder, one capsule covered, and how wide the pair hears."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whence.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

# Third octaves; the highest three show a covered capsule.
_CENTRES_HZ = (315, 400, 500, 630, 800, 1_000, 1_250, 1_600, 2_000, 2_500, 3_150, 4_000, 5_000, 6_300, 8_000)
_LOW_BANDS, _HIGH_BANDS = slice(0, 8), slice(12, 15)
# Of a long recording, this much tells enough.
_FRAMES = 1_200
# The background is what is left in the quietest frames of a band.
_QUIET = 0.3
_LEAST_FRAMES = 8
# Decaying reverberation, which comes from all around: frames so far under the one before and over the background.
_FALLING_DB, _OVER_QUIET_DB, _QUIET_PERCENT = 4.0, 8.0, 20
_LEAST_DECAYS = 3
# Gain and width are means over sources and rooms, which take their time.
_LEAST_S = 20.0
# Above this coherence, a band holds one source rather than a background that comes from all around.
_ONE_SOURCE = 0.9
_LEAST_BANDS = 5
# A steady sound at one side of a live room makes its channel up to 3.9 dB louder; more is a fault of the gains.
_LEAST_DB, _FAULT_DB = 2.0, 4.5
_NEARLY_SILENT_DB = 20.0
_COVERED_DB = 8.0
# Bands that agree less than this have sources, not a gain, to thank for their difference.
_SPREAD_DB = 3.5
_NARROW_DB, _WIDE_DB = -5.0, -4.4
_FLOOR = 1e-14


@dataclass(frozen=True)
class Balance:
    """What the background and the reverberation of two channels say of the capsules; NaN where they say nothing.

    Args:
        seconds: how much was looked at.
        gain_db: how much louder the left channel is in the background, the median over bands up to 1.6 kHz.
        spread_db: how far these bands differ, from the first to the third quartile.
        high_db: how much less the right channel has above 5 kHz than that gain explains, negative for the left one.
        width_db: level of the side (L - R) / 2 over the mid (L + R) / 2 in decaying reverberation, dB, channels made
            equally loud.
    """

    seconds: float = 0.0
    gain_db: float = math.nan
    spread_db: float = math.nan
    high_db: float = math.nan
    width_db: float = math.nan

    @property
    def louder(self) -> Literal["left", "right"] | None:
        """The channel that is recorded louder, where the bands of a long enough recording agree; else None."""
        agreed = self.seconds >= _LEAST_S and self.spread_db <= _SPREAD_DB and abs(self.gain_db) >= _LEAST_DB
        if not agreed and not abs(self.gain_db) >= _NEARLY_SILENT_DB:
            return None
        return "left" if self.gain_db > 0 else "right"

    @property
    def covered(self) -> Literal["left", "right"] | None:
        """The channel that lacks high frequencies; None if neither does."""
        if not abs(self.high_db) >= _COVERED_DB:
            return None
        return "right" if self.high_db > 0 else "left"

    def faults(self) -> list[str]:
        """Return what is wrong with the pair, one sentence each.

        >>> Balance(30.0, gain_db=25.0, spread_db=0.5).faults()
        ['the right channel is nearly silent, 25 dB under the left; look at its cable and its gain']
        >>> Balance(5.0, gain_db=0.3, spread_db=3.0, high_db=12.0).faults()
        ['the right channel lacks 12 dB above 5 kHz; something covers that microphone']
        """
        found, by_db = [], abs(self.gain_db)
        if self.louder is not None and by_db >= _NEARLY_SILENT_DB:
            quieter = "right" if self.louder == "left" else "left"
            silent = f"is nearly silent, {by_db:.0f} dB under the {self.louder}; look at its cable and its gain"
            found.append(f"the {quieter} channel {silent}")
        elif self.louder is not None and by_db >= _FAULT_DB:
            remedy = f"set both gains alike, or describe the pair with gain_db: {-self.gain_db:.1f}"
            found.append(f"the {self.louder} channel is {by_db:.1f} dB louder in the background; {remedy}")
        if self.covered is not None:
            lacks = f"lacks {abs(self.high_db):.0f} dB above 5 kHz; something covers that microphone"
            found.append(f"the {self.covered} channel {lacks}")
        return found

    def doubt(self) -> str | None:
        """Return a difference of the channels that may have either cause, in one sentence; None where there is none.

        >>> Balance(30.0, gain_db=-3.0, spread_db=0.5).doubt()
        'the right channel is 3.0 dB louder in the background: the gains differ, or a steady sound is at the right'
        """
        if self.louder is None or abs(self.gain_db) >= _FAULT_DB:
            return None
        cause = f"the gains differ, or a steady sound is at the {self.louder}"
        return f"the {self.louder} channel is {abs(self.gain_db):.1f} dB louder in the background: {cause}"

    def width_text(self) -> str | None:
        """Return in one sentence how wide a pair at one point hears; None where the recording does not show it.

        >>> Balance(30.0, width_db=-7.0).width_text()
        'narrow, as cardioids 90° apart: in reverberation the side is 7.0 dB under the mid'
        """
        if not (self.seconds >= _LEAST_S and math.isfinite(self.width_db)):
            return None
        kind = "neither narrow nor wide"
        if self.width_db <= _NARROW_DB:
            kind = "narrow, as cardioids 90° apart"
        elif self.width_db >= _WIDE_DB:
            kind = "wide, as cardioids back to back or wider"
        above = "over" if self.width_db > 0 else "under"
        return f"{kind}: in reverberation the side is {abs(self.width_db):.1f} dB {above} the mid"


def find_balance(blocks: Iterable[NDArray[np.float32]]) -> Balance:
    """Measure the background of a recording.

    A pair that is symmetric picks up sound from all around equally in both channels, wherever single sources are. So
    levels are compared in the quietest moments of each band, in bands where the channels are not coherent, and the
    width where a band decays.

    Args:
        blocks: (2, sample) at 24 kHz, left first, as `read_blocks` gives them; two minutes of them are read.
    """
    frames, kept = [], np.zeros((2, 0), np.float32)
    for block in blocks:
        signal = np.concatenate([kept, block], axis=1)
        count = signal.shape[1] // FRAME_SAMPLES
        kept = signal[:, count * FRAME_SAMPLES :]
        if count:
            pieces = signal[:, : count * FRAME_SAMPLES].reshape(2, count, FRAME_SAMPLES)
            frames.append(_band_powers(pieces))
        if sum(map(len, frames)) >= _FRAMES:
            break
    return _balance(np.concatenate(frames)[:_FRAMES]) if frames else Balance()


def _band_powers(pieces: NDArray[np.float32]) -> NDArray[np.float64]:
    """(frame, 4, band): power of left and right, real and imaginary part of their product, of (2, frame, sample)."""
    spectra = np.fft.rfft(pieces * np.hanning(FRAME_SAMPLES).astype(np.float32), axis=2)
    hz = np.fft.rfftfreq(FRAME_SAMPLES, 1 / SAMPLE_RATE_HZ)
    left, right = spectra
    cross = left * np.conj(right)
    parts = np.stack([np.abs(left) ** 2, np.abs(right) ** 2, cross.real, cross.imag], axis=1)
    sixth = 2 ** (1 / 6)
    bands = [(hz >= centre / sixth) & (hz < centre * sixth) for centre in _CENTRES_HZ]
    return np.stack([parts[:, :, band].mean(axis=2) for band in bands], axis=2)


def _balance(powers: NDArray[np.float64]) -> Balance:
    """The balance of (frame, 4, band)."""
    count = len(_CENTRES_HZ)
    gains, widths = np.full(count, np.nan), np.full(count, np.nan)
    for band in range(count):
        total = powers[:, 0, band] + powers[:, 1, band]
        sounding = total > _FLOOR * FRAME_SAMPLES
        if sounding.sum() >= _LEAST_FRAMES:
            # Quiet in both alike: by the sum, a louder channel would be chosen where it happens to be quiet.
            product = powers[:, 0, band] * powers[:, 1, band]
            quietest = np.flatnonzero(sounding)[np.argsort(product[sounding])]
            gains[band] = _gain_db(powers[quietest[: max(round(_QUIET * len(quietest)), _LEAST_FRAMES)], :, band])
            decaying = _decaying(total, sounding)
            if len(decaying) >= _LEAST_DECAYS:
                widths[band] = _width_db(powers[decaying, :, band])
    low, high = gains[_LOW_BANDS], gains[_HIGH_BANDS]
    seconds = len(powers) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    width_db = (
        float(np.nanmedian(widths[_LOW_BANDS])) if np.isfinite(widths[_LOW_BANDS]).sum() >= _LEAST_BANDS else math.nan
    )
    if np.isfinite(low).sum() < _LEAST_BANDS:
        return Balance(seconds, width_db=width_db)
    gain_db, first, third = np.nanpercentile(low, (50, 25, 75)).tolist()
    high_db = float(np.nanmedian(high)) - gain_db if np.isfinite(high).any() else math.nan
    return Balance(seconds, gain_db, third - first, high_db, width_db)


def _decaying(total: NDArray[np.float64], sounding: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The frames in which a band decays, of its power (frame,)."""
    level_db = 10 * np.log10(total + _FLOOR)
    quiet_db = np.percentile(level_db[sounding], _QUIET_PERCENT)
    falls = level_db[1:] < level_db[:-1] - _FALLING_DB
    return np.flatnonzero(falls & sounding[1:] & (level_db[1:] > quiet_db + _OVER_QUIET_DB)) + 1


def _gain_db(frames: NDArray[np.float64]) -> float:
    """How much louder the left channel is in (frame, 4); NaN where one source is all there is."""
    if _coherence(frames)[0] > _ONE_SOURCE:
        return math.nan
    left, right = frames[:, 0] + _FLOOR, frames[:, 1] + _FLOOR
    return float(np.mean(10 * np.log10(left / right)))


def _width_db(frames: NDArray[np.float64]) -> float:
    """Level of the side over the mid of (frame, 4), channels made equally loud."""
    alike = _coherence(frames)[1]
    return 10 * math.log10((1 - alike + _FLOOR) / (1 + alike + _FLOOR))


def _coherence(frames: NDArray[np.float64]) -> tuple[float, float]:
    """Magnitude and real part of the coherence over (frame, 4), where each frame counts alike, however loud."""
    left, right, real, imaginary = (frames / (frames[:, :2].sum(axis=1, keepdims=True) + _FLOOR)).mean(axis=0).tolist()
    scale = math.sqrt(left * right) + _FLOOR
    return math.hypot(real, imaginary) / scale, real / scale
