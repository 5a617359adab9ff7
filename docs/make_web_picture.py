"""The picture of the web page: `python docs/make_web_picture.py` writes docs/web-page.png (needs chromium).

The sound is mixed from procedural sounds, and the events shown are those that were mixed in, with made-up scores: the
picture shows the page, not the quality of a model.
"""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright

from whence.audio import write
from whence.cli.scenes import fitted_to
from whence.cli.serve import server_config
from whence.labels import STARSS23, Events
from whence.scenes import SceneSettings, draw_scene, render_batch
from whence.scenes.rooms import RoomSettings, make_room_bank
from whence.synth import procedural_sounds
from whence.web import build_app

SEED, EPOCH, INDICES = 1, 0, (1, 2)
TARGET = Path(__file__).parent / "web-page.png"


class SceneSystem:
    """A system whose predictions are the events of the scene."""

    classes = STARSS23
    thresholds = np.linspace(0.35, 0.55, len(STARSS23))

    def __init__(self, events: Events) -> None:
        self.events = events


class SceneStream:
    """Returns the events of the scene as the sound goes by."""

    def __init__(self, system: SceneSystem, **_: Any) -> None:
        self.latency_s, self._events, self._frame, self._samples = 0.0, system.events, 0, 0

    def feed(self, signal: NDArray[np.float32]) -> Events:
        """Return the rows up to now."""
        self._samples += signal.shape[1]
        first, self._frame = self._frame, self._samples // 2_400
        return self._events.between(first, self._frame)

    def finish(self) -> Events:
        """Return the rest."""
        return self._events.between(self._frame, self._frame + 1)


def scene() -> tuple[NDArray[np.float32], Events]:
    """Return ten seconds of sound and their events."""
    sounds = procedural_sounds(SEED, 6, background=2, interference=2)
    rooms = make_room_bank(SEED, 4, RoomSettings(positions_per_room=20))
    settings = fitted_to(sounds, SceneSettings())
    scenes = [draw_scene(SEED, EPOCH, index, settings, sounds, rooms) for index in INDICES]
    batch = render_batch(scenes, sounds, rooms)
    signal = np.concatenate([audio.numpy() for audio in batch.audio], axis=1)
    truth = Events.concatenate([events.shifted(50 * number) for number, events in enumerate(batch.events)])
    rng = np.random.default_rng([SEED, EPOCH])
    sure = rng.uniform(0.45, 0.98, (len(STARSS23), 10))[truth.class_index, truth.source % 10]
    unsteady = np.clip(truth.azimuth_deg + rng.normal(0, 2.0, truth.row_count), -90, 90)
    return signal, Events.from_columns({**truth.to_columns(), "azimuth_deg": unsteady, "score": sure}).sorted()


@contextlib.contextmanager
def served(events: Events) -> Iterator[str]:
    """Run a server for these events; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = build_app(SceneSystem(events), open_stream=SceneStream, model_name="events of the scene")
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def main() -> None:
    """Open the page, give it the sound, go to a busy moment, and take the picture."""
    signal, events = scene()
    with tempfile.TemporaryDirectory() as folder, served(events) as address, sync_playwright() as playwright:
        sound = Path(folder) / "street.wav"
        write(sound, signal)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--mute-audio"]
        )
        page = browser.new_page(viewport={"width": 1_240, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_selector("body[data-ready=yes]")
        page.set_input_files("#file", sound)
        page.wait_for_selector("#play:enabled")
        page.evaluate("document.getElementById('audio').currentTime = 2.7")
        page.wait_for_timeout(500)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
