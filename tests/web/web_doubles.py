"""A system that needs no network: loud frames are events, the louder channel is their side, the pitch their class."""

import contextlib
import io
import socket
import threading
import time

import numpy as np
import soundfile
import uvicorn
from starlette.testclient import TestClient

from whence.cli.serve import server_config
from whence.labels import ClassList, Events
from whence.models.outputs import Classwise
from whence.web.server import build_app

CLASSES = ClassList(("speech", "bell", "<img src=x onerror=alert(1)>"))
FRAME_SAMPLES = 2_400


class FakeSystem:
    """What `build_app` takes."""

    classes = CLASSES
    name = "fake"
    thresholds = np.array([0.4, 0.5, 0.6])


class SineNetworks:
    """Class 0 in loud frames, at the azimuth whose sine is the level difference, as of back-to-back cardioids."""

    codings = (Classwise(),)

    def predict(self, audio):
        left, right = np.abs(audio.reshape(len(audio), 2, -1, FRAME_SAMPLES)).max(axis=-1).transpose(1, 0, 2)
        values = np.zeros((len(audio), left.shape[1], 3, 13), np.float32)
        values[:, :, 0, 0] = np.maximum(left, right) > 0.05
        values[:, :, 1, 0] = np.degrees(np.arcsin((left - right) / np.maximum(left + right, 1e-9)))
        values[:, :, 2, 0] = 2.0
        return [values]


class FakeStream:
    """What `whence.Stream` does, one frame at a time, so that the sizes of the pieces cannot matter."""

    def __init__(self, system, *, latency="best", threshold=None, microphones=None):
        self.latency_s = 0.1
        self.frame_count = 0
        self._threshold = threshold
        self._rest = np.zeros((2, 0), np.float32)

    def feed(self, signal):
        self._rest = np.concatenate([self._rest, signal], axis=1)
        count = self._rest.shape[1] // FRAME_SAMPLES
        frames = self._rest[:, : count * FRAME_SAMPLES].reshape(2, count, FRAME_SAMPLES)
        self._rest = self._rest[:, count * FRAME_SAMPLES :]
        return self._rows(frames)

    def finish(self):
        short = -self._rest.shape[1] % FRAME_SAMPLES
        return self.feed(np.zeros((2, short), np.float32))

    def _rows(self, frames):
        first, self.frame_count = self.frame_count, self.frame_count + frames.shape[1]
        level = np.sqrt((frames**2).mean(axis=2))
        total = level.sum(axis=0)
        crossings = (np.diff(np.signbit(frames[0] + frames[1]), axis=1) != 0).sum(axis=1)
        score = np.clip(total * 2, 0, 1)
        active = np.flatnonzero(score >= max(self._threshold or 0.5, 1e-3))
        return Events.from_columns(
            {
                "frame": first + active,
                "class_index": np.digitize(crossings[active], [100, 300]),
                "azimuth_deg": 90 * (level[0] - level[1])[active] / total[active],
                "distance_m": 0.5 / total[active],
                "score": score[active],
            }
        )


def tones(*parts):
    """(2, sample) at 24 kHz from (seconds, Hz, left level, right level) one after the other."""
    pieces = []
    for duration_s, pitch_hz, left, right in parts:
        wave = np.sin(2 * np.pi * pitch_hz * np.arange(round(duration_s * 24_000)) / 24_000)
        pieces.append(np.stack([left * wave, right * wave]))
    return np.concatenate(pieces, axis=1).astype(np.float32)


HOST = "http://127.0.0.1:7860"


@contextlib.contextmanager
def client_of(limits=None, *, open_stream=FakeStream, system=None, **settings):
    """A client of a whole server, in this process and without a socket."""
    app = build_app(system or FakeSystem(), limits, open_stream=open_stream, **settings)
    with TestClient(app, base_url=HOST) as client:
        client.server = app.state.server
        yield client


class Page:
    """What an open page asks of the server."""

    def __init__(self, client):
        self.client = client
        self.about = client.post("/api/sessions").raise_for_status().json()
        self.path = f"/api/sessions/{self.about['session']}"

    def send(self, content, name="a.wav", **told):
        return self.client.post(f"{self.path}/sound", params={"name": name, **told}, content=content)

    def state(self):
        return self.client.get(self.path).raise_for_status().json()

    def wait(self):
        """The state when nothing is in work any more."""
        end_s = time.monotonic() + 100
        while (state := self.state())["state"] in ("waiting", "working"):
            assert time.monotonic() < end_s, state
            time.sleep(0.01)
        return state

    def listen(self, query="", **settings):
        """The live socket; the client's own base address does not count for sockets."""
        return self.client.websocket_connect(f"{HOST.replace('http', 'ws')}{self.path}/live{query}", **settings)

    def recognize(self, content, name="a.wav", **told):
        """Send, wait, and fetch what was found."""
        assert self.send(content, name, **told).status_code == 202
        state = self.wait()
        assert state["state"] == "done", state
        return self.client.get(f"{self.path}/findings").raise_for_status().json()


def wav_of(signal, rate_hz=24_000, form="WAV"):
    """The bytes of a sound file."""
    file = io.BytesIO()
    soundfile.write(file, signal.T, rate_hz, format=form)
    return file.getvalue()


@contextlib.contextmanager
def served(limits=None, *, open_stream=FakeStream, system=None, **settings):
    """A real server on a free port of this machine; yields the port and what requests share."""
    door = socket.create_server(("127.0.0.1", 0))
    app = build_app(system or FakeSystem(), limits, open_stream=open_stream, **settings)
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield door.getsockname()[1], app.state.server
    finally:
        server.should_exit = True
        thread.join()
        door.close()
