"""A seed becomes a whole room bank: rooms drawn and computed by several processes, the same for any number of them."""

import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.bank import RoomBank, azimuth_column
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import Room
from whence.scenes.rooms.settings import RoomSettings
from whence.scenes.rooms.simulation import DIRECT_SAMPLE, simulate_room
from whence.units import SAMPLE_RATE_HZ

_STEP = 240


def make_room_bank(
    seed: int,
    room_count: int,
    settings: RoomSettings | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> RoomBank:
    """Draw and compute rooms 0 up to `room_count`; a longer bank of the same seed begins with the same rooms.

    Args:
        seed: 0 or more; other seeds give other rooms, for instance for validation.
        room_count: how many rooms, at least 1.
        settings: what they are drawn from; the defaults follow STARSS23.
        jobs: processes; 1 computes in this one. With more, a script must keep its start behind
            `if __name__ == "__main__":`, as always with multiprocessing.
        progress: called with (rooms done, rooms asked) after each room, in this process.

    Returns:
        the bank; its responses are as long as the longest room needs, at most settings.tap_count.

    Raises:
        SceneError: if a number is out of range, or a process was killed.
        MissingExtraError: if pyroomacoustics is not installed.
    """
    if room_count < 1 or jobs < 1:
        raise SceneError(f"rooms: {room_count} rooms by {jobs} jobs; ask for at least one of each")
    settings = settings or RoomSettings()
    rooms = [draw_room(seed, index, settings) for index in range(room_count)]
    taps = [_taps_needed(room, settings) for room in rooms]
    responses = np.zeros((room_count, settings.places_per_room, 3, max(taps)), dtype=np.float16)
    for index, computed in enumerate(_computed(rooms, taps, jobs)):
        responses[index, :, :, : taps[index]] = computed
        if progress is not None:
            progress(index + 1, room_count)
    places = [place for room in rooms for place in room.places]
    return RoomBank(
        responses=responses.reshape(-1, 3, max(taps)),
        direct_sample=np.full(len(places), DIRECT_SAMPLE, dtype=np.int32),
        room=np.repeat(np.arange(room_count, dtype=np.int32), settings.places_per_room),
        azimuth_deg=azimuth_column([place.azimuth_deg for place in places]),
        elevation_deg=np.array([place.elevation_deg for place in places], dtype=np.float32),
        distance_m=np.array([place.distance_m for place in places], dtype=np.float32),
        room_name=tuple(room.name for room in rooms),
        rt60_s=np.array([room.rt60_s for room in rooms], dtype=np.float32),
    )


def _taps_needed(room: Room, settings: RoomSettings) -> int:
    """Samples until the room has decayed as far as asked, in whole steps of 10 ms."""
    decay_s = room.rt60_s * settings.decay_kept_db / 60.0
    whole = math.ceil((DIRECT_SAMPLE + decay_s * SAMPLE_RATE_HZ) / _STEP) * _STEP
    return min(whole, settings.tap_count)


def _compute(room: Room, tap_count: int) -> NDArray[np.float16]:
    """(place, 3, tap) as it is kept; small enough to travel between processes."""
    return simulate_room(room, tap_count).astype(np.float16)


def _computed(rooms: list[Room], taps: list[int], jobs: int) -> Iterator[NDArray[np.float16]]:
    """The rooms' responses in order, as they become ready."""
    if jobs == 1:
        yield from map(_compute, rooms, taps)
        return
    # A fresh interpreter per process: a forked one may hang on the locks of threads that PyTorch has started.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(rooms)), mp_context=context) as pool:
        try:
            yield from pool.map(_compute, rooms, taps)
        except BrokenProcessPool as error:
            raise SceneError(
                "rooms: a process was killed while it computed a room, most likely for want of memory; "
                "run again with fewer jobs"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
