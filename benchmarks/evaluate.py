"""How much faster are CSV folders scored than by plain dictionaries, and are the scores the same?

Makes a test set of the size of DCASE 2025's (13,786 clips of 5 s) with timelines like those of real rooms, writes
references and predictions as CSV files, and times in one run: plain dictionaries (csv.reader, one frame and class at a
time, the solver for every group), this package stage by stage, and just reading the bytes. All files are in the page
cache. Ratios are of processor time, which other programs on the machine disturb least.

    python benchmarks/evaluate.py [number of clips]
"""

import csv
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from whence.labels import DCASE_2025, STARSS23, ClipEvents, clips_from_files, read_tree
from whence.labels.dcase import HEADER
from whence.metrics import IntervalSettings, ScoreSettings, evaluate
from whence.metrics.counting import count
from whence.metrics.pairing import pair

CLIPS = 13_786  # the test half of the DCASE 2025 stereo set
FRAMES = 50
# The test half of STARSS23, from which those clips are cut: 78 recordings. 7.4 h for all 168 is 159 s each.
RECORDINGS = 78
RECORDING_FRAMES = 1_590
# Probability that the first, second, ... simultaneous source is active. Chosen so that no source, one, two, three, four
# and five are active in shares like those of the public STARSS22 labels: 14, 53, 26, 6, 1.5 and 0.2 % of frames.
SLOT_ACTIVITY = (0.78, 0.30, 0.16, 0.06, 0.02)
# Share of all labelled rows and median event length of each class, counted in the same labels.
CLASS_SHARE = np.array([16.7, 31.7, 0.6, 1.1, 2.5, 14.4, 1.0, 0.4, 23.1, 5.8, 1.3, 1.2, 0.2])
EVENT_S = np.array([1.5, 1.5, 2.0, 3.3, 1.0, 32, 2.0, 1.5, 66, 25, 9, 3.5, 0.9])
LENGTH_SPREAD = 0.8  # standard deviation of the logarithm of event lengths about the median
# A system that finds six rows in ten, 18 degrees and a third of the distance off, and adds a wrong row to every ten. It
# writes source 0 on every row, as the challenge's baseline does.
FOUND, AZIMUTH_NOISE_DEG, DISTANCE_NOISE, MADE_UP = 0.6, 18.0, 0.33, 0.1
SEED = 2025
REPEATS = 5

Rows = np.ndarray  # (row, 5): frame, class, source, azimuth, distance in centimetres
Result = TypeVar("Result")


def recording_rows(rng: np.random.Generator) -> Rows:
    """The events of one recording: every slot is a chain of events and gaps."""
    rate = CLASS_SHARE / EVENT_S  # long events are drawn seldom, so that rows come out in the shares asked for
    rows = []
    for slot, activity in enumerate(SLOT_ACTIVITY):
        mean_event = 10 * float(CLASS_SHARE.sum() / rate.sum()) * math.exp(LENGTH_SPREAD**2 / 2)
        mean_gap = mean_event * (1 - activity) / activity
        frame = -int(rng.exponential(mean_gap)) if rng.random() < activity else int(rng.exponential(mean_gap))
        while frame < RECORDING_FRAMES:
            class_index = int(rng.choice(13, p=rate / rate.sum()))
            length = 1 + int(10 * EVENT_S[class_index] * rng.lognormal(0, LENGTH_SPREAD))
            frames = np.arange(max(frame, 0), min(frame + length, RECORDING_FRAMES))
            azimuth = rng.uniform(-180, 180) + np.cumsum(rng.normal(0, 0.7, len(frames)))
            distance = np.full(len(frames), max(rng.normal(190, 66), 20))
            constant = np.broadcast_to((class_index, slot), (len(frames), 2))
            rows.append(np.column_stack([frames, constant, azimuth, distance]))
            frame += length + int(rng.exponential(mean_gap))
    return np.concatenate(rows)


def make_set(clips: int) -> Iterator[tuple[str, Rows, Rows]]:
    """Name, references and predictions of every clip, cut from recordings at random times and viewing angles."""
    recordings = [recording_rows(np.random.default_rng([SEED, 0, index])) for index in range(RECORDINGS)]
    taken = set()
    rng = np.random.default_rng([SEED, 1, 0])
    while len(taken) < clips:
        recording, start = int(rng.integers(RECORDINGS)), int(rng.integers(RECORDING_FRAMES - FRAMES))
        angle = int(rng.integers(360))
        name = f"fold4_room{recording % 10}_mix{recording:03d}_deg{angle:03d}_start{start:04d}"
        if name in taken:
            continue
        taken.add(name)
        rows = recordings[recording]
        rows = rows[(rows[:, 0] >= start) & (rows[:, 0] < start + FRAMES)]
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))] - (start, 0, 0, -angle, 0)
        rows[:, 3] = fold(rows[:, 3])
        yield name, np.rint(rows).astype(int), predicted(rows, rng)


