"""How much faster is decoding multi-ACCDOA output in batches than frame by frame in Python, with and without CSV?"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.labels import dcase_text
from whence.models.outputs import MultiAccdoaSettings
from whence.models.outputs.multi_accdoa import MultiAccdoa

CLIPS, FRAMES, CLASSES = 200, 50, 13
CODING = MultiAccdoa(MultiAccdoaSettings(official_rows=True))
Row = tuple[int, int, float, float]


def output_of_a_network() -> NDArray[np.float32]:
    """Return values with about as many events as real clips: one or two classes at a time, sometimes two sources."""
    rng = np.random.default_rng([1, 0, 0])
    shape = (CLIPS, FRAMES, 3, CLASSES)
    is_on = np.repeat(rng.random((CLIPS, FRAMES // 10, 1, CLASSES)) < 0.11, 10, axis=1)
    length = np.where(is_on, rng.uniform(0.4, 1.0, shape), rng.uniform(0.0, 0.3, shape))
    azimuth = np.radians(rng.uniform(-90, 90, (CLIPS, FRAMES, 1, CLASSES)) + rng.normal(0, 9, shape))
    elements = (length * np.cos(azimuth), length * np.sin(azimuth), rng.uniform(0.5, 4.0, shape))
    return np.stack(elements, axis=3).astype(np.float32)


def apart_deg(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The angle between two (x, y, ...) vectors."""
    first_norm = np.sqrt(first[0] ** 2 + first[1] ** 2 + 1e-10)
    second_norm = np.sqrt(second[0] ** 2 + second[1] ** 2 + 1e-10)
    cosine = (first[0] * second[0] + first[1] * second[1]) / (first_norm * second_norm)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def decoded_by_loops(clip: NDArray[np.float32]) -> list[Row]:
    """The published rule, written as loops: frame by frame, class by class, pair by pair."""
    rows = []
    for frame in range(clip.shape[0]):
        for class_index in range(clip.shape[3]):
            tracks = [clip[frame, track, :, class_index] for track in range(3)]
            active = [np.sqrt(track[0] ** 2 + track[1] ** 2) > 0.5 for track in tracks]
            similar = [
                bool(active[a] and active[b]) and apart_deg(tracks[a], tracks[b]) < 15
                for a, b in ((0, 1), (1, 2), (2, 0))
            ]
            if sum(similar) == 0:
                found = [track for track, is_active in zip(tracks, active, strict=True) if is_active]
            elif sum(similar) == 1:
                pair = similar.index(True)
                alone = [tracks[(pair + 2) % 3]] if active[(pair + 2) % 3] else []
                found = [*alone, (tracks[pair] + tracks[(pair + 1) % 3]) / 2]
            else:
                found = [(tracks[0] + tracks[1] + tracks[2]) / 3]
            for x, y, metres in found:
                rows.append((frame, class_index, float(np.degrees(np.arctan2(y, x))), float(metres)))
    return rows


def loops(values: NDArray[np.float32], folder: Path | None) -> int:
    """Decode clip after clip, and write row after row."""
    count = 0
    for number, clip in enumerate(values):
        rows = decoded_by_loops(clip)
        count += len(rows)
        if folder:
            with (folder / f"{number}.csv").open("w") as file:
                file.write("frame,class,source,azimuth,distance,onscreen\n")
                for frame, class_index, azimuth_deg, metres in rows:
                    file.write(f"{frame},{class_index},0,{round(azimuth_deg)},{round(metres * 100)},0\n")
    return count


def batched(values: NDArray[np.float32], folder: Path | None) -> int:
    """Decode all clips at once, and write each file at once."""
    tables = CODING.decode(values)
    if folder:
        for number, table in enumerate(tables):
            (folder / f"{number}.csv").write_text(dcase_text(table))
    return sum(table.row_count for table in tables)


def fastest_s(function: Callable[[], int], repeats: int) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> int:
    """Print one line per task; 1 if the results differ or batches are not 20 times as fast."""
    values = output_of_a_network()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / name for name in ("loops", "batched")]
        for folder in folders:
            folder.mkdir()
        rows = loops(values, folders[0])
        same = rows == batched(values, folders[1]) and all(
            path.read_text() == (folders[1] / path.name).read_text() for path in folders[0].iterdir()
        )
        print(f"{CLIPS} clips of 5 s, {rows} rows; files identical: {same}")
        ratios = []
        for task, pair in (("decode", (None, None)), ("decode and write CSV", folders)):
            slow = fastest_s(lambda where=pair[0]: loops(values, where), 2)
            fast = fastest_s(lambda where=pair[1]: batched(values, where), 7)
            ratios.append(slow / fast)
            slow_ms, fast_ms = slow / CLIPS * 1e3, fast / CLIPS * 1e3
            print(f"{task:22} loops {slow_ms:7.2f} ms/clip  batched {fast_ms:7.4f} ms/clip  x {ratios[-1]:.0f}")
    return 0 if same and min(ratios) >= 20 else 1


if __name__ == "__main__":
    sys.exit(main())
