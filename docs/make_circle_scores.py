"""How well the packaged model tells all directions of Ambisonic recordings: front from back, and azimuth errors.

    python docs/make_circle_scores.py --rooms 20 --seed 77

Every scene has one procedural sound at one of thirteen positions of a simulated room, over diffuse noise that is 15 to
30 dB softer. Counted are the sounds that the model finds while they sound: how many are on the right one of front and
back (those at least 10 degrees off the line from left to right), and the error of the mean azimuth. The same model on
the stereo pair that looks ahead stands beside it.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

import whence
from whence.audio import foa_to_stereo
from whence.labels import Events, fold_to_front
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import RoomSettings
from whence.scenes.rooms.simulation import simulate_room
from whence.synth import generate
from whence.units import FRAME_SAMPLES

Array = NDArray[np.float32]
CLIP_SAMPLES, TAPS, CLASSES = 120_000, 24_000, 13
LEAST_OFF_DEG = 10.0


def scene(response: Array, class_index: int, rng: np.random.Generator) -> tuple[Array, int, int]:
    """One sound in a room: (4, sample) AmbiX, and the label frames in which the sound begins and ends."""
    dry = generate(class_index, rng)[: CLIP_SAMPLES - CLIP_SAMPLES // 10]
    start = int(rng.integers(0, CLIP_SAMPLES - len(dry)))
    clip = np.zeros((4, CLIP_SAMPLES))
    wet = fftconvolve(dry[None], response, axes=1)[:, : CLIP_SAMPLES - start]
    clip[:, start : start + wet.shape[1]] = wet
    noise = rng.standard_normal(clip.shape)
    noise[1:] /= np.sqrt(3)
    clip += noise * np.sqrt(np.mean(clip[0] ** 2)) * 10 ** (-rng.uniform(15, 30) / 20)
    clip *= rng.uniform(0.15, 0.5) / np.abs(clip).max()
    return clip.astype(np.float32), start // FRAME_SAMPLES, -(-(start + len(dry)) // FRAME_SAMPLES)


def mean_azimuth(events: Events, class_index: int) -> float | None:
    """The mean direction of a class; None where it was not found."""
    azimuth = np.radians(events.azimuth_deg[events.class_index == class_index])
    return float(np.degrees(np.angle(np.exp(1j * azimuth).mean()))) if len(azimuth) else None


def main() -> None:
    """Render, detect and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--seed", type=int, default=77)
    args = parser.parse_args()
    system = whence.load()
    circle, pair, sides = [], [], []
    for number in range(args.rooms):
        room = draw_room(args.seed, number, RoomSettings(positions_per_room=CLASSES))
        responses = simulate_room(room, TAPS, with_height=True)
        for class_index, (response, position) in enumerate(zip(responses, room.positions, strict=True)):
            signal, first, end = scene(response, class_index, np.random.default_rng([args.seed, number, class_index]))
            true_deg = (position.azimuth_deg + 180) % 360 - 180
            found = mean_azimuth(system.detect(signal, microphones="foa").between(first, end), class_index)
            if found is not None:
                circle.append(abs((found - true_deg + 180) % 360 - 180))
                if abs(abs(true_deg) - 90) > LEAST_OFF_DEG:
                    sides.append((abs(found) < 90) == (abs(true_deg) < 90))
            found = mean_azimuth(system.detect(foa_to_stereo(signal, 0.0)).between(first, end), class_index)
            if found is not None:
                pair.append(abs(found - float(fold_to_front(true_deg))))
    print(f"{args.rooms * CLASSES} scenes; front or back right: {sum(sides)} of {len(sides)}")
    for name, errors in (("full circle, four views", circle), ("stereo pair, folded", pair)):
        print(
            f"{name}: {len(errors)} found, median error {np.median(errors):.1f} deg, 90 % within "
            f"{np.percentile(errors, 90):.1f} deg, {np.mean(np.array(errors) <= 20):.1%} within 20 deg"
        )


if __name__ == "__main__":
    main()
