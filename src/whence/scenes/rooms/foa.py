"""First-order (Ambisonic) room responses: any layout and rate to W, Y, Z, X (SN3D) at 24 kHz, and what they tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.audio import FOA_LAYOUTS
from whence.errors import SceneError
from whence.units import SAMPLE_RATE_HZ

# First-order microphones keep their patterns here: noise below, capsules too far apart above.
_TRUE_BAND_HZ = (500.0, 5000.0)
# The direct sound is the first arrival this strong, its peak comes within a millisecond, the floor's echo 2 ms later.
_ONSET_SHARE, _PEAK_S, _BEFORE_S, _AFTER_S = 0.2, 0.001, 0.0005, 0.0015
# The 500 Hz and 1 kHz octaves together, edge to edge.
_MID_BAND_HZ = (353.6, 1414.2)
# Where a straight line is fitted to the decay curve: T20 of ISO 3382-1.
_FIT_DB = (-5.0, -25.0)


@dataclass(frozen=True, eq=False)
class MeasuredResponse:
    """One measured first-order room response, as the file holds it.

    Args:
        name: for the messages, usually the path.
        channels: (channel, sample) float64.
        sample_rate_hz: of the channels.
        layout: a key of FOA_LAYOUTS.
        room: responses with the same name here are of one room.
        distance_m: from microphone to source, above 0; a response does not tell this reliably, so it must be known.
        azimuth_deg: of the source, positive to the left; None takes the direction of the direct sound.
        elevation_deg: of the source; given if and only if the azimuth is.
    """

    name: str
    channels: NDArray[np.float64]
    sample_rate_hz: float
    layout: str
    room: str
    distance_m: float
    azimuth_deg: float | None = None
    elevation_deg: float | None = None


def as_wyzx(channels: NDArray[np.float64], sample_rate_hz: float, layout: str, name: str) -> NDArray[np.float64]:
    """Convert first-order channels to ACN order with SN3D gains at 24 kHz.

    Args:
        channels: (channel, sample); of higher orders in ACN order, the first four are taken.
        sample_rate_hz: of the channels, 8000 to 400000.
        layout: "ambix" (W Y Z X, SN3D), "n3d" (W Y Z X, N3D), "fuma" (W X Y Z, W 3 dB down) or "wxyz" (W X Y Z, SN3D).
        name: for the messages.

    Returns:
        (4, sample) W, Y, Z, X.

    Raises:
        SceneError: if layout, rate, number of channels or a sample is impossible.

    >>> as_wyzx(np.array([[1.0], [2.0], [3.0], [4.0]]), 24_000, "wxyz", "x").ravel().tolist()
    [1.0, 3.0, 4.0, 2.0]
    """
    if layout not in FOA_LAYOUTS:
        raise SceneError(f"{name}: no layout {layout!r}; there are: {', '.join(FOA_LAYOUTS)}")
    if not 8_000 <= sample_rate_hz <= 400_000:
        raise SceneError(f"{name}: sample rate {sample_rate_hz:g} Hz; 8000 to 400000 can be resampled")
    order = round(len(channels) ** 0.5) - 1
    if len(channels) != (order + 1) ** 2 or order < 1 or (order > 1 and layout not in ("ambix", "n3d")):
        raise SceneError(f"{name}: {len(channels)} channels in layout {layout!r}; a first-order response has 4")
    # A square of more than this overflows; no response has it, a damaged file may.
    if not (np.abs(channels) < 1e100).all():
        raise SceneError(f"{name}: holds samples that are not numbers or far too large; export it again")
    positions, gains = FOA_LAYOUTS[layout]
    wyzx: NDArray[np.float64] = channels[list(positions)] * np.array(gains)[:, None]
    if sample_rate_hz == SAMPLE_RATE_HZ:
        return wyzx
    import soxr

    return np.asarray(soxr.resample(wyzx.T, sample_rate_hz, SAMPLE_RATE_HZ, quality="VHQ").T)


@dataclass(frozen=True)
class DirectSound:
    """The first arrival in a response.

    Args:
        sample: where W peaks.
        amplitude: the height of a one-sample pulse with the energy of W's first 2 ms.
        direction: (x, y, z) unit vector towards the source; x ahead, y left, z up.
        gain: strength of the three figures-of-eight together relative to W; 1 for one plane wave in SN3D.
    """

    sample: int
    amplitude: float
    direction: tuple[float, float, float]
    gain: float


def find_direct_sound(wyzx: NDArray[np.float64], name: str) -> DirectSound:
    """Find the first arrival in (4, sample) W, Y, Z, X at 24 kHz, and its direction.

    The product of W with a figure-of-eight, summed over the arrival, is positive on the side that the sound comes
    from: the three sums are the intensity vector.

    Raises:
        SceneError: if the response is silent or the channels do not agree on a direction; it begins with `name`.
    """
    loudness = np.abs(wyzx[0])
    if loudness.max(initial=0.0) < 1e-9:
        raise SceneError(f"{name}: the first channel is silent; give a response with a direct sound")
    onset = int(np.argmax(loudness > _ONSET_SHARE * loudness.max()))
    sample = onset + int(np.argmax(loudness[onset : onset + round(_PEAK_S * SAMPLE_RATE_HZ) + 1]))
    window = slice(max(0, sample - round(_BEFORE_S * SAMPLE_RATE_HZ)), sample + round(_AFTER_S * SAMPLE_RATE_HZ) + 1)
    amplitude = float(np.sqrt((wyzx[0, window] ** 2).sum()))
    w, y, z, x = _true_band(wyzx)[:, window]
    power = float((w**2).sum())
    toward = np.array([(w * x).sum(), (w * y).sum(), (w * z).sum()])
    length = float(np.linalg.norm(toward))
    gain = float(np.sqrt((x**2 + y**2 + z**2).sum() / max(power, 1e-30)))
    # For one plane wave the vector is as long as W's power times the gain; half of it is left in mixed arrivals.
    if length < 0.5 * power * gain or length == 0.0:
        raise SceneError(
            f"{name}: the channels do not agree where the first sound comes from; these may be single capsules "
            "(A-format) or another layout"
        )
    return DirectSound(sample, amplitude, (toward / length).tolist(), gain)


def tail_balance_db(wyzx: NDArray[np.float64], direct_sample: int) -> tuple[float, float] | None:
    """Compare the reverberation in the horizontal figures-of-eight with that in W.

    In a diffuse field each figure-of-eight has a third of W's energy; rooms come within some 3 dB of this. More says
    that the channels were not brought to the same level.

    Args:
        wyzx: (4, sample) at 24 kHz, SN3D.
        direct_sample: where the direct sound arrives.

    Returns:
        excess of Y and of X in dB, 20 to 200 ms after the direct sound; None if there is next to no reverberation.
    """
    late = slice(direct_sample + round(0.02 * SAMPLE_RATE_HZ), direct_sample + round(0.2 * SAMPLE_RATE_HZ))
    banded = _true_band(wyzx) ** 2
    energy = banded[:, late].sum(axis=1)
    if energy[0] < 1e-5 * banded[0].sum():
        return None
    y_db, x_db = (float(10 * np.log10(max(3 * energy[channel] / energy[0], 1e-9))) for channel in (1, 3))
    return y_db, x_db


def _true_band(wyzx: NDArray[np.float64]) -> NDArray[np.float64]:
    """The channels between 500 Hz and 5 kHz, not delayed."""
    length = 2 * wyzx.shape[1]
    octaves = np.log2(np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 1.0))
    low, high = np.log2(_TRUE_BAND_HZ)
    mask = np.sin((np.minimum(octaves - low, high - octaves) + 0.5).clip(0.0, 1.0) * np.pi / 2) ** 2
    return np.asarray(np.fft.irfft(np.fft.rfft(wyzx, length) * mask, length)[:, : wyzx.shape[1]])


def energy_decay_curve(response: ArrayLike) -> NDArray[np.float64]:
    """Return the energy that is still to come at each sample of a (..., tap) response, dB below the whole energy.

    It starts at 0 and falls, to -300 where nothing is left. This backward integration replaces the average over many
    recordings of interrupted noise.

    Source: Schroeder, "New method of measuring reverberation time", 1965.

    >>> energy_decay_curve([3.0, 1.0, 0.0]).round(1).tolist()
    [0.0, -10.0, -300.0]
    """
    energy = np.asarray(response, dtype=np.float64) ** 2
    to_come = np.cumsum(energy[..., ::-1], axis=-1)[..., ::-1]
    share = to_come / np.maximum(to_come[..., :1], 1e-300)
    return np.asarray(10.0 * np.log10(np.maximum(share, 1e-30)))


def rt60_of(response: ArrayLike, band_hz: tuple[float, float] = _MID_BAND_HZ) -> float:
    """Measure the reverberation time of a response: the slope of its decay, extrapolated to 60 dB.

    Args:
        response: (tap,) of an omnidirectional channel at 24 kHz.
        band_hz: lowest and highest frequency used.

    Returns:
        seconds.

    Raises:
        SceneError: if the response is silent or too short to fall by 25 dB.

    Source: ISO 3382-1, T20 from integrated impulse responses.

    >>> time_s = np.arange(24_000) / 24_000
    >>> noise = np.random.default_rng([0, 0, 1]).standard_normal(24_000)
    >>> round(rt60_of(noise * 10 ** (-3 * time_s / 0.5)), 1)
    0.5
    """
    wave = _only_band(np.asarray(response, dtype=np.float64), band_hz)
    curve = energy_decay_curve(wave)
    used = np.flatnonzero((curve <= _FIT_DB[0]) & (curve >= _FIT_DB[1]))
    if len(used) < 3 or _fallen_db(wave, used[0]) < _FIT_DB[0] - _FIT_DB[1]:
        raise SceneError(
            f"the response does not fall from {_FIT_DB[0]:g} to {_FIT_DB[1]:g} dB, so its reverberation time cannot be "
            "measured; give a longer or cleaner one"
        )
    slope_db = np.polyfit(used / SAMPLE_RATE_HZ, curve[used], 1)[0]
    return float(-60.0 / slope_db)


def _fallen_db(wave: NDArray[np.float64], start: int) -> float:
    """How much softer the last tenth is than the 10 ms from `start`: steady noise has a falling decay curve too."""
    first = float(np.mean(wave[start : start + round(0.01 * SAMPLE_RATE_HZ)] ** 2))
    last = float(np.mean(wave[-max(1, len(wave) // 10) :] ** 2))
    return float(10.0 * np.log10(max(first, 1e-300) / max(last, 1e-300)))


def _only_band(wave: NDArray[np.float64], band_hz: tuple[float, float]) -> NDArray[np.float64]:
    """The wave limited to the band, not delayed; edges of a quarter octave keep the ringing short."""
    length = 2 * len(wave)
    frequency_hz = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 1e-3)
    inside = np.minimum(np.log2(frequency_hz / band_hz[0]), np.log2(band_hz[1] / frequency_hz))
    mask = np.sin((inside * 2 + 0.5).clip(0.0, 1.0) * np.pi / 2)
    return np.fft.irfft(np.fft.rfft(wave, length) * mask, length)[: len(wave)]
