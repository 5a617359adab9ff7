"""Made-up sets of clips in the form of the twin: dense, sparse, rear, tied, missing, silent, over-long."""

import numpy as np


def draw_rows(rng, frames, most, classes, sources, whole=True, reach=200):
    """Rows of one clip: up to `most` a frame, in any order within it."""
    rows = []
    for frame in range(frames):
        for _ in range(rng.integers(0, most + 1)):
            azimuth = rng.uniform(-reach, reach)
            distance = rng.uniform(0, 500)
            rows.append(
                (
                    frame,
                    int(rng.integers(classes)),
                    int(rng.integers(sources)),
                    round(azimuth) if whole else azimuth,
                    round(distance) if whole else distance,
                )
            )
    return rows


def near(rng, rows, whole=True):
    """What a fair system would say: some rows lost, some added, all a little off."""
    guess = []
    for frame, class_index, source, azimuth, distance in rows:
        if rng.random() < 0.2:
            continue
        azimuth = azimuth + rng.normal(0, 12)
        distance = abs(distance * rng.lognormal(0, 0.4))
        guess.append(
            (frame, class_index, source, round(azimuth) if whole else azimuth, round(distance) if whole else distance)
        )
        if rng.random() < 0.1:
            guess.append((frame, class_index, source, round(rng.uniform(-90, 90)), round(distance)))
    return guess


KINDS = {
    "sparse": {"frames": 12, "most": 2, "classes": 13, "sources": 3},
    "overlapping": {"frames": 12, "most": 9, "classes": 3, "sources": 5},
    "crowded": {"frames": 4, "most": 30, "classes": 2, "sources": 14},
    "floats": {"frames": 8, "most": 8, "classes": 3, "sources": 3, "whole": False},
    "tied": {"frames": 12, "most": 9, "classes": 2, "sources": 6, "reach": 6},
}


def draw_set(seed, kind, clips=6):
    """References and predictions: near the truth, unrelated to it, too long, missing, empty, silent."""
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind), 0])
    settings = KINDS[kind]
    references, predictions = {}, {}
    for clip in range(clips):
        name = f"fold4_room{clip % 3}_mix{clip % 4:03d}_deg{clip:03d}_start{clip * 7:04d}"
        references[name] = draw_rows(rng, **settings)
        predictions[name] = near(rng, references[name], settings.get("whole", True))
    unrelated, silent, empty, missing, long = (
        f"{word}_deg000_start0000" for word in ["unrelated", "silent", "empty", "missing", "long"]
    )
    for name in (unrelated, empty, missing):
        references[name] = draw_rows(rng, **settings)
    predictions[unrelated] = draw_rows(rng, **settings)
    references[silent], predictions[silent] = [], draw_rows(rng, **settings)
    predictions[empty] = []
    references[long] = draw_rows(rng, **{**settings, "frames": 3})
    predictions[long] = draw_rows(rng, **settings)
    return references, predictions
