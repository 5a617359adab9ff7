"""Is `whence detect` fast and small? An hour in one file against a hundred short files, and live streams.

Whole processes are measured, start included. The sound is the demo's two scenes, repeated: its content does not change
the work. Prints a table; exits with 1 if a limit is exceeded.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

import whence
from whence.cli.demo import SCENES

HOUR_S, SHORT_FILES, SHORT_S = 3600, 100, 36
LEAST_SPEED, MOST_MB, MOST_RATIO, MOST_LOAD = 50.0, 600.0, 1.5, 0.05


def run_child(*words: str) -> tuple[float, float]:
    """Seconds by the clock and peak memory in MB of one command."""
    code = (
        "import resource, sys; from whence.cli.main import main; code = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr); sys.exit(code)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *words, "--quiet"], capture_output=True, text=True, check=True)
    return time.perf_counter() - began, float(done.stderr.splitlines()[-1])


def stream_load(latency: str, seconds: int = 60) -> float:
    """Seconds of one core for a second of sound in pieces of 100 ms."""
    stream = whence.Stream(whence.load(threads=1), latency=latency)
    sound = np.tile(soundfile.read(SCENES / "busy.flac", dtype="float32")[0].T, 8)[:, : seconds * 24_000]
    before = resource.getrusage(resource.RUSAGE_SELF)
    for first in range(0, sound.shape[1], 2_400):
        stream.feed(sound[:, first : first + 2_400])
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / seconds


def main() -> int:
    """Make the sounds, measure and print."""
    both = np.concatenate([soundfile.read(SCENES / f"{name}.flac", dtype="int16")[0] for name in ("calm", "busy")])
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        hour = np.tile(both, (HOUR_S // 16 + 1, 1))[: HOUR_S * 24_000]
        soundfile.write(directory / "hour.wav", hour, 24_000)
        (directory / "short").mkdir()
        for number in range(SHORT_FILES):
            part = hour[number * SHORT_S * 24_000 : (number + 1) * SHORT_S * 24_000]
            soundfile.write(directory / "short" / f"{number:03d}.wav", part, 24_000)
        one_s, one_mb = run_child("detect", str(directory / "hour.wav"), "--out", str(directory / "a"))
        many_s, many_mb = run_child("detect", str(directory / "short"), "--out", str(directory / "b"))
        jobs = str(os.cpu_count() or 1)
        jobs_s, _ = run_child("detect", str(directory / "short"), "--out", str(directory / "c"), "--jobs", jobs)
        swap_s, _ = run_child("detect", str(directory / "hour.wav"), "--out", str(directory / "d"), "--tta", "swap")
    print(f"one hour in one file           {one_s:6.1f} s  {HOUR_S / one_s:5.0f} x real time  {one_mb:5.0f} MB")
    print(f"the same averaged with swap    {swap_s:6.1f} s  {HOUR_S / swap_s:5.0f} x real time")
    ratio = many_s / one_s
    print(f"the same in {SHORT_FILES} files          {many_s:6.1f} s  {ratio:5.2f} x the one file  {many_mb:5.0f} MB")
    print(f"and by {jobs} processes             {jobs_s:6.1f} s  {HOUR_S / jobs_s:5.0f} x real time")
    within_limits = HOUR_S / one_s >= LEAST_SPEED and one_mb < MOST_MB and many_s / one_s <= MOST_RATIO
    for latency in ("best", "low"):
        load = stream_load(latency)
        stated_s = whence.Stream(whence.load(threads=1), latency=latency).latency_s
        print(f"live, latency {latency} ({stated_s:.1f} s)      {load:6.3f} of one core")
        within_limits = within_limits and (latency == "low" or load < MOST_LOAD)
    print(f"promised: {LEAST_SPEED:.0f} x real time, {MOST_MB:.0f} MB, {MOST_RATIO} x for many, {MOST_LOAD} a core")
    return 0 if within_limits else 1


if __name__ == "__main__":
    sys.exit(main())
