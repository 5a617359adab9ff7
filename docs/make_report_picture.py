"""The picture of the page on reports: `python docs/make_report_picture.py` writes docs/report.png.

Mixes scenes from procedural sounds, makes predictions with typical errors, runs `whence report` on both, and takes a
screenshot of the worst clip (with Playwright's Chromium, or the one on the path).
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from whence.audio import write
from whence.cli.main import main as whence
from whence.cli.scenes import fitted_to
from whence.labels import Events, write_dcase
from whence.scenes import SceneSettings, draw_scene, render_batch
from whence.scenes.rooms import RoomSettings, make_room_bank
from whence.synth import procedural_sounds

SEED, CLIPS = 8, 12
# Which classes are confused.
CONFUSED_WITH = {0: 1, 1: 0, 8: 9, 9: 8, 7: 12, 11: 3}


def predicted(truth: Events, rng: np.random.Generator) -> Events:
    """Return most events, biased to the middle and a little off, some with another class."""
    tables = []
    for class_index, source in np.unique(np.stack([truth.class_index, truth.source]), axis=1).T.tolist():
        event = truth[(truth.class_index == class_index) & (truth.source == source)]
        if rng.random() < 0.8:
            drift = np.cumsum(rng.normal(0, 0.6, event.row_count)) + rng.normal(0, 8)
            predicted_class = CONFUSED_WITH.get(class_index, class_index) if rng.random() < 0.3 else class_index
            columns = {
                **event.to_columns(),
                "class_index": np.full(event.row_count, predicted_class),
                "azimuth_deg": np.clip(0.85 * event.azimuth_deg + drift, -90, 90).round(),
                "distance_m": event.distance_m * np.exp(rng.normal(0, 0.2)),
            }
            tables.append(Events.from_columns(columns)[int(rng.integers(4)) :])
    return Events.concatenate(tables).sorted()


def make_clips(folder: Path) -> None:
    """Write sounds, references and predictions."""
    for name in ("refs", "preds", "wavs"):
        (folder / name).mkdir()
    sounds = procedural_sounds(SEED, 6, background=2, interference=2)
    rooms = make_room_bank(SEED, 4, RoomSettings(positions_per_room=20))
    settings = fitted_to(sounds, SceneSettings())
    for index in range(CLIPS):
        batch = render_batch([draw_scene(SEED, 0, index, settings, sounds, rooms)], sounds, rooms)
        name = f"scene{index:02d}"
        write(folder / "wavs" / f"{name}.wav", batch.audio[0].numpy())
        write_dcase(folder / "refs" / f"{name}.csv", batch.events[0])
        rng = np.random.default_rng([SEED, 0, index])
        write_dcase(folder / "preds" / f"{name}.csv", predicted(batch.events[0], rng))


def take_screenshot(page: Path, picture: Path) -> None:
    """Write a picture of the worst clip, as a browser shows it."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 920, "height": 900}, color_scheme="light")
        view.goto(page.as_uri())
        view.add_style_tag(content="nav { position: static !important }")
        view.wait_for_timeout(500)  # the sound's length appears
        view.locator("#clip-1").screenshot(path=picture)
        browser.close()


def main() -> int:
    """Write docs/report.png, or the file that is named."""
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "report.png"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clips(folder)
        words = [str(folder / part) for part in ("refs", "preds", "wavs", "report")]
        code = whence(["report", words[0], words[1], "--audio", words[2], "--worst", "3", "--out", words[3]])
        if code == 0:
            take_screenshot(folder / "report" / "index.html", picture)
    return code


if __name__ == "__main__":
    sys.exit(main())
