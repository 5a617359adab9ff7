"""Make label files to try `evaluate` and `compare` on: made-up events, and the predictions of two made-up systems.

`python docs/make_demo_labels.py` rewrites src/whence/cli/demo_labels. The cautious system misses many events but
localizes well; the eager one finds nearly all, adds false ones and localizes roughly. Neither was trained.
"""

from pathlib import Path

import numpy as np

from whence.labels import STARSS23, Events, write_dcase

FOLDER = Path(__file__).parents[1] / "src" / "whence" / "cli" / "demo_labels"
RECORDINGS, CLIPS_OF_RECORDING, FRAMES = 6, 4, 50


def truth_of(rng: np.random.Generator) -> Events:
    """Two to five events with a start, a length, a slowly changing direction and a distance."""
    rows: dict[str, list[float]] = {"frame": [], "class_index": [], "source": [], "azimuth_deg": [], "distance_m": []}
    for source in range(rng.integers(2, 6)):
        onset, length = int(rng.integers(0, 40)), int(rng.integers(5, 40))
        frames = np.arange(onset, min(onset + length, FRAMES))
        azimuth = rng.uniform(-80, 80) + rng.normal(0, 0.3) * (frames - onset)
        rows["frame"] += list(frames)
        rows["class_index"] += [int(rng.integers(len(STARSS23)))] * len(frames)
        rows["source"] += [source] * len(frames)
        rows["azimuth_deg"] += list(np.clip(np.round(azimuth), -90, 90))
        rows["distance_m"] += [round(rng.uniform(0.6, 4.0), 2)] * len(frames)
    return Events.from_columns(rows).sorted()


def predicted(truth: Events, rng: np.random.Generator, found: float, invented: float, azimuth_sd_deg: float) -> Events:
    """Return imperfect predictions: events missed or invented, directions and distances with an error per event."""
    tables = []
    for source in np.unique(truth.source):
        event = truth[truth.source == source]
        if rng.random() < found:
            azimuth = np.clip(event.azimuth_deg + rng.normal(0, azimuth_sd_deg), -90, 90)
            distance = event.distance_m * np.exp(rng.normal(0, 0.3))
            tables.append(Events.from_columns({**event.to_columns(), "azimuth_deg": azimuth, "distance_m": distance}))
    if rng.random() < invented:
        tables.append(truth_of(rng)[:20])
    return Events.concatenate(tables).sorted()


def main() -> None:
    """Write truth, cautious and eager, a CSV per clip."""
    for name in ("truth", "cautious", "eager"):
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
    for recording in range(RECORDINGS):
        for clip in range(CLIPS_OF_RECORDING):
            rng = np.random.default_rng([7, recording, clip])
            name = f"fold4_room{recording + 1}_mix001_deg{rng.integers(360):03d}_start{50 * clip:04d}.csv"
            truth = truth_of(rng)
            write_dcase(FOLDER / "truth" / name, truth)
            write_dcase(FOLDER / "cautious" / name, predicted(truth, rng, 0.55, 0.05, 8.0))
            write_dcase(FOLDER / "eager" / name, predicted(truth, rng, 0.95, 0.4, 16.0))


if __name__ == "__main__":
    main()
