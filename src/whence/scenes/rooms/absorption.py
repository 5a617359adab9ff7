"""From the reverberation time asked for to what the walls must swallow, exact for a room of six flat walls."""

import numpy as np
from numpy.typing import NDArray

from whence.scenes.rooms.room import SPEED_OF_SOUND_M_S

# The early, mirrored part of a response hands over to the diffuse tail around this time after the sound was made.
HANDOVER_S = 0.06


def _slopes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(direction, 3) absolute direction cosines over the sphere and (direction,) weights with sum 1."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    height, turn = np.meshgrid((nodes + 1) / 2, (nodes + 1) * np.pi / 4, indexing="ij")
    flat = np.sqrt(1 - height**2)
    cosines = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=-1)
    return cosines.reshape(-1, 3), np.outer(weights, weights).ravel() / 4


def energy_left(
    dimensions_m: tuple[float, float, float], absorption: NDArray[np.float64], time_s: float
) -> NDArray[np.float64]:
    """Say which share of a sound's energy is still in the room after some time, octave by octave.

    A sound that runs in one direction hits the two walls of axis i alternately, |cosine| * c / length_i times a
    second; the room's decay is the mean over all directions. Unlike Sabine's or Eyring's formula this is what
    the images of a shoebox really do, also when the walls differ or one side is much longer than the others.

    Args:
        dimensions_m: lengths of the sides.
        absorption: (6, band), energy shares in [0, 1).
        time_s: seconds after the sound was made.

    Returns:
        (band,) in (0, 1].

    >>> energy_left((5.0, 4.0, 3.0), np.array([[0.0, 0.2]] * 6), time_s=0.1).round(2)
    array([1.  , 0.05])
    """
    losses = -np.log1p(-absorption).reshape(3, 2, -1).mean(axis=1)
    return _mean_decay(dimensions_m, losses, time_s)


def _mean_decay(
    dimensions_m: tuple[float, float, float], losses: NDArray[np.float64], time_s: float
) -> NDArray[np.float64]:
    """(band,) energy left, for (axis, band) log losses per hit."""
    cosines, weights = _slopes()
    hits = cosines * (SPEED_OF_SOUND_M_S * time_s / np.array(dimensions_m))
    # A sum in a fixed order: a matrix product may change its last bit with the number of threads.
    left: NDArray[np.float64] = np.einsum("d,db->b", weights, np.exp(-np.einsum("da,ab->db", hits, losses)))
    return left


def absorption_for(
    dimensions_m: tuple[float, float, float], band_rt60_s: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale the walls so that at the hand-over exactly the energy asked for is left in each octave.

    From there the diffuse tail goes on at the rate asked for, so the whole decay is one straight line on average.

    Args:
        dimensions_m: lengths of the sides.
        band_rt60_s: (band,) seconds to fall by 60 dB.
        weight: (6, band) above 0; how strongly the walls absorb compared with each other.

    Returns:
        (6, band) energy shares in (0, 1).

    >>> walls = absorption_for((5.0, 4.0, 3.0), np.array([0.5]), np.ones((6, 1)))
    >>> walls.shape, round(float(walls[0, 0]), 2)  # Sabine's rule of thumb says 0.2
    ((6, 1), 0.19)
    """
    wanted = 10.0 ** (-6.0 * HANDOVER_S / band_rt60_s)
    losses = weight.reshape(3, 2, -1).mean(axis=1)
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    while (too_loud := _mean_decay(dimensions_m, losses * high, HANDOVER_S) > wanted).any():
        high = np.where(too_loud, high * 2, high)
    for _ in range(60):
        middle = (low + high) / 2
        too_loud = _mean_decay(dimensions_m, losses * middle, HANDOVER_S) > wanted
        low, high = np.where(too_loud, middle, low), np.where(too_loud, high, middle)
    return -np.expm1(-weight * (low + high) / 2)
