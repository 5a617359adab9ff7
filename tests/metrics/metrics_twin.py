"""The slow and obvious twin of the metric: plain dictionaries, one frame and one class at a time.

A clip is a list of rows (frame, class, source, azimuth in degrees, distance in centimetres); a set of clips is a
dictionary from clip name to rows. Nothing here is shared with the package.
"""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from whence.labels import ClipEvents, Events

EPS = float(np.finfo(float).eps)
NUMBERS = ("hits", "misplaced", "false_alarms", "misses", "pairs", "azimuth_error_deg", "distance_error_cm")
NUMBERS += ("relative_distance_error", "references", "predictions", "located_pairs")


def clip_events(clips):
    """The same clips as the package takes them."""
    return ClipEvents.from_mapping({name: events(rows) for name, rows in clips.items()})


def events(rows):
    """The same rows as the package takes them, in the same order."""
    columns = list(zip(*rows, strict=True)) or [[], [], [], [], []]
    names = ("frame", "class_index", "source", "azimuth_deg")
    return Events.from_columns(
        {**dict(zip(names, columns, strict=False)), "distance_m": np.array(columns[4], float) / 100}
    )


def fold(azimuth):
    azimuth = (azimuth + 180) % 360 - 180
    if azimuth > 90:
        return 180 - azimuth
    if azimuth < -90:
        return -180 - azimuth
    return azimuth


def tracks_of(rows):
    """{frame: {class: {track: (azimuth, distance)}}}, by the track rule."""
    frames = {}
    for frame, class_index, source, azimuth, distance in rows:
        tracks = frames.setdefault(frame, {}).setdefault(class_index, {})
        track = source
        if source in tracks or source >= 10:
            free = [number for number in range(10) if number not in tracks]
            track = free[0] if free else 0
        tracks[track] = (azimuth, distance)
    return frames


def empty_counts(class_count):
    return {number: [0.0] * class_count for number in NUMBERS}


def count_clip(
    counts, references, predictions, end, azimuth_threshold, relative_threshold, distance_threshold_cm, strict
):
    """Add the frames before `end` of one clip to the counts."""
    references, predictions = tracks_of(references), tracks_of(predictions)
    for frame in sorted({*references, *predictions}):
        if frame >= end:
            continue
        for k in range(len(counts["hits"])):
            truth = list(references.get(frame, {}).get(k, {}).values())
            guess = list(predictions.get(frame, {}).get(k, {}).values())
            counts["references"][k] += len(truth)
            counts["predictions"][k] += len(guess)
            counts["misses"][k] += max(0, len(truth) - len(guess))
            counts["false_alarms"][k] += max(0, len(guess) - len(truth))
            if not truth or not guess:
                continue
            cost = np.array([[abs(fold(t[0]) - fold(g[0])) for g in guess] for t in truth], float)
            for t, g in zip(*linear_sum_assignment(cost), strict=True):
                distance_error = abs(truth[t][1] - guess[g][1])
                relative = distance_error / (truth[t][1] + EPS)
                # Nothing is so many times further away than 0.
                located = not (strict and truth[t][1] == 0)
                too_far = (
                    cost[t, g] > azimuth_threshold
                    or distance_error > distance_threshold_cm
                    or (located and relative > relative_threshold)
                )
                counts["pairs"][k] += 1
                counts["misplaced" if too_far else "hits"][k] += 1
                counts["azimuth_error_deg"][k] += cost[t, g]
                counts["located_pairs"][k] += located
                counts["distance_error_cm"][k] += located * distance_error
                counts["relative_distance_error"][k] += located * relative
    return counts


def count(
    references,
    predictions,
    protocol,
    class_count=13,
    azimuth_threshold=20,
    relative_threshold=1.0,
    distance_threshold_cm=math.inf,
):
    """Counts of a set of clips under one protocol."""
    counts = empty_counts(class_count)
    for name, rows in references.items():
        if protocol == "official":
            if name not in predictions:
                continue
            end = max((row[0] for row in rows), default=0)
        else:
            end = math.inf
        guess = predictions.get(name, [])
        limits = azimuth_threshold, relative_threshold, distance_threshold_cm
        count_clip(counts, rows, guess, end, *limits, protocol == "strict")
    return counts


def class_scores(counts):
    """(f20, doae, rde, distance error in metres) of each class."""
    scores = []
    for k in range(len(counts["hits"])):
        hits = counts["hits"][k]
        wrong = (counts["false_alarms"][k] + counts["misses"][k]) / 2
        f20 = hits / (EPS + hits + counts["misplaced"][k] + wrong)
        pairs = [counts[name][k] for name in ("pairs", "located_pairs", "located_pairs")]
        summed = zip(NUMBERS[5:8], pairs, strict=True)
        errors = [counts[name][k] / (number + EPS) if number else math.nan for name, number in summed]
        scores.append((f20, errors[0], errors[2], errors[1] / 100))
    return scores


def scores(counts, protocol, average="macro"):
    """(f20, doae, rde, distance error in metres) of all classes together."""
    class_count = len(counts["hits"])
    present = [k for k in range(class_count) if counts["references"][k] + counts["predictions"][k] > 0]
    if average == "micro":
        pooled = {name: [sum(values)] for name, values in counts.items()}
        f20, *errors = class_scores(pooled)[0]
        return (math.nan if protocol == "strict" and not present else f20, *errors)
    each = class_scores(counts)
    counted = range(class_count) if protocol == "official" else present
    return (
        mean([each[k][0] for k in counted]),
        *(mean([each[k][i] for k in range(class_count) if not math.isnan(each[k][i])]) for i in (1, 2, 3)),
    )


def mean(values):
    return sum(values) / len(values) if values else math.nan