def predicted(rows: Rows, rng: np.random.Generator) -> Rows:
    """The predictions of the made-up system for a clip."""
    guess = rows[rng.random(len(rows)) < FOUND]
    wrong = guess[rng.random(len(guess)) < MADE_UP].copy()
    wrong[:, 1] = rng.integers(0, 13, len(wrong))
    guess = np.concatenate([guess, wrong])
    guess[:, 2] = 0
    guess[:, 3] = fold(guess[:, 3] + rng.normal(0, AZIMUTH_NOISE_DEG, len(guess)))
    guess[:, 4] *= rng.lognormal(0, DISTANCE_NOISE, len(guess))
    return np.rint(guess[np.argsort(guess[:, 0], kind="stable")]).astype(int)


def fold(azimuth: np.ndarray) -> np.ndarray:
    """Mirrored to the front, degrees in [-90, 90]."""
    turned = (azimuth + 180) % 360 - 180
    return np.where(turned > 90, 180 - turned, np.where(turned < -90, -180 - turned, turned))


def write_csv(path: Path, rows: Rows) -> None:
    """One label file."""
    lines = [f"{frame},{k},{source},{azimuth},{cm},0\n" for frame, k, source, azimuth, cm in rows.tolist()]
    path.write_text(f"{HEADER}\n{''.join(lines)}")


