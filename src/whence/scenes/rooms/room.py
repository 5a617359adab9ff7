"""A shoebox room as plain numbers, and the ranges that rooms are drawn from."""

import itertools
import math
from dataclasses import dataclass, fields

from whence.errors import SceneError
from whence.settings import check_number, check_span

# Axes of a room: x ahead of the listener (azimuth 0), y to the left, z up; the corner right, behind and below is 0.
BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
WALLS = ("behind", "ahead", "right", "left", "floor", "ceiling")

# Image sources hand over to the diffuse tail around this time after the sound was made.
HANDOVER_S = 0.06

# The direct sound is at this sample of every response, on a whole sample.
DIRECT_SAMPLE = 32

Vector = tuple[float, float, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class SourcePosition:
    """The position of a source relative to the listener.

    Args:
        azimuth_deg: [-180, 180), positive to the left.
        elevation_deg: [-90, 90], positive upwards.
        distance_m: above 0.

    >>> [round(coordinate, 3) for coordinate in SourcePosition(90.0, 0.0, 2.0).offset_m()]
    [0.0, 2.0, 0.0]
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float

    def offset_m(self) -> Vector:
        """Return (x, y, z) in metres from the listener."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        flat = self.distance_m * math.cos(elevation)
        return flat * math.cos(azimuth), flat * math.sin(azimuth), self.distance_m * math.sin(elevation)


@dataclass(frozen=True)
class Room:
    """A shoebox with one listener: all that its responses are computed from.

    Args:
        name: for people.
        dimensions_m: depth (x, ahead), width (y, left), height (z).
        listener_m: (x, y, z) of the microphones, inside the walls.
        absorption: (wall, band) share of the energy that a wall absorbs, in [0, 1); walls as in WALLS, bands as in
            BANDS_HZ. The small absorption of the air is included.
        rt60_s: wanted reverberation time, mean of the 500 Hz and 1 kHz octaves (ISO 3382-1 "mid").
        band_rt60_s: (band,) wanted reverberation time of each octave.
        positions: where sources may be.
        seed: (seed of the bank, index of the room), which the diffuse tails are drawn from.
    """

    name: str
    dimensions_m: Vector
    listener_m: Vector
    absorption: tuple[tuple[float, ...], ...]
    rt60_s: float
    band_rt60_s: tuple[float, ...]
    positions: tuple[SourcePosition, ...]
    seed: tuple[int, int]

    def coordinates_of(self, position: SourcePosition) -> Vector:
        """Return (x, y, z) of a source position in the room, metres."""
        x, y, z = (here + there for here, there in zip(self.listener_m, position.offset_m(), strict=True))
        return x, y, z

    @property
    def volume_m3(self) -> float:
        """Volume of the room, cubic metres."""
        return math.prod(self.dimensions_m)


# The limits of the method: beyond them the early part is too sparse for the tail to take over, or the file too large.
_LIMITS: dict[str, Range] = {
    "depth_m": (1.5, 30.0),
    "width_m": (1.5, 30.0),
    "height_m": (1.5, 10.0),
    "rt60_s": (0.1, 5.0),
    "bass_ratio": (0.2, 3.0),
    "treble_ratio": (0.2, 3.0),
    "wall_contrast": (0.0, 1.0),
    "listener_height_m": (0.2, 9.0),
    "listener_offset": (0.0, 0.45),
    "positions_per_room": (1, 1000),
    "distance_m": (0.2, 10.0),
    "distance_mean_m": (0.2, 10.0),
    "distance_sd_m": (0.01, 10.0),
    "elevation_deg": (-90.0, 90.0),
    "wall_gap_m": (0.05, 2.0),
    "floor_gap_m": (0.05, 1.0),
    "tap_count": (2400, 240_000),
    "decay_kept_db": (20.0, 90.0),
}


@dataclass(frozen=True)
class RoomSettings:
    """Ranges (lowest, highest) that rooms are drawn from.

    The defaults follow STARSS23: living and meeting rooms with sources near and low.

    Args:
        depth_m: length ahead and behind.
        width_m: length left and right.
        height_m: height of the ceiling.
        rt60_s: reverberation time (mean of the 500 Hz and 1 kHz octaves).
        bass_ratio: reverberation time at 125 Hz divided by rt60_s.
        treble_ratio: reverberation time at 8 kHz divided by rt60_s.
        wall_contrast: standard deviation of the logarithm of the six walls' absorption.
        listener_height_m: height of the microphones.
        listener_offset: largest distance of the listener from the middle, as a share of depth and width.
        positions_per_room: number of source positions.
        distance_m: distance of a source from the listener.
        distance_mean_m: mean of the drawn distances, before those that the walls forbid are replaced.
        distance_sd_m: their standard deviation.
        elevation_deg: lowest elevation, the 5th, 50th and 95th percentile, and the highest.
        wall_gap_m: least distance of a source from each wall.
        floor_gap_m: least distance of a source from floor and ceiling.
        tap_count: longest response kept, in samples at 24 kHz.
        decay_kept_db: decay after which a response is cut, if `tap_count` allows.

    Raises:
        SceneError: a value outside its limits, or no source position fits between listener and walls.

    >>> RoomSettings(rt60_s=(0.9, 0.3))
    Traceback (most recent call last):
    whence.errors.SceneError: rooms: rt60_s is (0.9, 0.3); the first must not be above the second
    """

    depth_m: Range = (3.5, 9.0)
    width_m: Range = (3.0, 8.0)
    height_m: Range = (2.4, 3.6)
    rt60_s: Range = (0.2, 0.8)
    bass_ratio: Range = (1.0, 1.4)
    treble_ratio: Range = (0.5, 0.9)
    wall_contrast: float = 0.4
    listener_height_m: Range = (1.3, 1.8)
    listener_offset: float = 0.2
    positions_per_room: int = 40
    distance_m: Range = (0.5, 5.0)
    distance_mean_m: float = 1.9
    distance_sd_m: float = 0.66
    elevation_deg: tuple[float, float, float, float, float] = (-60.0, -46.0, -17.0, 0.0, 20.0)
    wall_gap_m: float = 0.3
    floor_gap_m: float = 0.1
    tap_count: int = 19_200
    decay_kept_db: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value, (least, most) = f"rooms: {field.name}", getattr(self, field.name), _LIMITS[field.name]
            if not isinstance(field.default, tuple):
                check_number(name, value, least, most)
                continue
            if not isinstance(value, tuple) or len(value) != len(field.default):
                raise SceneError(f"{name} is {value!r}; it must be {len(field.default)} numbers, rising")
            for span in itertools.pairwise(value):
                check_span(name, span, least, most)
        if not self.distance_m[0] < self.distance_mean_m < self.distance_m[1]:
            raise SceneError(f"rooms: distance_mean_m is {self.distance_mean_m}; put it inside distance_m")
        self._check_nearest_position()

    def _check_nearest_position(self) -> None:
        """Refuse settings under which the nearest source could lie outside the smallest room."""
        near = self.distance_m[0]
        side = (0.5 - self.listener_offset) * min(self.depth_m[0], self.width_m[0])
        if near + self.wall_gap_m >= side:
            raise SceneError(
                f"rooms: a source at {near} m does not fit: the listener may be {side:.2f} m from a wall; "
                "lower distance_m, wall_gap_m or listener_offset, or ask for larger rooms"
            )
        below = -min(0.0, near * math.sin(math.radians(self.elevation_deg[0])))
        above = max(0.0, near * math.sin(math.radians(self.elevation_deg[4])))
        lowest, highest = self.listener_height_m
        if below + self.floor_gap_m >= lowest or highest + above + self.floor_gap_m >= self.height_m[0]:
            raise SceneError(
                f"rooms: a source at {near} m does not fit between floor and ceiling; "
                "change listener_height_m, height_m, elevation_deg or floor_gap_m"
            )
