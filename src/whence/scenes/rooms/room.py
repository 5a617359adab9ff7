"""One room as plain numbers, fit for JSON: its walls, the listener and the places sounds may come from."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from whence.errors import SceneError

# Axes of a room: x ahead of the listener (azimuth 0), y to the left, z up; the corner right, behind and below is 0.
BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
WALLS = ("behind", "ahead", "right", "left", "floor", "ceiling")
SPEED_OF_SOUND_M_S = 343.0

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Place:
    """Where a sound may come from, seen by the listener.

    Args:
        azimuth_deg: [-180, 180), positive to the left.
        elevation_deg: [-90, 90], positive upwards.
        distance_m: above 0.

    >>> [round(coordinate, 3) for coordinate in Place(90.0, 0.0, 2.0).offset_m()]
    [0.0, 2.0, 0.0]
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float

    def offset_m(self) -> Three:
        """(x, y, z) in metres from the listener."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        flat = self.distance_m * math.cos(elevation)
        return flat * math.cos(azimuth), flat * math.sin(azimuth), self.distance_m * math.sin(elevation)


@dataclass(frozen=True)
class Room:
    """A shoebox with one listener: everything its responses are computed from, and nothing else.

    Args:
        name: for people.
        dimensions_m: depth (x, ahead), width (y, left), height (z).
        listener_m: (x, y, z) of the microphones, inside the walls.
        absorption: (wall, band) share of the energy a wall swallows, in [0, 1); walls as in WALLS, bands as in
            BANDS_HZ. The little that the air takes is part of it.
        rt60_s: reverberation time asked for, mean of the 500 Hz and 1 kHz octaves (ISO 3382-1 "mid").
        band_rt60_s: (band,) reverberation time asked for in each octave.
        places: where sounds may come from.
        seed: two numbers of 0 or more that the diffuse tails are drawn from: (seed of the bank, number of the room).

    Raises:
        SceneError: if a number is out of its range or a place lies outside the walls.
    """

    name: str
    dimensions_m: Three
    listener_m: Three
    absorption: tuple[tuple[float, ...], ...]
    rt60_s: float
    band_rt60_s: tuple[float, ...]
    places: tuple[Place, ...]
    seed: tuple[int, int]

    def __post_init__(self) -> None:
        bands = len(BANDS_HZ)
        if len(self.absorption) != len(WALLS) or any(len(wall) != bands for wall in self.absorption):
            self._refuse(f"absorption needs {len(WALLS)} walls with {bands} octave bands each")
        if not all(0.0 <= share < 1.0 for wall in self.absorption for share in wall):
            self._refuse("absorption must be at least 0 and below 1")
        if len(self.band_rt60_s) != bands or not all(0.0 < time < 60.0 for time in (self.rt60_s, *self.band_rt60_s)):
            self._refuse(f"rt60_s and the {bands} band_rt60_s must be between 0 and 60 s")
        if not self.is_inside(self.listener_m):
            self._refuse(f"the listener at {self.listener_m} is outside the walls {self.dimensions_m}")
        for place in self.places:
            if place.distance_m <= 0.0 or not self.is_inside(self.position_of(place)):
                self._refuse(f"{place} is outside the walls or has no distance")

    def _refuse(self, reason: str) -> None:
        raise SceneError(f"room {self.name!r}: {reason}; draw the room again or correct its description")

    def position_of(self, place: Place) -> Three:
        """(x, y, z) of a place in the room, metres."""
        x, y, z = (here + there for here, there in zip(self.listener_m, place.offset_m(), strict=True))
        return x, y, z

    def is_inside(self, position_m: Three, gap_m: float = 0.0) -> bool:
        """Whether a position lies within the walls, more than `gap_m` from each."""
        return all(gap_m < p < size - gap_m for p, size in zip(position_m, self.dimensions_m, strict=True))

    @property
    def volume_m3(self) -> float:
        """Cubic metres of air."""
        return math.prod(self.dimensions_m)

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and words, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The room that `as_dict` wrote, also after a way through JSON.

        Raises:
            SceneError: if a field is missing, unknown or of the wrong form.
        """
        try:
            values = dict(plain) | {"places": tuple(Place(**place) for place in plain["places"])}
            values["absorption"] = tuple(tuple(wall) for wall in plain["absorption"])
            for name in ("dimensions_m", "listener_m", "band_rt60_s", "seed"):
                values[name] = tuple(plain[name])
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise SceneError(f"this is not a room's description ({error}); draw the room again") from error
