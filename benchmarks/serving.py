"""Does the web page's server stay fair and small when eight visitors send files and four speak at the same time?

Starts the server in a process of its own on a free port of this machine, with a made-up model of known cost. Eight
clients send a file each and wait, four stream sound in real time, all at once. Then: are all results right (the
direction of each visitor's sound is its number), in the order in which the files came, how late are live rows, and how
much did the memory of the server grow? It stops by itself.

    python benchmarks/serving.py [seconds of each file] [packaged]

With the packaged model the right result for noise is unknown; only that there is one for the whole sound is checked.
"""

import asyncio
import io
import json
import multiprocessing
import os
import resource
import signal
import socket
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import httpx2
import numpy as np
import soundfile
import websockets
from numpy.typing import NDArray

import whence
from whence.cli.serve import serve
from whence.labels import STARSS23, Events
from whence.web import build_app
from whence.web.jobs import Job

SENDERS, SPEAKERS, LIVE_S, FILE_S = 8, 4, 10.0, 60.0
FRAME_SAMPLES = 2_400
MEGABYTE = 1e6
# What a second of sound costs the made-up model, as a small network on one core.
COST_PER_S = 0.02
MOST_GROWTH_BYTES = 150 * MEGABYTE
LONGEST_S = 300.0


class MadeUpSystem:
    """Nothing but a class list."""

    classes = STARSS23


class MadeUpStream:
    """Returns for each frame how much louder the left channel is, at the cost of a small network."""

    def __init__(self, system: Any, *, latency: Literal["best", "low"], threshold: float | None, **_: Any) -> None:
        self.latency_s = 0.1
        self._rest = np.zeros((2, 0), np.float32)
        self._frame = 0

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """One row for each frame."""
        self._rest = np.concatenate([self._rest, signal], axis=1)
        count = self._rest.shape[1] // FRAME_SAMPLES
        frames = self._rest[:, : count * FRAME_SAMPLES].reshape(2, count, FRAME_SAMPLES)
        self._rest = self._rest[:, count * FRAME_SAMPLES :]
        left, right = np.abs(frames).mean(axis=2) + 1e-9
        _work(count * 0.1 * COST_PER_S)
        first, self._frame = self._frame, self._frame + count
        numbers = np.arange(first, first + count)
        azimuth_deg = 90 * (left - right) / (left + right)
        columns = {"frame": numbers, "class_index": np.zeros(count, int), "azimuth_deg": azimuth_deg}
        return Events.from_columns({**columns, "distance_m": np.ones(count), "score": np.full(count, 0.9)})

    def finish(self) -> Events:
        """Files here are whole frames long."""
        return Events.empty()


def _work(cost_s: float) -> None:
    """Keep a core busy without Python's lock, as onnxruntime does."""
    table = np.ones((256, 256), np.float32)
    end_s = time.perf_counter() + cost_s
    while time.perf_counter() < end_s:
        table @ table


def server_process(pipe: Connection, is_packaged: bool) -> None:
    """Serve and send the port; at the end the peak memory, and the names in the order in which they were queued."""
    # A shell that started this in the background may have had Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    listener = socket.create_server(("127.0.0.1", 0))
    app = build_app(whence.load()) if is_packaged else build_app(MadeUpSystem(), open_stream=MadeUpStream)
    jobs, queued = app.state.server.jobs, []
    add = jobs.add

    def noted(job: Job) -> None:
        queued.append(job.name)
        add(job)

    jobs.add = noted
    pipe.send(listener.getsockname()[1])
    try:
        serve(app, listener)
    except KeyboardInterrupt:
        pipe.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, queued))


def sound_of(number: int, duration_s: float) -> NDArray[np.float32]:
    """(sample, 2) noise from the direction that is this visitor's number."""
    noise = np.random.default_rng(number).normal(0, 0.1, round(duration_s * 24_000)).astype(np.float32)
    share = (direction_deg(number) / 90 + 1) / 2
    return np.stack([noise * share, noise * (1 - share)], axis=1)


def direction_deg(number: int) -> float:
    """A direction for each visitor."""
    return -77.0 + 14.0 * number


@dataclass
class Visit:
    """What a visitor measured."""

    number: int
    is_right: bool
    sent_s: float
    done_s: float
    latest_s: float = 0.0


def right_rows(rows: dict[str, list[float]], number: int, duration_s: float, is_packaged: bool) -> bool:
    """Whether every frame is there once, and from this visitor's direction."""
    if is_packaged:
        return True
    frames = round(duration_s * 10)
    directions = np.array(rows["azimuth_deg"])
    return rows["frame"] == list(range(frames)) and bool(np.abs(directions - direction_deg(number)).max() < 1.0)


async def send_file(address: str, number: int, duration_s: float, is_packaged: bool) -> Visit:
    """Send a file, wait for its turn, look at what was found."""
    content = io.BytesIO()
    soundfile.write(content, sound_of(number, duration_s), 24_000, format="WAV", subtype="PCM_16")
    async with httpx2.AsyncClient(base_url=address, timeout=LONGEST_S) as client:
        session = (await client.post("/api/sessions")).json()["session"]
        path = f"/api/sessions/{session}"
        answer = await client.post(f"{path}/sound?name={number}.wav", content=content.getvalue())
        sent_s = time.perf_counter()
        if answer.status_code != 202:
            raise SystemExit(f"visitor {number} was refused: {answer.text}")
        while (await client.get(path)).json()["state"] in ("waiting", "working"):
            await asyncio.sleep(0.05)
        done_s = time.perf_counter()
        found = (await client.get(f"{path}/findings")).json()
        await client.delete(path)
    is_right = found["duration_s"] == duration_s and right_rows(found["rows"], number, duration_s, is_packaged)
    return Visit(number, is_right, sent_s, done_s)


