"""Measure how many five-second scenes are rendered per second for each pair of microphones, in one run.

The same scenes of five events, with background and every augmentation, are rendered for one pair after the other,
scene by scene, so that other programs disturb all pairs alike. Then imperfections, one at a time, and whole pipelines
with two worker processes by the clock, for one pair and for mixtures.

    python benchmarks/pairs.py [number of scenes]
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from scenes import SETTINGS, make_sounds
from whence.audio import read_microphones
from whence.corpora import Sounds
from whence.scenes import SceneSettings, SceneStream, draw_scene, render_batch
from whence.scenes.rooms import RoomBank, RoomSettings, make_room_bank
from whence.scenes.scene import Scene

PAIRS = ("dcase", "xy:90", "ms", "blumlein", "ortf", "nos", "ab:0.20", "ab:0.5", "phone", "binaural")
IMPERFECTIONS = ("microphone_mismatch", "recorder_noise", "band_limits", "automatic_gain", "lossy_coding")
EVENTS, SCENES, REPEATS = 5, 24, 4


def settings_with(**changes: Any) -> SceneSettings:
    """The settings of the benchmark of scenes, changed."""
    return SceneSettings.from_plain({**SETTINGS.to_plain(), **changes})


def scenes_with_events(count: int, settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> list[Scene]:
    """The first scenes that have the wanted number of events."""
    scenes: list[Scene] = []
    index = 0
    while len(scenes) < count:
        scene = draw_scene(1, 0, index, settings, sounds, rooms)
        index += 1
        if len(scene.events) == EVENTS:
            scenes.append(scene)
    return scenes


def milliseconds(kinds: Sequence[list[Scene]], sounds: Sounds, rooms: RoomBank) -> list[float]:
    """Processor time a scene of each kind: the mean over scenes of the best of several tries."""
    best = np.full((len(kinds), len(kinds[0])), np.inf)
    for _ in range(REPEATS):
        for number, row in enumerate(zip(*kinds, strict=True)):
            for kind, scene in enumerate(row):
                start = time.process_time()
                render_batch([scene], sounds, rooms)
                best[kind, number] = min(best[kind, number], time.process_time() - start)
    return (best.mean(axis=1) * 1_000).tolist()


def by_the_clock(settings: SceneSettings, sounds: Sounds, rooms: RoomBank) -> float:
    """Clips a second that two worker processes draw, render and hand over."""
    stream = SceneStream(1, settings, sounds, rooms, batch_clips=16, batches_per_epoch=1_000)
    batches = iter(stream.loader(range(24), 2))
    for _ in range(4):
        next(batches)
    rates = []
    for _ in range(4):
        start = time.perf_counter()
        for _ in range(5):
            next(batches)
        rates.append(5 * 16 / (time.perf_counter() - start))
    return max(rates)


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    sounds = make_sounds(np.random.default_rng(0))
    rooms = make_room_bank(1, 4, RoomSettings(rt60_s=(0.4, 0.8)), jobs=2)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SCENES
    usual = scenes_with_events(count, SETTINGS, sounds, rooms)
    print(f"{count} scenes of {EVENTS} events in rooms of 0.4 to 0.8 s, all augmentations; processor time, one process")
    kinds = [[replace(scene, microphones=read_microphones(name)) for scene in usual] for name in PAIRS]
    times = milliseconds(kinds, sounds, rooms)
    print(f"{'pair':24s} {'ms/clip':>9s} {'clips/s':>9s} {'x dcase':>9s}")
    for name, spent in zip(PAIRS, times, strict=True):
        print(f"{name:24s} {spent:9.2f} {1_000 / spent:9.1f} {spent / times[0]:9.2f}")
    changes: list[dict[str, Any]] = [{}, *({name: {"probability": 1.0}} for name in IMPERFECTIONS)]
    kinds = [scenes_with_events(count // 2, settings_with(**change), sounds, rooms) for change in changes]
    times = milliseconds(kinds, sounds, rooms)
    print(f"\n{'imperfection (dcase)':24s} {'ms more':>9s}")
    for name, spent in zip(IMPERFECTIONS, times[1:], strict=True):
        print(f"{name:24s} {spent - times[0]:9.2f}")
    mixture = {"dcase": 4.0, "xy:60-135": 1.0, "ortf": 1.0, "ab:0.05-0.5": 2.0, "binaural": 1.0}
    some = {name: {"probability": 0.3} for name in IMPERFECTIONS[:-1]} | {"lossy_coding": {"probability": 0.1}}
    print(f"\n{'two workers, by the clock':24s} {'clips/s':>9s}")
    for title, settings in (
        ("dcase", SETTINGS),
        ("ortf", settings_with(microphones={"ortf": 1.0})),
        ("binaural", settings_with(microphones={"binaural": 1.0})),
        ("a mixture", settings_with(microphones=mixture)),
        ("the same, imperfect", settings_with(microphones=mixture, **some)),
    ):
        print(f"{title:24s} {by_the_clock(settings, sounds, rooms):9.1f}")


if __name__ == "__main__":
    main()
