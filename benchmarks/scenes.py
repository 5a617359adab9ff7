"""Measure how many five-second scenes are rendered per second, beside a plain NumPy/SciPy renderer and a lower bound.

Makes a bank of noise bursts and rooms with responses of 0.8 s, draws scenes of five events with background and every
augmentation, and renders the same scenes in one run: the plain way (one event after the other, with SciPy's
`oaconvolve` in float32; the slow twin of the tests) and this package's, with blocks of several lengths. The clips are
compared. The floor is the time of the transforms alone. Times of one process are processor time, which depends least on
other programs; the last rows are whole pipelines (drawing, rendering, transfer) in wall-clock time.

    python benchmarks/scenes.py [number of scenes]
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from whence.corpora import BACKGROUND, INTERFERENCE, Sounds
from whence.labels import STARSS23
from whence.scenes import RenderedBatch, SceneSettings, SceneStream, draw_scene, render, render_batch
from whence.scenes.rooms import RoomBank
from whence.scenes.scene import LEAD_SAMPLES, Scene
from whence.scenes.transforms.room_response import BlockGrid, choose_grid
from whence.scenes.voices import voices_of
from whence.units import FRAME_SAMPLES

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "scenes"))
from straightforward import render_one

RATE = 24_000
TAPS = 19_200  # 0.8 s
EVENTS = 5
SCENES = 48
REPEATS = 5
SETTINGS = SceneSettings.from_plain(
    {
        "polyphony_weights": [0, 0, 1],
        "silent_clip_probability": 0,
        "interferers": [0, 0],
        "event_duration_s_of": {},
        "multiband_eq": {"probability": 1.0},
        "time_mask": {"probability": 1.0},
    }
)


def make_sounds(rng: np.random.Generator) -> Sounds:
    """Noise bursts of 0.3 to 10 s with an onset and a decay."""
    waveforms, classes, names = [], [], []
    for class_index in [*range(13), BACKGROUND, INTERFERENCE]:
        for number in range(12):
            seconds = 10.0 if class_index == BACKGROUND else 0.3 * 33 ** rng.random()
            time_s = np.arange(int(seconds * RATE)) / RATE
            envelope = np.ones_like(time_s) if class_index < 0 else np.exp(-time_s / seconds)
            waveforms.append((envelope * rng.normal(size=len(time_s)) / 5).astype(np.float32))
            classes.append(class_index)
            names.append(f"{class_index}-{number}")
    return Sounds.from_waveforms(waveforms, classes, names, names, STARSS23)


def make_rooms(rng: np.random.Generator, rooms: int = 4, positions: int = 40) -> RoomBank:
    """Direct sounds at random positions and diffuse tails that fall by 60 dB in 0.8 s."""
    count = rooms * positions
    azimuth, elevation = rng.uniform(-180, 180, count), rng.uniform(-40, 10, count)
    distance = rng.uniform(0.7, 4.0, count)
    tail = rng.normal(size=(count, 3, TAPS)) * 10 ** (-3 * np.arange(TAPS) / TAPS) * 0.02
    y = np.sin(np.radians(azimuth)) * np.cos(np.radians(elevation))
    x = np.cos(np.radians(azimuth)) * np.cos(np.radians(elevation))
    tail[:, :, :32] = 0
    tail[:, :, 32] = np.stack([np.ones(count), y, x], axis=1) / distance[:, None]
    return RoomBank(
        responses=tail.astype(np.float16),
        direct_sample=np.full(count, 32, np.int32),
        room=np.repeat(np.arange(rooms, dtype=np.int32), positions),
        azimuth_deg=azimuth.astype(np.float32),
        elevation_deg=elevation.astype(np.float32),
        distance_m=distance.astype(np.float32),
        room_name=tuple(f"room {number}" for number in range(rooms)),
        rt60_s=np.full(rooms, 0.8, np.float32),
    )


def draw_with_events(count: int, sounds: Sounds, rooms: RoomBank) -> list[Scene]:
    """The first scenes that have the wanted number of events."""
    scenes: list[Scene] = []
    index = 0
    while len(scenes) < count:
        scene = draw_scene(1, 0, index, SETTINGS, sounds, rooms)
        index += 1
        if len(scene.events) == EVENTS:
            scenes.append(scene)
    return scenes


def best_ms(work: Callable[[Scene], object], scenes: list[Scene], repeats: int = REPEATS) -> float:
    """Processor time a scene: the mean over scenes of the best of several tries."""
    best = np.full(len(scenes), np.inf)
    for _ in range(repeats):
        for number, scene in enumerate(scenes):
            start = time.process_time()
            work(scene)
            best[number] = min(best[number], time.process_time() - start)
    return float(best.mean() * 1_000)


def with_block(length: int, sounds: Sounds, rooms: RoomBank) -> Callable[[Scene], RenderedBatch]:
    """This package's renderer with transforms of a given length."""
    usual = choose_grid(TAPS, 32, FRAME_SAMPLES * 50)
    block = (length - (TAPS + 2 * usual.before_samples - 32) + 1) // FRAME_SAMPLES * FRAME_SAMPLES
    grid = BlockGrid(length, block, -(-(FRAME_SAMPLES * 50 + LEAD_SAMPLES) // block), usual.before_samples)

    def work(scene: Scene) -> RenderedBatch:
        with patch.object(render, "choose_grid", lambda *_: grid):
            return render_batch([scene], sounds, rooms)

    return work


def transforms_of(scene: Scene) -> tuple[int, int, int]:
    """How many dry blocks, responses and output blocks a scene has."""
    grid = choose_grid(TAPS, 32, scene.sample_count)
    voices = voices_of([scene], grid)
    paths = [voice.event.path.waypoints for voice in voices]
    blocks = sum(voice.block_count if len(path) == 1 else len(path) for voice, path in zip(voices, paths, strict=True))
    return blocks, 2 * sum(map(len, paths)), 2 * grid.block_count


def floor_ms(scenes: list[Scene]) -> float:
    """Processor time of a scene's transforms, done in the best possible batches and nothing else."""
    grid = choose_grid(TAPS, 32, FRAME_SAMPLES * 50)
    rows = torch.randn(16, grid.fft_length)
    spectra = torch.fft.rfft(rows)
    times = []
    for work in (lambda: torch.fft.rfft(rows), lambda: torch.fft.irfft(spectra, grid.fft_length)):
        tries = []
        for _ in range(30):
            start = time.process_time()
            work()
            tries.append(time.process_time() - start)
        times.append(min(tries) / 16 * 1_000)
    counts = np.mean([transforms_of(scene) for scene in scenes], axis=0)
    print(f"transforms a scene: {counts[0]:.1f} dry blocks, {counts[1]:.1f} responses, {counts[2]:.0f} output blocks")
    print(f"of {grid.fft_length} samples: {times[0]:.3f} ms forth, {times[1]:.3f} ms back\n")
    return float((counts[0] + counts[1]) * times[0] + counts[2] * times[1])


def largest_difference(scenes: list[Scene], sounds: Sounds, rooms: RoomBank) -> float:
    """Between the two renderers, relative to the peak of the clip."""
    worst = 0.0
    for scene in scenes:
        plain, _ = render_one(scene, sounds, rooms, np.float32)
        ours = render_batch([scene], sounds, rooms).audio[0].numpy()
        worst = max(worst, float(np.abs(plain - ours).max() / np.abs(plain).max()))
    return worst


def pipeline(workers: int, sounds: Sounds, rooms: RoomBank, device: str = "cpu", clips: int = 16) -> float:
    """Clips a second by the clock, from coordinates to batches in this process, once the workers are running."""
    stream = SceneStream(1, SETTINGS, sounds, rooms, batch_clips=clips, batches_per_epoch=1_000, device=device)
    batches = iter(stream.loader(range(30), workers))
    for _ in range(2 * max(workers, 1)):
        next(batches)
    rates = []
    for _ in range(4):
        start = time.perf_counter()
        for _ in range(5):
            next(batches).audio.sum().item()
        rates.append(5 * clips / (time.perf_counter() - start))
    return max(rates)


def row(name: str, milliseconds: float, reference: float) -> None:
    """One line of the table."""
    rate = 1_000 / milliseconds
    print(f"{name:46s} {milliseconds:9.2f} {rate:9.1f} {5 * rate:9.0f} {reference / milliseconds:8.1f}")


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    sounds, rooms = make_sounds(rng), make_rooms(rng)
    scenes = draw_with_events(int(sys.argv[1]) if len(sys.argv) > 1 else SCENES, sounds, rooms)
    print(f"{len(scenes)} scenes of {EVENTS} events, {TAPS / RATE} s responses, all augmentations")
    print(f"largest difference between the renderers: {largest_difference(scenes[:8], sounds, rooms):.1e} of the peak")
    floor = floor_ms(scenes)
    plain = best_ms(lambda scene: render_one(scene, sounds, rooms, np.float32), scenes, 2)
    print(f"{'one process, processor time':46s} {'ms/clip':>9s} {'clips/s':>9s} {'x real':>9s} {'x plain':>8s}")
    row("plain NumPy/SciPy, event by event", plain, plain)
    for length in (49_152, 65_536, 163_840):
        note = " (whole clip)" if length > 160_000 else ""
        row(f"whence, transforms of {length}{note}", best_ms(with_block(length, sounds, rooms), scenes), plain)
    ours = best_ms(lambda scene: render_batch([scene], sounds, rooms), scenes)
    row(f"whence ({choose_grid(TAPS, 32, FRAME_SAMPLES * 50).fft_length}, as chosen)", ours, plain)
    drawing = best_ms(lambda scene: draw_scene(1, 0, scene.index, SETTINGS, sounds, rooms), scenes)
    row("drawing alone", drawing, plain)
    row("floor: the transforms alone", floor, plain)
    print(f"rendering takes {ours / floor:.1f} times its floor\n")
    moved = (sum(w.sample_count for w in _pieces(scenes)) / len(scenes) * 2 + EVENTS * 3 * TAPS * 2 + 960_000) / 1e6
    print(f"bytes that must move a clip: {moved:.1f} MB (int16 sounds, float16 responses, float32 clip)\n")
    print(f"{'whole pipeline, by the clock':46s} {'':>9s} {'clips/s':>9s} {'x real':>9s}")
    for workers in (0, 1, 2):
        rate = pipeline(workers, sounds, rooms)
        print(f"{f'{workers} worker processes':46s} {'':9s} {rate:9.1f} {5 * rate:9.0f}")
    if torch.cuda.is_available():
        rate = pipeline(0, sounds, rooms, "cuda", 64)
        print(f"{torch.cuda.get_device_name()[:46]:46s} {'':9s} {rate:9.1f} {5 * rate:9.0f}")


def _pieces(scenes: list[Scene]) -> list:
    """All stretches of sound that the scenes read."""
    placed = [piece for scene in scenes for event in scene.events for piece in event.pieces]
    waves = [wave for scene in scenes if scene.background for wave in scene.background.waves]
    return placed + [piece for wave in waves for piece in wave.pieces]


if __name__ == "__main__":
    main()
