"""How well simple rules tell from where a single sound comes, and how well a model does on the same sounds.

    python docs/make_direction_limits.py scenes/ --part dev-val --model whence_small.onnx

Takes every class of every clip that sounds alone for half a second or more without moving. Told are, in turn: the
power of all of it; the middle of all feature frames and bands, the loud ones counting more; the middle of
what begins, from the onset maps; and what a model says in those frames. Prints the errors of each in degrees.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import whence
from whence.corpora import AudioFrameDataset, list_clips
from whence.features import LEAST_LEVEL, midside_onsets_settings, numpy_features
from whence.features.onset_rule import LOUDNESS
from whence.labels import Events
from whence.models.outputs import AZIMUTH

Array = NDArray[np.float32]
FRAMES_PER_LABEL, FEWEST_FRAMES, MOVES_DEG = 5, 5, 1.0


def alone(events: Events, frames: int) -> Iterator[tuple[int, NDArray[np.intp], float]]:
    """Class, label frames in which nothing else sounds, and azimuth in degrees, of what does not move."""
    crowd = np.bincount(events.frame, minlength=frames)
    for class_index in np.unique(events.class_index):
        chosen = events[(events.class_index == class_index) & (crowd[events.frame] == 1)]
        if len(chosen.frame) >= FEWEST_FRAMES and np.ptp(chosen.azimuth_deg) <= MOVES_DEG:
            yield int(class_index), chosen.frame.astype(np.intp), float(chosen.azimuth_deg[0])


def middle(sine: Array, weight: Array) -> float:
    """The weighted median of sines as an azimuth in degrees."""
    order = np.argsort(sine, axis=None)
    total = np.cumsum(weight.ravel()[order])
    return to_degrees(float(sine.ravel()[order][np.searchsorted(total, total[-1] / 2)]))


def to_degrees(sine: float) -> float:
    """An azimuth of its sine, which may be a little too large."""
    return float(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def simple_rules(maps: Array, label_frames: NDArray[np.intp]) -> dict[str, float]:
    """What each rule says of some label frames of one clip (M, T, F)."""
    frames = (label_frames[:, None] * FRAMES_PER_LABEL + np.arange(FRAMES_PER_LABEL)).ravel()
    mid_db, side_db, intensity, _, onset_sine, onset_db = maps[:, frames]
    mid_power, side_power = 10 ** (mid_db / 10), 10 ** (side_db / 10)
    power = mid_power + side_power
    sine = np.clip(intensity * power / mid_power, -1, 1)
    return {
        "the power of all of it": to_degrees(float((intensity * power).sum() / mid_power.sum())),
        "the middle of all of it": middle(sine, power**LOUDNESS),
        "the middle of what begins": middle(onset_sine, np.maximum(10 ** (onset_db / 10) - LEAST_LEVEL, 1e-9)),
    }


def main() -> None:
    """Print one row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", default="dev-val")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--model", type=Path, help="a model to compare with (default: the packaged one)")
    args = parser.parse_args()
    front_end, system = numpy_features(midside_onsets_settings()), whence.load(args.model)
    errors: dict[str, list[float]] = {}
    for signal, events in AudioFrameDataset(list_clips(args.data, args.part)[: args.clips]):
        maps, said = front_end(signal[None])[0], system.values(signal[None])[0]
        for class_index, frames, azimuth_deg in alone(events, len(said)):
            for rule, told_deg in simple_rules(maps, frames).items():
                errors.setdefault(rule, []).append(abs(told_deg - azimuth_deg))
            of_model = np.abs(said[frames, AZIMUTH, class_index] - azimuth_deg).mean()
            errors.setdefault("the model", []).append(float(of_model))
    for rule, found in errors.items():
        print(
            f"{rule:<26} {len(found):>4} sounds  median {np.median(found):5.1f}  mean {np.mean(found):5.1f}"
            f"  over 20 deg {100 * np.mean(np.array(found) > 20):3.0f} %"
        )


if __name__ == "__main__":
    main()
