"""First-order responses of any layout and rate become W, Y, Z, X (SN3D) at 24 kHz; where their sound comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.units import SAMPLE_RATE_HZ

# Channel layout -> (where W, Y, Z, X stand, what each is multiplied with to become SN3D).
LAYOUTS: dict[str, tuple[tuple[int, int, int, int], tuple[float, float, float, float]]] = {
    "ambix": ((0, 1, 2, 3), (1.0, 1.0, 1.0, 1.0)),
    "n3d": ((0, 1, 2, 3), (1.0, 3**-0.5, 3**-0.5, 3**-0.5)),
    "fuma": ((0, 2, 3, 1), (2**0.5, 1.0, 1.0, 1.0)),
    "wxyz": ((0, 2, 3, 1), (1.0, 1.0, 1.0, 1.0)),
}
# First-order microphones keep their patterns here: noise below, capsules too far apart above.
_TRUE_BAND_HZ = (500.0, 5000.0)
# The direct sound is the first arrival this strong, its peak comes within a millisecond, the floor's echo 2 ms later.
_ONSET_SHARE, _PEAK_S, _BEFORE_S, _AFTER_S = 0.2, 0.001, 0.0005, 0.0015


def as_wyzx(channels: NDArray[np.float64], sample_rate_hz: float, layout: str, name: str) -> NDArray[np.float64]:
    """Bring first-order channels into ACN order with SN3D gains at 24 kHz.

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
    if layout not in LAYOUTS:
        raise SceneError(f"{name}: no layout {layout!r}; there are: {', '.join(LAYOUTS)}")
    if not 8_000 <= sample_rate_hz <= 400_000:
        raise SceneError(f"{name}: sample rate {sample_rate_hz:g} Hz; 8000 to 400000 can be resampled")
    order = round(len(channels) ** 0.5) - 1
    if len(channels) != (order + 1) ** 2 or order < 1 or (order > 1 and layout not in ("ambix", "n3d")):
        raise SceneError(f"{name}: {len(channels)} channels in layout {layout!r}; a first-order response has 4")
    # A square of more than this leaves the range of numbers; no response has it, a damaged file may.
    if not (np.abs(channels) < 1e100).all():
        raise SceneError(f"{name}: holds samples that are not numbers or far too large; export it again")
    positions, gains = LAYOUTS[layout]
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
    """Find the first arrival and where it comes from.

    The product of W with a figure-of-eight, summed over the arrival, is positive on the side the sound comes from:
    the three sums are the intensity vector.

    Args:
        wyzx: (4, sample) at 24 kHz, SN3D.
        name: for the messages.

    Returns:
        the direct sound.

    Raises:
        SceneError: if the response is silent or no direction stands out.
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
    # For one plane wave the vector is as long as W is strong times the gain; half of it is left in mixed arrivals.
    if length < 0.5 * power * gain or length == 0.0:
        raise SceneError(
            f"{name}: the channels do not agree where the first sound comes from; these may be single capsules "
            "(A-format) or another layout"
        )
    return DirectSound(sample, amplitude, (toward / length).tolist(), gain)


def tail_balance_db(wyzx: NDArray[np.float64], direct_sample: int) -> tuple[float, float] | None:
    """Compare the reverberation in the horizontal figures-of-eight with that in W.

    Where sound runs in all directions alike, each figure-of-eight holds a third of W's energy; rooms come within
    some 3 dB of this. More says that the channels were not brought to the same level.

    Args:
        wyzx: (4, sample) at 24 kHz, SN3D.
        direct_sample: where the direct sound stands.

    Returns:
        dB too loud of Y and of X, 20 to 200 ms after the direct sound; None if there is next to no reverberation.
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
