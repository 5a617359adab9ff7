"""A room's mirror images: where each copy of a source seems to stand, and what is left of it in each octave."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError
from whence.scenes.rooms.room import BANDS_HZ, SPEED_OF_SOUND_M_S, WALLS, Room


@dataclass(frozen=True, eq=False)
class Images:
    """The reflections of one place, without the direct sound.

    Args:
        offset_m: (image, 3) from the listener.
        amplitude: (image, band) left over after all walls, without the loss by distance.
    """

    offset_m: NDArray[np.float64]
    amplitude: NDArray[np.float64]


def reflections(room: Room, until_s: float) -> list[Images]:
    """Mirror every place in the six walls as often as sound can arrive in time.

    Args:
        room: a drawn room.
        until_s: the latest arrival kept, seconds after the sound was made.

    Returns:
        one set of images per place, complete up to `until_s`.

    Raises:
        MissingExtraError: if pyroomacoustics is not installed.

    Source: Allen and Berkley, "Image method for efficiently simulating small-room acoustics", 1979.
    """
    try:
        import pyroomacoustics
    except ImportError as error:
        raise MissingExtraError("Computing rooms", "scenes") from error

    reach_m = until_s * SPEED_OF_SOUND_M_S
    # n mirrorings along a side of length l carry an image at least (n - 1) * l away; by Cauchy and Schwarz all
    # images within reach have no more than this many mirrorings over the three axes.
    order = math.ceil(reach_m * math.sqrt(sum(1 / side**2 for side in room.dimensions_m))) + 3
    box = pyroomacoustics.ShoeBox(
        room.dimensions_m, fs=24_000, materials=_materials(room), max_order=order, air_absorption=False
    )
    for place in room.places:
        box.add_source(room.position_of(place))
    box.add_microphone(room.listener_m)
    box.image_source_model()
    return [_within(source, np.array(room.listener_m), reach_m) for source in box.sources]


def _materials(room: Room) -> dict[str, object]:
    """The room's walls in the library's words: its x runs west to east, its y south to north."""
    import pyroomacoustics

    theirs = dict(zip(WALLS, ("west", "east", "south", "north", "floor", "ceiling"), strict=True))
    return {
        theirs[wall]: pyroomacoustics.Material({"coeffs": list(shares), "center_freqs": list(BANDS_HZ)})
        for wall, shares in zip(WALLS, room.absorption, strict=True)
    }


def _within(source: object, listener_m: NDArray[np.float64], reach_m: float) -> Images:
    """The reflections near enough, nearest first: the library's order is its own affair."""
    offsets = np.asarray(source.images, dtype=np.float64).T - listener_m  # type: ignore[attr-defined]
    distance = np.linalg.norm(offsets, axis=1)
    order = np.asarray(source.orders)  # type: ignore[attr-defined]
    kept = np.flatnonzero((order > 0) & (distance <= reach_m))
    kept = kept[np.argsort(distance[kept], kind="stable")]
    amplitude = np.asarray(source.damping, dtype=np.float64).T  # type: ignore[attr-defined]
    return Images(offsets[kept], amplitude[kept])
