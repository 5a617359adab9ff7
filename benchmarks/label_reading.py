"""How long does reading a folder of label files take, beside only opening and reading the bytes, and beside csv?"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from whence.labels import Events, dcase_text, read_dcase_folder

CLIPS = 13_786  # as many as the development test set
ROWS = 60


def make(folder: Path) -> int:
    """Write the files; returns their bytes."""
    rng = np.random.default_rng([1, 0, 0])
    written = 0
    for clip in range(CLIPS):
        sources = rng.integers(0, 13, 2)
        text = dcase_text(
            Events.from_columns(
                {
                    "frame": np.repeat(np.arange(20, 20 + ROWS // 2), 2),
                    "class_index": np.tile(sources, ROWS // 2),
                    "azimuth_deg": rng.integers(-90, 91, ROWS),
                    "distance_m": rng.integers(50, 600, ROWS) / 100,
                }
            )
        )
        written += (folder / f"fold4_room{clip % 20}_mix{clip:05}.csv").write_text(text)
    return written


def only_bytes(folder: Path) -> None:
    """What no reader can go below."""
    for path in folder.iterdir():
        with path.open("rb", buffering=0) as file:
            file.read()


def with_csv(folder: Path) -> None:
    """The standard library's reader and int(), without any check."""
    for path in folder.iterdir():
        with path.open(newline="") as file:
            rows = csv.reader(file)
            next(rows)
            np.array([[int(value) for value in row] for row in rows])


def shortest_s(function: Callable[[Path], object], folder: Path, repeats: int) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function(folder)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = make(folder)
        times = {
            "open and read only": shortest_s(only_bytes, folder, 5),
            "read_dcase_folder": shortest_s(read_dcase_folder, folder, 5),
            "csv.reader and int": shortest_s(with_csv, folder, 2),
        }
    print(f"{CLIPS:,} files of {ROWS} rows, {size / 1e6:.1f} MB")
    floor = times["open and read only"]
    for what, seconds in times.items():
        print(f"{what:20} {seconds:6.3f} s  {size / seconds / 1e6:6.1f} MB/s  {seconds / floor:5.1f} x the floor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
