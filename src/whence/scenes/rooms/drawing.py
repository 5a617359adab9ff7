"""Seeds become rooms: sizes, walls, a listener and places around it, drawn but not yet computed."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.absorption import absorption_for
from whence.scenes.rooms.room import BANDS_HZ, Place, Room, Three
from whence.scenes.rooms.settings import RoomSettings

# The first number of every seed here, so that rooms and scenes of the same seed do not share their chance.
ROOM_STREAM = 0x726F6F6D
_DRAWING = 1
# The walls of a meeting room of glass and foam reach this; an open window would be 1.
_HIGHEST_ABSORPTION = 0.999


def draw_room(seed: int, index: int, settings: RoomSettings) -> Room:
    """Draw one room; the same coordinates give the same room whatever was drawn before.

    Azimuths divide the full turn evenly with a jitter; distances and elevations are spread evenly over their
    distributions and combined so that every place stands free of the walls. A distance that fits nowhere in a
    small room is replaced by a shorter one.

    Args:
        seed: of the whole bank, 0 or more.
        index: number of the room in the bank, from 0.
        settings: the ranges to draw from.

    Returns:
        the room, ready to be computed.

    Raises:
        SceneError: if seed or index is negative.

    >>> room = draw_room(7, 0, RoomSettings(places_per_room=8))
    >>> len(room.places), room == draw_room(7, 0, RoomSettings(places_per_room=8))
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
        places=_draw_places(rng, (depth, width, height), listener, settings),
        seed=(seed, index),
    )


def _ratios(bass: float, treble: float) -> NDArray[np.float64]:
    """(band,) reverberation time relative to its mean over 500 Hz and 1 kHz, straight over octaves on both sides."""
    octave = np.arange(len(BANDS_HZ))
    ratios = np.interp(octave, [0, 2.5, len(BANDS_HZ) - 1], [bass, 1.0, treble])
    return np.asarray(ratios / ratios[2:4].mean())


def _draw_places(
    rng: np.random.Generator, dimensions_m: Three, listener_m: Three, settings: RoomSettings
) -> tuple[Place, ...]:
    """Places on a jittered grid of azimuths, all inside the walls."""
    count = settings.places_per_room
    azimuths = (np.arange(count) + rng.uniform(size=count)) / count * 360.0 - 180.0
    elevations = np.array([_elevation(share, settings) for share in _even_shares(rng, count)])
    room_for_m = _free_way(azimuths, elevations, dimensions_m, listener_m, settings)
    places: dict[int, Place] = {}
    # The farthest place chooses first: fewest directions have room for it.
    for share in np.sort(_even_shares(rng, count))[::-1]:
        distance = _distance(float(share), settings)
        fits = np.argwhere(room_for_m > distance)
        if not len(fits):
            fits = np.argwhere(room_for_m == room_for_m.max())
            distance = float(rng.uniform(settings.distance_m[0], room_for_m.max()))
        a, e = fits[rng.integers(len(fits))]
        places[int(a)] = Place(float(azimuths[a]), float(elevations[e]), distance)
        room_for_m[a, :] = room_for_m[:, e] = 0.0
    return tuple(places[a] for a in range(count))


def _even_shares(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count,) one number from each of `count` equal parts of [0, 1), in random order."""
    return (rng.permutation(count) + rng.uniform(size=count)) / count


def _free_way(
    azimuths_deg: NDArray[np.float64],
    elevations_deg: NDArray[np.float64],
    dimensions_m: Three,
    listener_m: Three,
    settings: RoomSettings,
) -> NDArray[np.float64]:
    """(azimuth, elevation) metres from the listener to where a place would come too near to a wall."""
    gaps = np.array([settings.wall_gap_m, settings.wall_gap_m, settings.floor_gap_m])
    forwards, backwards = np.array(dimensions_m) - gaps - listener_m, np.array(listener_m) - gaps
    azimuth, elevation = np.meshgrid(np.radians(azimuths_deg), np.radians(elevations_deg), indexing="ij")
    flat = np.cos(elevation)
    way = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=-1)
    limits = np.where(way > 0, forwards, backwards) / np.maximum(np.abs(way), 1e-9)
    return np.asarray(limits.min(axis=-1))


def _distance(share: float, settings: RoomSettings) -> float:
    """The distance that a share of all places is nearer than: log-normal, cut at both ends."""
    mean, spread = settings.distance_mean_m, settings.distance_sd_m
    variance = np.log1p((spread / mean) ** 2)
    log_distance = NormalDist(float(np.log(mean) - variance / 2), float(np.sqrt(variance)))
    low, high = (log_distance.cdf(float(np.log(end))) for end in settings.distance_m)
    inside = min(max(low + share * (high - low), 1e-12), 1 - 1e-12)
    return min(max(float(np.exp(log_distance.inv_cdf(inside))), settings.distance_m[0]), settings.distance_m[1])


def _elevation(share: float, settings: RoomSettings) -> float:
    """The elevation that a share of all places is below: straight lines between the five numbers of the settings."""
    return float(np.interp(share, [0.0, 0.05, 0.5, 0.95, 1.0], settings.elevation_deg))
