"""What does reading the sound of films and phone recordings cost beyond decoding it, and does that grow with length?

Makes recordings of several lengths (two channels of noise, 48 kHz) in m4a (AAC), webm (Opus) and mkv (FLAC), and times
in one run: PyAV alone, which decodes all frames and looks at none; and this package's blocks, each frame at its time.
Times are processor time, the better of two runs. The memory is the most that a process of its own takes for reading the
blocks.

    python benchmarks/tracks.py [minutes ...]
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from whence.audio import decoded

RATE = 48_000
KINDS = {"a.m4a": ("ipod", "aac"), "a.webm": ("webm", "libopus"), "a.mkv": ("matroska", "flac")}


def make_film(path: Path, minutes: int) -> None:
    """Ten seconds of noise, again and again."""
    container, codec = KINDS[path.name]
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 500 * 960)).astype(np.float32)
    with av.open(str(path), "w", format=container) as film:
        track = film.add_stream(codec, rate=RATE, layout="stereo")
        for number in range(minutes * 60 * RATE // 960):
            at = number % 500 * 960
            piece = np.ascontiguousarray(noise[:, at : at + 960])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE, number * 960
            film.mux(track.encode(frame))
        film.mux(track.encode())


def alone(path: Path) -> int:
    """Samples that PyAV decodes."""
    with av.open(str(path)) as film:
        return sum(frame.samples for frame in film.decode(audio=0))


def blocks(path: Path) -> int:
    """Samples that this package reads."""
    with decoded(path) as sound:
        return sum(len(block) for block in sound.blocks())


def seconds(task: Callable[[Path], int], path: Path) -> tuple[float, int]:
    """Processor time of the better of two runs, and the samples."""
    times = []
    for _ in range(2):
        started = time.process_time()
        count = task(path)
        times.append(time.process_time() - started)
    return min(times), count


def memory_mib(path: Path) -> int:
    """The most memory of a process that reads a file."""
    words = [sys.executable, __file__, "--memory", str(path)]
    return int(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    """Print a line for each kind and length."""
    if sys.argv[1:2] == ["--memory"]:
        blocks(Path(sys.argv[2]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    minutes = [int(word) for word in sys.argv[1:]] or [1, 5, 20]
    print(f"{'':10}{'PyAV alone':>12}{'whence':>10}{'ratio':>8}{'memory':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name in KINDS:
            for length in minutes:
                path = Path(folder, name)
                make_film(path, length)
                (alone_s, held), (blocks_s, read) = seconds(alone, path), seconds(blocks, path)
                assert abs(held - read) < 5_000, (held, read)
                label = f"{path.suffix[1:]}, {length} min"
                times = f"{alone_s:>10.2f} s{blocks_s:>8.2f} s{blocks_s / alone_s:>8.2f}"
                print(f"{label:<12}{times}{memory_mib(path):>6} MiB", flush=True)


if __name__ == "__main__":
    main()
