"""Where does the time go in many sounds, does it grow with the sound alone, and what do processes and Ray cost?

Prints three tables. Stages are processor time of one core. `python benchmarks/scale.py FILES` sets the number of short
files (200); with 0 the engines are left out. Ray is measured where it is installed.
"""

import contextlib
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

import whence
from whence.audio import read_blocks
from whence.audio.reading import decoded
from whence.cli.demo import SCENES
from whence.inference import Request, predict_one
from whence.scale import Alone, Processes, ResumeRecord, predict_all, write_table

SHORT_S = 5
STAGES = ("reading", "resampling, level and checks", "features", "network", "events and windows", "writing")
GROWTH_FILES, GROWTH_MINUTES = (10, 40, 160), (1, 4, 16)
WORKERS = 2


def write_sound(path: Path, seconds: float, rate: int, first_s: float = 0.0) -> Path:
    """Write the demo's scenes, over and over."""
    scenes = np.concatenate([soundfile.read(SCENES / f"{name}.flac")[0] for name in ("calm", "busy")])
    if rate != 24_000:
        scenes = soxr.resample(scenes, 24_000, rate)
    scenes = np.roll(scenes, -round(first_s * rate), axis=0)
    soundfile.write(path, np.resize(scenes, (round(seconds * rate), 2)), rate)
    return path


