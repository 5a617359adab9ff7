"""How well simple rules and a model predict the direction of single sounds.

    python docs/make_direction_limits.py scenes/ --part dev-val --model whence_small.onnx

Uses every class of every clip that is alone for half a second or more without moving. The predictions are, in turn:
the direction of the whole power; the median over all feature frames and bands, weighted by loudness; the median over
onsets, from the onset maps; and what a model predicts in those frames. Prints the errors of each in degrees.
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
    """Yield the class, the label frames without another source, and the azimuth in degrees, of static sources."""
    polyphony = np.bincount(events.frame, minlength=frames)
    for class_index in np.unique(events.class_index):
        chosen = events[(events.class_index == class_index) & (polyphony[events.frame] == 1)]
        if len(chosen.frame) >= FEWEST_FRAMES and np.ptp(chosen.azimuth_deg) <= MOVES_DEG:
            yield int(class_index), chosen.frame.astype(np.intp), float(chosen.azimuth_deg[0])


def weighted_median(sine: Array, weight: Array) -> float:
    """The weighted median of sines as an azimuth in degrees."""
    order = np.argsort(sine, axis=None)
    total = np.cumsum(weight.ravel()[order])
    return to_degrees(float(sine.ravel()[order][np.searchsorted(total, total[-1] / 2)]))


def to_degrees(sine: float) -> float:
    """The azimuth of a sine, which rounding may bring beyond 1."""
    return float(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def simple_rules(maps: Array, label_frames: NDArray[np.intp]) -> dict[str, float]:
    """The prediction of each rule from some label frames of one clip's maps (M, T, F)."""
    frames = (label_frames[:, None] * FRAMES_PER_LABEL + np.arange(FRAMES_PER_LABEL)).ravel()
    mid_db, side_db, intensity, _, onset_sine, onset_db = maps[:, frames]
    mid_power, side_power = 10 ** (mid_db / 10), 10 ** (side_db / 10)
    power = mid_power + side_power
    sine = np.clip(intensity * power / mid_power, -1, 1)
    return {
        "the whole power": to_degrees(float((intensity * power).sum() / mid_power.sum())),
        "the median of all cells": weighted_median(sine, power**LOUDNESS),
        "the median of the onsets": weighted_median(onset_sine, np.maximum(10 ** (onset_db / 10) - LEAST_LEVEL, 1e-9)),
    }


def main() -> None:
    """Print one row for each rule and for the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", default="dev-val")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--model", type=Path, help="a model to compare with (default: the packaged one)")
    args = parser.parse_args()
    front_end, system = numpy_features(midside_onsets_settings()), whence.load(args.model)
    errors: dict[str, list[float]] = {}
    for signal, events in AudioFrameDataset(list_clips(args.data, args.part)[: args.clips]):
        maps, values = front_end(signal[None])[0], system.values(signal[None])[0]
        for class_index, frames, azimuth_deg in alone(events, len(values)):
            for rule, predicted_deg in simple_rules(maps, frames).items():
                errors.setdefault(rule, []).append(abs(predicted_deg - azimuth_deg))
            of_model = np.abs(values[frames, AZIMUTH, class_index] - azimuth_deg).mean()
            errors.setdefault("the model", []).append(float(of_model))
    for rule, found in errors.items():
        print(
            f"{rule:<26} {len(found):>4} sounds  median {np.median(found):5.1f}  mean {np.mean(found):5.1f}"
            f"  over 20 deg {100 * np.mean(np.array(found) > 20):3.0f} %"
        )


if __name__ == "__main__":
    main()
