"""Random clips for tests of reports."""

import numpy as np

from whence.labels import ClipEvents, Events


def random_clips(seed, clips=8):
    """References and predictions that partly agree."""
    rng = np.random.default_rng([seed])
    sides = []
    for shift in (0.0, 15.0):
        tables = {}
        for clip in range(clips):
            rows = int(rng.integers(0, 30))
            tables[f"clip{clip}"] = Events.from_columns(
                {
                    "frame": rng.integers(0, 20, rows),
                    "class_index": rng.integers(0, 3, rows),
                    "azimuth_deg": np.round(rng.uniform(-60, 60, rows) + shift),
                    "distance_m": np.full(rows, 2.0),
                }
            )
        sides.append(ClipEvents.from_mapping(tables))
    return sides
