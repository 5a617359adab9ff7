"""Draw shoebox rooms from a seed: sizes, wall absorption for the wanted reverberation, listener, source positions."""

import functools
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.room import (
    BANDS_HZ,
    HANDOVER_S,
    Room,
    RoomSettings,
    SourcePosition,
    Vector,
)
from whence.units import SPEED_OF_SOUND_M_S

# The first number of every seed here, so that rooms and scenes of the same seed draw from different streams.
ROOM_STREAM = 0x726F6F6D
_DRAWING = 1
# The walls of a meeting room of glass and foam reach this; an open window would be 1.
_HIGHEST_ABSORPTION = 0.999


def draw_room(seed: int, index: int, settings: RoomSettings) -> Room:
    """Draw one room; the same (seed, index) gives the same room whatever was drawn before.

    Azimuths divide the full turn evenly with a jitter. Distances and elevations are spread evenly over their
    distributions and combined so that every position is clear of the walls. A distance that fits nowhere in a
    small room is replaced by a shorter one.

    Raises:
        SceneError: if seed or index is negative.

    >>> room = draw_room(7, 0, RoomSettings(positions_per_room=8))
    >>> len(room.positions), room == draw_room(7, 0, RoomSettings(positions_per_room=8))
    (8, True)
    """
    if seed < 0 or index < 0:
        raise SceneError(f"rooms: seed {seed}, room {index}; use numbers of 0 or more")
    rng = np.random.default_rng([ROOM_STREAM, seed, index, _DRAWING])
    depth, width, height = (
        float(rng.uniform(*span)) for span in (settings.depth_m, settings.width_m, settings.height_m)
    )
    rt60_s = float(rng.uniform(*settings.rt60_s))
    band_rt60_s = rt60_s * _ratios(float(rng.uniform(*settings.bass_ratio)), float(rng.uniform(*settings.treble_ratio)))
    whole_wall, octave = rng.standard_normal((6, 1)), rng.standard_normal((6, len(BANDS_HZ)))
    weight = np.exp(settings.wall_contrast * (whole_wall + octave / 2) / np.sqrt(1.25))
    absorption = np.minimum(absorption_for((depth, width, height), band_rt60_s, weight), _HIGHEST_ABSORPTION)
    off_x, off_y = rng.uniform(-settings.listener_offset, settings.listener_offset, 2)
    listener = (
        float(depth * (0.5 + off_x)),
        float(width * (0.5 + off_y)),
        float(rng.uniform(*settings.listener_height_m)),
    )
    return Room(
        name=f"drawn room {seed}-{index}",
        dimensions_m=(depth, width, height),
        listener_m=listener,
        absorption=tuple(tuple(wall) for wall in absorption.tolist()),
        rt60_s=rt60_s,
        band_rt60_s=tuple(band_rt60_s.tolist()),
        positions=_draw_positions(rng, (depth, width, height), listener, settings),
        seed=(seed, index),
    )


def _ratios(bass: float, treble: float) -> NDArray[np.float64]:
    """(band,) reverberation time relative to its mean over 500 Hz and 1 kHz, linear over octaves on both sides."""
    octave = np.arange(len(BANDS_HZ))
    ratios = np.interp(octave, [0, 2.5, len(BANDS_HZ) - 1], [bass, 1.0, treble])
    return np.asarray(ratios / ratios[2:4].mean())


def _draw_positions(
    rng: np.random.Generator, dimensions_m: Vector, listener_m: Vector, settings: RoomSettings
) -> tuple[SourcePosition, ...]:
    """Source positions on a jittered grid of azimuths, all inside the walls."""
    count = settings.positions_per_room
    azimuths = (np.arange(count) + rng.uniform(size=count)) / count * 360.0 - 180.0
    elevations = np.array([_elevation(share, settings) for share in _even_shares(rng, count)])
    free_m = _free_distance(azimuths, elevations, dimensions_m, listener_m, settings)
    positions: dict[int, SourcePosition] = {}
    # The longest distance chooses first: the fewest directions have room for it.
    for share in np.sort(_even_shares(rng, count))[::-1]:
        distance = _distance(float(share), settings)
        fits = np.argwhere(free_m > distance)
        if not len(fits):
            fits = np.argwhere(free_m == free_m.max())
            distance = float(rng.uniform(settings.distance_m[0], free_m.max()))
        a, e = fits[rng.integers(len(fits))]
        positions[int(a)] = SourcePosition(float(azimuths[a]), float(elevations[e]), distance)
        free_m[a, :] = free_m[:, e] = 0.0
    return tuple(positions[a] for a in range(count))


