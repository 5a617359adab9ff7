"""How much faster is a stereo window cut from a long recording than by decoding the whole recording for it?

Makes Ambisonic recordings of several lengths (4 channels, 24 kHz, 16 bit) with labels like STARSS23's, and times in one
run, for the same random windows: the plain way (decode the whole recording, read its whole label file, cut, turn) and
this package's, signal and events together; then whole clips onto the disk. Results are compared sample by sample. All
files are in the page cache. Times are processor time, which other work on the machine disturbs little; waiting for the
disk to have the clips for good comes on top.

    python benchmarks/convert.py [windows per length]
"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from whence.corpora import Recording, StereoWindows, Window, convert_clips, draw_windows, list_recordings

RATE = 24_000
# STARSS23's recordings last 159 s on average (7.4 h in 168); the others show how the cost grows.
LENGTHS_S = (159, 300, 600)
WINDOWS = 40
SEED = 2025


def make_recording(folder: Path, length_s: int) -> None:
    """Noise with two labelled sources most of the time."""
    rng = np.random.default_rng([SEED, length_s])
    name = f"dev-train-made/fold3_room{length_s}_mix001"
    sound, labels = folder / "foa_dev" / f"{name}.wav", folder / "metadata_dev" / f"{name}.csv"
    sound.parent.mkdir(parents=True)
    labels.parent.mkdir(parents=True)
    soundfile.write(sound, rng.normal(0, 0.05, (length_s * RATE, 4)).astype(np.float32), RATE, subtype="PCM_16")
    rows = (
        f"{frame},{int(rng.integers(13))},{source},{int(rng.integers(-180, 181))},-10,{int(rng.integers(50, 400))}\n"
        for frame in range(length_s * 10)
        for source in range(int(rng.integers(0, 4)))
    )
    labels.write_text("".join(rows))


def plain_way(recording: Recording, window: Window) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Decode everything, read every label, cut both."""
    foa, _ = soundfile.read(recording.sound, dtype="float32")
    omni, left, _, ahead = foa[window.start_frame * 2_400 : (window.start_frame + 50) * 2_400].T
    angle = window.viewing_angle_deg / 180 * np.pi
    turned = np.sin(angle) * ahead + np.cos(angle) * left
    events = []
    with recording.labels.open(newline="") as file:
        for frame, class_index, source, azimuth, _, distance in (map(int, row) for row in csv.reader(file)):
            if window.start_frame <= frame < window.start_frame + 50:
                turned_deg = azimuth + window.viewing_angle_deg
                turned_deg -= 360 if turned_deg > 180 else 0
                if abs(turned_deg) > 90:
                    turned_deg = (180 if turned_deg > 0 else -180) - turned_deg
                events.append((frame - window.start_frame, class_index, source, turned_deg, distance))
    return np.stack([omni + turned, omni - turned]), events


def check(windows: StereoWindows, drawn: list[Window]) -> None:
    """Stop if the two ways differ."""
    for window in drawn:
        plain_signal, plain_events = plain_way(windows.recordings[0], window)
        signal, events = windows.render(window)
        if np.abs(signal - plain_signal).max() > 1e-6:
            raise SystemExit(f"{window}: the signals differ")
        columns = (events.frame, events.class_index, events.source, events.azimuth_deg, events.distance_m * 100)
        if [tuple(map(round, row)) for row in zip(*columns, strict=True)] != plain_events:
            raise SystemExit(f"{window}: the events differ")


def processor_s(call: Callable[[Window], object], window: Window) -> float:
    """What one window costs."""
    before = time.process_time()
    call(window)
    return time.process_time() - before


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WINDOWS
    print(f"{'recording':>10} {'plain way':>12} {'window':>10} {'ratio':>7} {'clip on disk':>14} {'ratio':>7}")
    for length_s in LENGTHS_S:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            make_recording(folder, length_s)
            windows = StereoWindows(list_recordings(folder))
            recording = windows.recordings[0]
            drawn = list(islice(draw_windows([recording.frame_count], SEED), count))
            check(windows, drawn[:5])
            plain_call = partial(plain_way, recording)
            plain = np.median([processor_s(plain_call, window) for window in drawn])
            fast = np.median([processor_s(windows.render, window) for window in drawn])
            before = time.process_time()
            made = convert_clips(windows, folder / "out", count=count, jobs=1).made
            disk = (time.process_time() - before) / made
        print(
            f"{length_s:>8} s {plain * 1e3:>9.2f} ms {fast * 1e3:>7.3f} ms {plain / fast:>6.0f}x"
            f" {disk * 1e3:>11.2f} ms {plain / disk:>6.1f}x"
        )


if __name__ == "__main__":
    main()