class Timer:
    """Adds up the processor time of calls, by name."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    def of(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, timed."""

        def timed(*args: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return call(*args, **options)
            finally:
                self.spent[name] += time.process_time() - began

        return timed

    def drain(self, name: str, pieces: Iterator[Any]) -> None:
        """Exhaust an iterator."""
        self.of(name, lambda: [None for _ in pieces])()


class TimedSession:
    """The session of onnxruntime, timed."""

    def __init__(self, session: Any, timer: Timer) -> None:
        self.run = timer.of("network", session.run)


def stages(sound: Path, seconds: float) -> None:
    """Print the processor time of each stage."""
    timer, system, request = Timer(), whence.load(threads=1), Request(table=True)
    networks: Any = system.networks
    networks._front_ends = {name: timer.of("features", call) for name, call in networks._front_ends.items()}
    networks._session = TimedSession(networks._session, timer)
    with tempfile.TemporaryDirectory() as folder:
        timer.of("all", predict_one)(system, request, sound, None)
        with decoded(sound) as opened:
            timer.drain("reading", opened.blocks())
        timer.drain("all reading", read_blocks(sound))
        result = predict_one(system, request, sound, None)
        for _ in range(2):  # the first loads pyarrow
            timer.spent["writing"] = 0
            record = ResumeRecord(Path(folder), request)
            timer.of("writing", record.finish)(result)
            timer.of("writing", write_table)(Path(folder) / "a.parquet", record.rows([sound], []))
    spent = timer.spent
    # The second pass has doubled these two.
    spent["features"], spent["network"] = spent["features"] / 2, spent["network"] / 2
    spent["resampling, level and checks"] = spent["all reading"] - spent["reading"]
    spent["events and windows"] = spent["all"] - spent["all reading"] - spent["features"] - spent["network"]
    whole = sum(spent[name] for name in STAGES)
    for name in STAGES:
        each_ms, speed = 1000 * spent[name] / seconds, seconds / max(spent[name], 1e-9)
        print(f"  {name:<30} {spent[name] / whole:6.1%}  {each_ms:7.2f} ms/s {speed:8.0f} x real time")
    print(f"  {'all':<30} {1:6.1%}  {1000 * whole / seconds:7.2f} ms/s {seconds / whole:8.0f} x real time, one core")
    print(f"  with onnxruntime alone the core would be {whole / spent['network']:.2f} times as fast")


def growth(folder: Path) -> None:
    """Print the processor time for more and more files, and for longer and longer ones."""
    system, request = whence.load(threads=1), Request(formats=(), table=True)
    files = [write_sound(folder / f"{number}.wav", SHORT_S, 24_000) for number in range(max(GROWTH_FILES))]
    for count in GROWTH_FILES:
        spent = spent_on(system, request, files[:count])
        print(f"  {count:>5} files of {SHORT_S} s     {1000 * spent / count:7.2f} ms for a window")
    for minutes in GROWTH_MINUTES:
        path = write_sound(folder / "long.wav", 60 * minutes, 24_000)
        spent = spent_on(system, request, [path])
        # Of five seconds, every 2.5.
        windows = (60 * minutes - 5) / 2.5 + 1
        print(f"  1 file of {minutes:>3} min       {1000 * spent / windows:7.2f} ms for a window")


def spent_on(system: whence.inference.NetworkSystem, request: Request, sounds: list[Path]) -> float:
    """Processor time of one core for sounds, record and table included."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        record = ResumeRecord(Path(folder), request)
        results = predict_all(Alone(system, request), request, [(sound, None) for sound in sounds], record)
        failures = [result for result in results if result.failure is not None]
        write_table(Path(folder) / "events.parquet", record.rows(sounds, failures))
        return time.process_time() - began


def engines(folder: Path, count: int) -> None:
    """Print what processes and Ray actors cost for short files, each twice in turn."""
    sounds = [write_sound(folder / f"{number}.wav", SHORT_S, 48_000, number / 7) for number in range(count)]
    request = Request(formats=(), table=True)
    crews: dict[str, Callable[[], Any]] = {f"{WORKERS} processes": lambda: Processes(request, WORKERS)}
    try:
        from whence.ray import Actors, import_ray

        import_ray()
        crews[f"{WORKERS} Ray actors"] = lambda: Actors(request, WORKERS)
    except whence.errors.MissingExtraError as error:
        print(f"  {error}")
    spent: dict[str, list[float]] = {}
    for name, crew in [*crews.items()] * 2:
        times, worker = [], Family()
        began = time.perf_counter()
        for _ in predict_all(crew(), request, [(sound, None) for sound in sounds]):
            times.append((time.perf_counter() - began, worker.look()))
        # From the second result of each worker on, so that the start is left out.
        (first_s, first_cpu_s), (last_s, last_cpu_s) = times[2 * WORKERS], times[-1]
        each_ms = 1000 * (last_s - first_s) / (count - 2 * WORKERS - 1)
        core_ms = 1000 * (last_cpu_s - first_cpu_s) / (count - 2 * WORKERS - 1)
        spent.setdefault(name, []).append(core_ms)
        print(
            f"  {name:<14} first result after {times[0][0]:5.1f} s, then {each_ms:6.1f} ms a file by the clock, "
            f"{core_ms:6.1f} ms of a core, {worker.peak_mb:.0f} MB a worker"
        )
    if len(spent) == 2:
        processes_ms, ray_ms = (sum(times) for times in spent.values())
        print(f"  beyond its start, Ray takes {ray_ms / processes_ms - 1:+.1%} more of the cores than processes")


class Family:
    """Processor time and memory of this process and all that it has started; NaN without psutil."""

    def __init__(self) -> None:
        self.peak_mb = float("nan")
        self._spent: dict[int, float] = {}

    def look(self) -> float:
        """Return the seconds of a core that all of them have used so far, those that have ended included."""
        try:
            import psutil
        except ImportError:
            return float("nan")
        here = psutil.Process()
        for process in [here, *here.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                self._spent[process.pid] = sum(process.cpu_times()[:2])
                if (process is not here and "DetectionWorker" in process.name() + process.cmdline()[0]) or (
                    "multiprocessing.spawn" in " ".join(process.cmdline())
                ):
                    self.peak_mb = float(np.fmax(self.peak_mb, process.memory_info().rss / 1e6))
        return sum(self._spent.values())


def main() -> int:
    """Measure and print."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rate, ending in ((24_000, "wav"), (48_000, "flac")):
            print(f"one minute at {rate // 1000} kHz, {ending}:")
            stages(write_sound(folder / f"minute.{ending}", 60, rate), 60)
        print("growth, one core:")
        growth(folder)
        if count:
            print(f"{count} files of {SHORT_S} s at 48 kHz:")
            engines(folder, count)
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