async def speak(address: str, number: int, duration_s: float, is_packaged: bool) -> Visit:
    """Stream in real time; `latest_s` is the longest time from a tenth of a second of sound to the message about it."""
    async with httpx2.AsyncClient(base_url=address, timeout=LONGEST_S) as client:
        session = (await client.post("/api/sessions")).json()["session"]
    samples = np.round(sound_of(number, duration_s) * 32_767).astype("<i2")
    rows: dict[str, list[float]] = {}
    sent: list[float] = []
    started_s = time.perf_counter()
    latest_s = ended_s = 0.0
    live = f"{address.replace('http', 'ws')}/api/sessions/{session}/live"
    async with websockets.connect(live, ping_interval=None) as socket_:
        await socket_.recv()

        async def send() -> None:
            for turn in range(round(duration_s * 10)):
                await asyncio.sleep(max(0.0, started_s + 0.1 * (turn + 1) - time.perf_counter()))
                sent.append(time.perf_counter())
                await socket_.send(samples[turn * FRAME_SAMPLES : (turn + 1) * FRAME_SAMPLES].tobytes())
            await socket_.send("stop")

        sending = asyncio.create_task(send())
        async for message in socket_:
            if isinstance(message, bytes):
                continue
            news = json.loads(message)
            for name, values in news.get("rows", {}).items():
                rows.setdefault(name, []).extend(values)
            if news.get("heard_s"):
                latest_s = max(latest_s, time.perf_counter() - sent[round(news["heard_s"] * 10) - 1])
            ended_s = news.get("duration_s", ended_s)
        await sending
    is_right = ended_s == duration_s and right_rows(rows, number, duration_s, is_packaged)
    return Visit(number, is_right, started_s, time.perf_counter(), latest_s)


async def all_at_once(port: int, file_s: float, is_packaged: bool) -> tuple[list[Visit], list[Visit]]:
    """Run all visitors at the same time."""
    address = f"http://127.0.0.1:{port}"
    # One visitor alone first, so that imports and buffers are not counted as growth under load.
    await send_file(address, 0, 1.0, is_packaged)
    files = [send_file(address, number, file_s, is_packaged) for number in range(SENDERS)]
    voices = [speak(address, SENDERS + number, LIVE_S, is_packaged) for number in range(SPEAKERS)]
    visits = await asyncio.wait_for(asyncio.gather(*files, *voices), LONGEST_S)
    return visits[:SENDERS], visits[SENDERS:]


def resident_bytes(pid: int) -> int:
    """Memory of a process now; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def measured(file_s: float, is_packaged: bool) -> tuple[list[Visit], list[Visit], float, int, int, list[str]]:
    """Start, run all visitors at once, stop.

    Returns:
        senders, speakers, seconds it took, bytes when idle, most bytes, and the names in the order of the queue.
    """
    here, there = multiprocessing.Pipe()
    start = multiprocessing.get_context("spawn").Process
    process = start(target=server_process, args=(there, is_packaged), daemon=True)
    process.start()
    try:
        port = here.recv()
        idle_bytes = resident_bytes(process.pid or 0)
        started_s = time.perf_counter()
        files, voices = asyncio.run(all_at_once(port, file_s, is_packaged))
        took_s = time.perf_counter() - started_s
        os.kill(process.pid or 0, signal.SIGINT)
        most_bytes, queued = here.recv() if here.poll(20) else (0, [])
        process.join(20)
    finally:
        process.kill()
    return files, voices, took_s, idle_bytes, most_bytes, queued[1:]


def main() -> int:
    """Print the table; 1 if something was lost, out of turn, or grew too much."""
    os.environ["OMP_NUM_THREADS"] = "1"
    is_packaged = "packaged" in sys.argv
    file_s = float(next((word for word in sys.argv[1:] if word != "packaged"), FILE_S))
    files, voices, took_s, idle_bytes, most_bytes, queued = measured(file_s, is_packaged)
    finished = [f"{visit.number}.wav" for visit in sorted(files, key=lambda visit: visit.done_s)]
    turns_s = np.diff([0.0, *sorted(visit.done_s - min(v.sent_s for v in files) for visit in files)])
    lost = sum(not visit.is_right for visit in files + voices)
    growth_bytes = most_bytes - idle_bytes
    sound_s = SENDERS * file_s + SPEAKERS * LIVE_S
    print(f"{SENDERS} files of {file_s:g} s and {SPEAKERS} microphones of {LIVE_S:g} s at once: {took_s:.1f} s")
    print(f"{'results lost or wrong':<34} {lost} of {SENDERS + SPEAKERS}")
    print(f"{'finished in the order they came':<34} {'yes' if queued == finished else f'no: {queued} {finished}'}")
    print(f"{'a turn, shortest to longest':<34} {turns_s.min():.2f} to {turns_s.max():.2f} s")
    print(f"{'live rows, latest':<34} {max(visit.latest_s for visit in voices):.2f} s after it was sent")
    print(f"{'sound processed':<34} {sound_s / took_s:.0f} times real time")
    print(f"{'memory, most':<34} {most_bytes / MEGABYTE:.0f} MB, {growth_bytes / MEGABYTE:.0f} MB more than idle")
    return 0 if not lost and queued == finished and growth_bytes < MOST_GROWTH_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
