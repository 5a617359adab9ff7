"""First-order ambisonics (FOA) to stereo, for any viewing direction."""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from whence.errors import AudioError

# Channel layout -> (where W, Y, Z, X are, what each is multiplied with to become SN3D).
FOA_LAYOUTS: dict[str, tuple[tuple[int, int, int, int], tuple[float, float, float, float]]] = {
    "ambix": ((0, 1, 2, 3), (1.0, 1.0, 1.0, 1.0)),
    "n3d": ((0, 1, 2, 3), (1.0, 3**-0.5, 3**-0.5, 3**-0.5)),
    "fuma": ((0, 2, 3, 1), (2**0.5, 1.0, 1.0, 1.0)),
    "wxyz": ((0, 2, 3, 1), (1.0, 1.0, 1.0, 1.0)),
}

Float = TypeVar("Float", np.float32, np.float64)


def foa_to_stereo(foa: NDArray[Float], viewing_angle_deg: float) -> NDArray[Float]:
    """Return the signals of two coincident cardioids that point left and right of the viewing direction.

    The microphone turns to the right by the viewing angle, so a source at azimuth a appears at a + viewing angle.
    There is no time difference between the channels: for one plane wave the level difference alone gives the
    direction, (L - R) / (L + R) = sin(azimuth) cos(elevation). Height (Z) is not used.

    Args:
        foa: (..., 4, sample) float, ACN order W, Y, Z, X, SN3D (a plane wave is as strong in W as it is).
        viewing_angle_deg: degrees, added to the azimuth of every source; any number of turns.

    Returns:
        (..., 2, sample), left first, of the same type, unscaled: peaks reach twice those of W.

    Raises:
        AudioError: if there are not four channels, or the angle is not a number.

    Source: DCASE 2025 Task 3, the conversion of STARSS23 to stereo (Zenodo 15559774).

    >>> ahead = np.array([[1.0], [0.0], [0.0], [1.0]])
    >>> foa_to_stereo(ahead, 0).round(3).tolist(), foa_to_stereo(ahead, 90).round(3).tolist()
    ([[1.0], [1.0]], [[2.0], [0.0]])
    """
    if foa.ndim < 2 or foa.shape[-2] != 4:
        raise AudioError(f"FOA has four channels, W Y Z X, shaped (4, sample); this is shaped {foa.shape}")
    if not math.isfinite(viewing_angle_deg):
        raise AudioError(f"viewing angle {viewing_angle_deg} is not an angle")
    omni, left, _, ahead = np.moveaxis(foa, -2, 0)
    angle = math.radians(viewing_angle_deg)
    # Python floats keep the array's own type.
    turned = math.sin(angle) * ahead + math.cos(angle) * left
    return np.stack([omni + turned, omni - turned], axis=-2)