def plain_read(path: Path) -> dict[int, dict[int, dict[int, tuple[float, float]]]]:
    """{frame: {class: {track: (azimuth, distance)}}} of one file."""
    frames: dict[int, dict[int, dict[int, tuple[float, float]]]] = {}
    with path.open(newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for frame, class_index, source, azimuth, distance, _ in reader:
            tracks = frames.setdefault(int(frame), {}).setdefault(int(class_index), {})
            track = int(source)
            if track in tracks or track >= 10:
                track = next((free for free in range(10) if free not in tracks), 0)
            tracks[track] = (float(azimuth), float(distance))
    return frames


def plain_evaluate(references: Path, predictions: Path) -> tuple[float, float, float, float]:
    """F20, azimuth error, relative distance error and distance error in metres, by the official definition."""
    hits, misplaced, false_alarms, misses, pairs, azimuth_error, relative_error, distance_error = np.zeros((8, 13))
    for path in sorted(predictions.iterdir()):
        truth, guess = plain_read(references / path.name), plain_read(path)
        for frame in range(max(truth, default=0)):
            true_classes, guessed_classes = truth.get(frame, {}), guess.get(frame, {})
            for k in {*true_classes, *guessed_classes}:
                true = np.array(list(true_classes.get(k, {}).values())).reshape(-1, 2)
                guessed = np.array(list(guessed_classes.get(k, {}).values())).reshape(-1, 2)
                misses[k] += max(0, len(true) - len(guessed))
                false_alarms[k] += max(0, len(guessed) - len(true))
                if not len(true) or not len(guessed):
                    continue
                cost = np.abs(fold(true[:, 0])[:, None] - fold(guessed[:, 0])[None])
                row, column = linear_sum_assignment(cost)
                distance = np.abs(true[row, 1] - guessed[column, 1])
                relative = distance / (true[row, 1] + np.finfo(float).eps)
                wrong = int(((cost[row, column] > 20) | (relative > 1)).sum())
                pairs[k] += len(row)
                misplaced[k] += wrong
                hits[k] += len(row) - wrong
                azimuth_error[k] += cost[row, column].sum()
                relative_error[k] += relative.sum()
                distance_error[k] += distance.sum()
    found = pairs > 0
    f20 = hits / (np.finfo(float).eps + hits + misplaced + (false_alarms + misses) / 2)
    errors = [(error[found] / pairs[found]).mean() for error in (azimuth_error, relative_error, distance_error / 100)]
    return (float(f20.mean()), *map(float, errors))


def timed(work: Callable[[], Result], repeats: int = REPEATS) -> tuple[float, float, Result]:
    """Seconds on the clock, seconds of the processor (the least of several), and the result."""
    wall = processor = math.inf
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        result = work()
        wall, processor = min(wall, time.perf_counter() - start[0]), min(processor, time.process_time() - start[1])
    return wall, processor, result


def read(folder: Path) -> ClipEvents:
    """A folder of label files as a table."""
    return clips_from_files(read_tree(folder, ".csv"), DCASE_2025, STARSS23)


def describe(references: ClipEvents, byte_count: int) -> None:
    """Print what was made, to be held against the real thing."""
    frames = len(references) * FRAMES
    frame = references.clip_of_row() * FRAMES + references.events.frame
    active = np.bincount(np.bincount(frame, minlength=frames), minlength=7) / frames
    shares = ", ".join(f"{100 * share:.1f}" for share in active[:6])
    rows = references.events.row_count / len(references)
    print(f"{len(references):,} clips, {rows:.1f} reference rows a clip, {byte_count / 1e6:.1f} MB of CSV in all;")
    print(f"none, one, two, three, four, five sources active in {shares} % of frames\n")


def main() -> None:
    """Make the set, time everything, print the table."""
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS
    with tempfile.TemporaryDirectory() as folder:
        truth, guess = Path(folder, "references"), Path(folder, "predictions")
        truth.mkdir()
        guess.mkdir()
        for name, references, predictions in make_set(clips):
            write_csv(truth / f"{name}.csv", references)
            write_csv(guess / f"{name}.csv", predictions)
        report(truth, guess)


def report(truth: Path, guess: Path) -> None:
    """Time plain dictionaries and this package on the same files, and compare the scores."""
    settings, jackknife = ScoreSettings(), IntervalSettings()
    no_intervals, bootstrap = IntervalSettings(method="none"), IntervalSettings(method="bootstrap")
    *reading, files = timed(lambda: [read_tree(folder, ".csv") for folder in (truth, guess)])
    describe(read(truth), sum(len(file.content) for side in files for file in side))
    *parsing, (references, predictions) = timed(
        lambda: [clips_from_files(side, DCASE_2025, STARSS23) for side in files]
    )
    *pairing, pairs = timed(lambda: pair(references, predictions, settings.class_count))
    *counting, _ = timed(lambda: count(pairs, settings))

    def scored(intervals: IntervalSettings) -> list[float]:
        return list(timed(lambda: evaluate(references, predictions, settings, interval_settings=intervals))[:2])

    scoring, with_jackknife, with_bootstrap = (scored(method) for method in (no_intervals, jackknife, bootstrap))
    *whole, evaluation = timed(lambda: evaluate(read(truth), read(guess), settings, interval_settings=jackknife))
    *plain, expected = timed(lambda: plain_evaluate(truth, guess), repeats=1)
    lines = (
        ("plain dictionaries, CSV to official scores", plain),
        ("whence, CSV to both protocols with intervals", whole),
        ("  reading the bytes of the files (the floor)", reading),
        ("  parsing", parsing),
        ("  whence.metrics.evaluate without intervals", scoring),
        ("    of that: pairing references and predictions", pairing),
        ("    of that: counting", counting),
        ("  evaluate with jackknife intervals", with_jackknife),
        ("  evaluate with bootstrap, 1,000 resamples", with_bootstrap),
    )
    print(f"{'':48s}{'clock':>10s}{'processor':>12s}   times as fast as plain dictionaries")
    for name, (wall, processor) in lines:
        print(f"{name:48s}{wall:8.3f} s{processor:10.3f} s{plain[1] / processor:10.1f}")
    relative = [seconds[1] / scoring[1] for seconds in (with_jackknife, with_bootstrap)]
    print(
        f"\nscoring with intervals takes {relative[0]:.2f} (jackknife), {relative[1]:.2f} (bootstrap) times as long as"
    )
    print("scoring without them; at most 2 is wanted")
    scores = evaluation.official.scores
    got = (scores.f20, scores.doae_deg, scores.rde, scores.distance_error_m)
    difference = max(abs(ours - theirs) for ours, theirs in zip(got, expected, strict=True))
    print(f"F20 {got[0]:.4f}, DOAE {got[1]:.2f} deg, RDE {got[2]:.3f}; largest difference of a score {difference:.1e}")
    if not difference <= 1e-12:
        raise SystemExit("the scores differ")


if __name__ == "__main__":
    main()
