"""Small rooms and banks that several tests share."""

import math

import numpy as np

from whence.scenes.rooms.bank import RoomBank
from whence.scenes.rooms.room import BANDS_HZ, Room, SourcePosition

POSITIONS = (SourcePosition(30.0, -20.0, 1.5), SourcePosition(-110.0, 5.0, 1.6), SourcePosition(170.0, -35.0, 0.8))


def plain_room(absorption=None, positions=POSITIONS, rt60_s=0.4) -> Room:
    """A hand-made room whose walls differ; `absorption` is (6, 7) or one number for all."""
    if absorption is None:
        absorption = 0.1 + 0.05 * np.arange(6)[:, None] + 0.03 * np.arange(7)
    walls = np.broadcast_to(absorption, (6, len(BANDS_HZ)))
    return Room(
        name="hand-made",
        dimensions_m=(5.0, 4.0, 2.8),
        listener_m=(2.3, 2.1, 1.5),
        absorption=tuple(tuple(wall) for wall in walls.tolist()),
        rt60_s=rt60_s,
        band_rt60_s=(rt60_s,) * len(BANDS_HZ),
        positions=positions,
        seed=(3, 5),
    )


def brute_force_images(room: Room, until_s: float, band: int):
    """Every reflection of every position by three nested loops: [(offset, amplitude), ...] per position."""
    reach = until_s * 343.0
    counts = [math.ceil(reach / side) + 2 for side in room.dimensions_m]
    keep = [[math.sqrt(1 - room.absorption[2 * axis + side][band]) for side in (0, 1)] for axis in range(3)]
    found = []
    for position in room.positions:
        images = []
        source = room.coordinates_of(position)
        for nx in range(-counts[0], counts[0] + 1):
            for ny in range(-counts[1], counts[1] + 1):
                for nz in range(-counts[2], counts[2] + 1):
                    offset, amplitude = [], 1.0
                    for axis, n in enumerate((nx, ny, nz)):
                        size = room.dimensions_m[axis]
                        position = n * size + (source[axis] if n % 2 == 0 else size - source[axis])
                        offset.append(position - room.listener_m[axis])
                        # Cell n is reached through |n| walls, alternating, the first one on the side of n.
                        far = (abs(n) + 1) // 2 if n > 0 else abs(n) // 2
                        amplitude *= keep[axis][1] ** far * keep[axis][0] ** (abs(n) - far)
                    if (nx, ny, nz) != (0, 0, 0) and math.dist(offset, (0, 0, 0)) <= reach:
                        images.append((np.array(offset), amplitude))
        found.append(images)
    return found


def small_bank(rooms=2, per_room=3, taps=64, seed=0) -> RoomBank:
    """Random numbers in the form of a bank."""
    rng = np.random.default_rng([seed, 0, 1])
    count = rooms * per_room
    return RoomBank(
        responses=rng.standard_normal((count, 3, taps)).astype(np.float16),
        direct_sample=rng.integers(0, taps, count).astype(np.int32),
        room=np.repeat(np.arange(rooms, dtype=np.int32), per_room),
        azimuth_deg=rng.uniform(-180, 180, count).astype(np.float32),
        elevation_deg=rng.uniform(-60, 20, count).astype(np.float32),
        distance_m=rng.uniform(0.5, 4, count).astype(np.float32),
        room_name=tuple(f"room {number}" for number in range(rooms)),
        rt60_s=rng.uniform(0.2, 0.8, rooms).astype(np.float32),
    )


def plane_wave(azimuth_deg, elevation_deg, rate=24_000, seconds=0.5, rt60_s=0.3, late=0.05, seed=0, delay_s=0.01):
    """(4, sample) W, Y, Z, X: a pulse of height 1 from one direction, then 5 ms later a diffuse tail."""
    rng = np.random.default_rng([seed, 1, 2])
    count = round(seconds * rate)
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    gains = [1.0, np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    start = round(delay_s * rate)
    time_s = np.arange(count - start) / rate
    wave = np.zeros((4, count))
    levels = late * np.array([1.0, 3**-0.5, 3**-0.5, 3**-0.5])[:, None] / np.sqrt(rate / 24_000)
    envelope = 10 ** (-3 * time_s / rt60_s) * (time_s > 0.005)
    wave[:, start:] = rng.standard_normal((4, count - start)) * levels * envelope
    wave[:, start] += gains
    return wave


def encoded(wyzx, layout):
    """W, Y, Z, X written down in another layout, case by case."""
    w, y, z, x = wyzx
    third = np.sqrt(3)
    return {
        "ambix": np.stack([w, y, z, x]),
        "n3d": np.stack([w, y * third, z * third, x * third]),
        "fuma": np.stack([w / np.sqrt(2), x, y, z]),
        "wxyz": np.stack([w, x, y, z]),
    }[layout]
