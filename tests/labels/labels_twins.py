"""Slow, obvious forms of what labels/ does quickly, and random events to try both on."""

import csv
import io

import numpy as np

from whence.labels import Event, Events


def random_events(rng, rows=40, frames=30, classes=13, sources=3, known_distance=True):
    """Rows in any order, duplicates included."""
    columns = {
        "frame": rng.integers(0, frames, rows),
        "class_index": rng.integers(0, classes, rows),
        "source": rng.integers(0, sources, rows),
        "azimuth_deg": rng.uniform(-90, 90, rows),
        "score": rng.uniform(0, 1, rows),
    }
    if known_distance:
        columns["distance_m"] = rng.uniform(0.1, 9, rows)
    return Events.from_columns(columns)


def fold_by_hand(azimuth_deg):
    """One angle, brought round by whole turns and mirrored where it is behind."""
    while azimuth_deg > 180:
        azimuth_deg -= 360
    while azimuth_deg < -180:
        azimuth_deg += 360
    if azimuth_deg > 90:
        return 180 - azimuth_deg
    if azimuth_deg < -90:
        return -180 - azimuth_deg
    return azimuth_deg


def whole_events_by_hand(events):
    """Grow each event frame by frame, one source after the other."""
    rows = [tuple(column[row] for column in events.to_columns().values()) for row in range(events.row_count)]
    found = []
    for class_index, source in sorted({(row[1], row[2]) for row in rows}):
        own = sorted((row for row in rows if (row[1], row[2]) == (class_index, source)), key=lambda row: row[0])
        runs = []
        for row in own:
            if runs and row[0] - runs[-1][-1][0] <= 1:
                runs[-1].append(row)
            else:
                runs.append([row])
        for run in runs:
            azimuth = np.radians([row[3] for row in run])
            found.append(
                Event(
                    class_index=int(class_index),
                    source=int(source),
                    onset_s=run[0][0] / 10,
                    offset_s=(run[-1][0] + 1) / 10,
                    azimuth_deg=float(np.degrees(np.arctan2(np.mean(np.sin(azimuth)), np.mean(np.cos(azimuth))))),
                    distance_m=float(np.mean([row[4] for row in run])),
                    score=float(np.mean([row[6] for row in run])),
                )
            )
    return sorted(found, key=lambda event: (event.onset_s, event.class_index, event.source))


def read_by_hand(text):
    """The rows of a good DCASE 2025 file, with the csv module."""
    rows = list(csv.reader(io.StringIO(text)))
    assert ",".join(rows[0]) == "frame,class,source,azimuth,distance,onscreen"
    numbers = np.array([[int(value) for value in row] for row in rows[1:]], dtype=int).reshape(-1, 6)
    return Events.from_columns(
        {
            "frame": numbers[:, 0],
            "class_index": numbers[:, 1],
            "source": numbers[:, 2],
            "azimuth_deg": numbers[:, 3],
            "distance_m": numbers[:, 4] / 100,
        }
    )


def write_by_hand(events):
    """One row after the other, with Python's own round."""
    lines = ["frame,class,source,azimuth,distance,onscreen"]
    for frame, class_index, source, azimuth_deg, distance_m, *_ in zip(*events.to_columns().values(), strict=True):
        lines.append(f"{frame},{class_index},{source},{round(float(azimuth_deg))},{round(float(distance_m) * 100)},0")
    return "\n".join(lines) + "\n"


def rng_of(*coordinates):
    """Random numbers by coordinate."""
    return np.random.default_rng(list(coordinates))