def _even_shares(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count,) one number from each of `count` equal parts of [0, 1), in random order."""
    return (rng.permutation(count) + rng.uniform(size=count)) / count


def _free_distance(
    azimuths_deg: NDArray[np.float64],
    elevations_deg: NDArray[np.float64],
    dimensions_m: Vector,
    listener_m: Vector,
    settings: RoomSettings,
) -> NDArray[np.float64]:
    """(azimuth, elevation) metres from the listener to where a source would come too near to a wall."""
    gaps = np.array([settings.wall_gap_m, settings.wall_gap_m, settings.floor_gap_m])
    forwards, backwards = np.array(dimensions_m) - gaps - listener_m, np.array(listener_m) - gaps
    azimuth, elevation = np.meshgrid(np.radians(azimuths_deg), np.radians(elevations_deg), indexing="ij")
    flat = np.cos(elevation)
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=-1)
    limits = np.where(direction > 0, forwards, backwards) / np.maximum(np.abs(direction), 1e-9)
    return np.asarray(limits.min(axis=-1))


def _distance(share: float, settings: RoomSettings) -> float:
    """The quantile `share` of the distances: log-normal, cut at both ends."""
    mean, spread = settings.distance_mean_m, settings.distance_sd_m
    variance = np.log1p((spread / mean) ** 2)
    log_distance = NormalDist(float(np.log(mean) - variance / 2), float(np.sqrt(variance)))
    low, high = (log_distance.cdf(float(np.log(end))) for end in settings.distance_m)
    inside = min(max(low + share * (high - low), 1e-12), 1 - 1e-12)
    return min(max(float(np.exp(log_distance.inv_cdf(inside))), settings.distance_m[0]), settings.distance_m[1])


def _elevation(share: float, settings: RoomSettings) -> float:
    """The quantile `share` of the elevations: linear between the five numbers of the settings."""
    return float(np.interp(share, [0.0, 0.05, 0.5, 0.95, 1.0], settings.elevation_deg))


def absorption_for(
    dimensions_m: Vector, band_rt60_s: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale the walls' absorption so that the wanted energy is left in each octave at the hand-over to the tail.

    The diffuse tail goes on from there at the wanted rate, so the whole decay is one straight line on average.

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
    while (too_loud := energy_left(dimensions_m, losses * high, HANDOVER_S) > wanted).any():
        high = np.where(too_loud, high * 2, high)
    for _ in range(60):
        middle = (low + high) / 2
        too_loud = energy_left(dimensions_m, losses * middle, HANDOVER_S) > wanted
        low, high = np.where(too_loud, middle, low), np.where(too_loud, high, middle)
    return -np.expm1(-weight * (low + high) / 2)


def energy_left(dimensions_m: Vector, losses: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
    """Return the share of a sound's energy that is left some time after it was made.

    A sound that runs in one direction hits the two walls of axis i alternately, |cosine| * c / length_i times a
    second; the decay is the mean over all directions. Unlike Sabine's or Eyring's formula this is what the images of
    a shoebox really do, also when the walls differ or one side is much longer than the others.

    Args:
        dimensions_m: lengths of the sides.
        losses: (axis, band) mean of -log(1 - absorption) over the two walls of each axis.
        time_s: seconds.

    Returns:
        (band,) in (0, 1].
    """
    cosines, weights = _directions()
    hits = cosines * (SPEED_OF_SOUND_M_S * time_s / np.array(dimensions_m))
    # A sum in a fixed order: a matrix product may change its last bit with the number of threads.
    left: NDArray[np.float64] = np.einsum("d,db->b", weights, np.exp(-np.einsum("da,ab->db", hits, losses)))
    return left


@functools.cache
def _directions() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(direction, 3) absolute direction cosines over the sphere and (direction,) weights with sum 1."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    height, turn = np.meshgrid((nodes + 1) / 2, (nodes + 1) * np.pi / 4, indexing="ij")
    flat = np.sqrt(1 - height**2)
    cosines = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=-1)
    return cosines.reshape(-1, 3), np.outer(weights, weights).ravel() / 4
