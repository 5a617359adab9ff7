"""Small banks made on the spot: noises as sounds, a direct sound and a decaying tail as rooms."""

import numpy as np

from whence.corpora import BACKGROUND, INTERFERENCE, Sounds
from whence.labels import STARSS23
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.scene import Piece, Scene, SceneEvent, SourcePath, Waypoint


def tiny_sounds(seed=0, per_class=5, longest_s=0.9):
    """Noises of 0.15 s and more, a few for each class, with backgrounds and interferers."""
    rng = np.random.default_rng(seed)
    waveforms, classes, names = [], [], []
    for class_index in [*range(13), BACKGROUND, INTERFERENCE]:
        for number in range(per_class):
            length = 2.0 if class_index == BACKGROUND else rng.uniform(0.15, longest_s)
            level = 10 ** rng.uniform(-3, 0)
            waveforms.append((level * rng.normal(size=int(length * 24_000)) / 5).astype(np.float32))
            classes.append(class_index)
            names.append(f"{class_index}-{number}")
    return Sounds.from_waveforms(waveforms, classes, names, names, STARSS23)


def sounds_of(waveforms, classes=None):
    """A bank of given waveforms, by default all of class 0."""
    names = [str(i) for i in range(len(waveforms))]
    return Sounds.from_waveforms(
        [np.asarray(waveform, np.float32) for waveform in waveforms],
        classes or [0] * len(waveforms),
        names,
        names,
        STARSS23,
    )


def tiny_rooms(seed=0, rooms=2, positions=6, taps=2_000, tail=0.1):
    """Rooms of a few positions: the direct sound at its direction and level, then a decay; `tail=0` for none."""
    rng = np.random.default_rng(seed)
    count = rooms * positions
    azimuth = rng.uniform(-180, 180, count)
    elevation = rng.uniform(-40, 10, count)
    distance = rng.uniform(0.5, 4.0, count)
    responses = np.zeros((count, 3, taps))
    decay = tail * np.exp(-np.arange(taps) / (taps / 6))
    responses[:] = rng.normal(size=responses.shape) * decay * np.array([1, 1, 1])[:, None] * 0.2
    direct = rng.integers(3, 20, count)
    for i in range(count):
        responses[i, :, : direct[i]] = 0
        responses[i, :, direct[i]] = direct_sound(azimuth[i], elevation[i], distance[i])
    return bank_of(responses, direct, np.repeat(np.arange(rooms), positions), azimuth, elevation, distance)


def direct_sound(azimuth_deg, elevation_deg, distance_m):
    """W, Y, X of a source's direct sound."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    gains = [1.0, np.sin(azimuth) * np.cos(elevation), np.cos(azimuth) * np.cos(elevation)]
    return np.array(gains) / distance_m


def dry_rooms(azimuth_deg, elevation_deg=0.0, distance_m=1.0):
    """One room without walls: a position for each azimuth, responses of a single tap."""
    azimuth = np.atleast_1d(np.asarray(azimuth_deg, float))
    elevation = np.broadcast_to(elevation_deg, azimuth.shape).astype(float)
    distance = np.broadcast_to(distance_m, azimuth.shape).astype(float)
    positions = zip(azimuth, elevation, distance, strict=True)
    responses = np.array([direct_sound(*position) for position in positions])[:, :, None]
    zeros = np.zeros(len(azimuth), int)
    return bank_of(responses, zeros, zeros, azimuth, elevation, distance)


def bank_of(responses, direct, room, azimuth, elevation, distance):
    """A bank from its columns."""
    rooms = int(room.max()) + 1
    return RoomBank(
        responses=responses.astype(np.float16),
        direct_sample=direct.astype(np.int32),
        room=room.astype(np.int32),
        azimuth_deg=azimuth.astype(np.float32),
        elevation_deg=elevation.astype(np.float32),
        distance_m=distance.astype(np.float32),
        room_name=tuple(f"room {i}" for i in range(rooms)),
        rt60_s=np.full(rooms, 0.3, np.float32),
    )


def still(response=0, turn_deg=0.0):
    """A path of one waypoint."""
    return SourcePath((Waypoint(0, response, turn_deg),))


def one_event(sounds, sound=0, start_sample=0, path=None, class_index=0, level_dbfs=-30.0, **more):
    """An event of one whole recording."""
    length = int(sounds.first_sample[sound + 1] - sounds.first_sample[sound])
    return SceneEvent(class_index, (Piece(sound, 0, length, start_sample),), path or still(), level_dbfs, **more)


def scene_of(events, frames=20, **more):
    """A scene of given events; by default two seconds long."""
    defaults = {"seed": 0, "epoch": 0, "index": 0, "room": 0, "view_deg": 0.0}
    return Scene(**{**defaults, **more}, sample_count=frames * 2_400, events=tuple(events))
