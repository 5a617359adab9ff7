"""Scenes on disk: layout, resuming after a kill, refusals."""

import hashlib
import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from tiny_banks import tiny_rooms, tiny_sounds

from whence.audio import read
from whence.corpora import list_clips
from whence.errors import SceneError
from whence.labels import read_dcase
from whence.scenes.render import render_batch
from whence.scenes.scene import Scene
from whence.scenes.scene_folder import clip_name, write_scenes
from whence.scenes.settings import SceneSettings

SOUNDS, ROOMS = tiny_sounds(), tiny_rooms()
SETTINGS = SceneSettings(duration_s=0.5)
SUBSET = "dev-train-synth"


def contents(folder):
    """Digest of every file by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(folder, count, **more):
    return write_scenes(folder, 7, count, SETTINGS, SOUNDS, ROOMS, **more)


def test_sound_labels_and_scene_belong_together(tmp_path):
    assert write(tmp_path, 3) == 3
    for index in range(3):
        name = clip_name(7, index)
        scene = Scene.from_json((tmp_path / "scenes" / SUBSET / f"{name}.json").read_text())
        batch = render_batch([scene], SOUNDS, ROOMS)
        sound = read(tmp_path / "stereo_dev" / SUBSET / f"{name}.wav")
        assert np.abs(sound - batch.audio[0].numpy()).max() <= 0.5 / 32_768 + 1e-7
        events = read_dcase(tmp_path / "metadata_dev" / SUBSET / f"{name}.csv")
        assert events.frame.tolist() == batch.events[0].frame.tolist()
        assert np.abs(events.azimuth_deg - batch.events[0].azimuth_deg).max(initial=0) <= 0.5


def test_the_layout_is_the_one_the_corpora_read(tmp_path):
    write_scenes(tmp_path, 7, 2, SceneSettings(), SOUNDS, ROOMS)
    clips = list_clips(tmp_path, "dev-train")
    assert [(clip.name, clip.fold, clip.subset) for clip in clips] == [(clip_name(7, i), 1, SUBSET) for i in range(2)]
    assert clips[0].read_signal().shape == (2, 120_000)


def test_what_is_there_stays_and_what_is_missing_is_made_the_same(tmp_path):
    write(tmp_path / "whole", 5)
    part = tmp_path / "part"
    write(part, 2)
    (part / "metadata_dev" / SUBSET / f"{clip_name(7, 1)}.csv").unlink()
    calls = []
    assert write(part, 5, progress=lambda *counts: calls.append(counts)) == 4
    assert calls == [(2, 5), (3, 5), (4, 5), (5, 5)]
    assert write(part, 5) == 0
    assert contents(part) == contents(tmp_path / "whole")


def test_workers_write_the_same_files(tmp_path):
    write(tmp_path / "alone", 4)
    write(tmp_path / "together", 4, workers=2)
    assert contents(tmp_path / "alone") == contents(tmp_path / "together")


def killed_after(folder, count, delay_s):
    """Start writing in a process of its own and kill it."""
    process = multiprocessing.get_context("fork").Process(target=write, args=(folder, count))
    process.start()
    time.sleep(delay_s)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def kill_and_finish(folder, whole, kills, seed):
    for delay in np.random.default_rng(seed).uniform(0.0, 0.15, kills):
        killed_after(folder, 12, delay)
        for label in (folder / "metadata_dev" / SUBSET).glob("*.csv"):
            # A label file marks its clip as finished.
            name = str(label.relative_to(folder))
            sound = name.replace("metadata_dev", "stereo_dev").replace(".csv", ".wav")
            found = contents(folder)
            assert (found[name], found[sound]) == (whole[name], whole[sound])
    write(folder, 12)
    assert contents(folder) == whole


def test_after_a_kill_the_missing_clips_are_made(tmp_path):
    write(tmp_path / "whole", 12)
    kill_and_finish(tmp_path / "killed", contents(tmp_path / "whole"), kills=3, seed=0)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 6))
def test_after_any_of_many_kills_the_missing_clips_are_made(tmp_path, seed):
    write(tmp_path / "whole", 12)
    kill_and_finish(tmp_path / "killed", contents(tmp_path / "whole"), kills=20, seed=seed)


def test_a_folder_begun_before_there_was_a_setting_goes_on(tmp_path):
    write(tmp_path, 1)
    path = tmp_path / "scenes" / "dev-train-synth.json"
    description = json.loads(path.read_text())
    del description["settings"]["microphones"], description["settings"]["lossy_coding"]
    path.write_text(json.dumps(description))
    assert write(tmp_path, 2) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": 8}, "seed"),
        ({"settings": replace(SETTINGS, interferers=(0, 0))}, "settings"),
        ({"sounds": tiny_sounds(per_class=4)}, "sounds"),
        ({"rooms": tiny_rooms(rooms=3)}, "responses"),
    ],
)
def test_a_folder_of_other_scenes_is_refused(tmp_path, change, field):
    write(tmp_path, 1)
    before = contents(tmp_path)
    wanted = {"seed": 7, "settings": SETTINGS, "sounds": SOUNDS, "rooms": ROOMS, **change}
    with pytest.raises(SceneError, match=f"holds scenes drawn with another '{field}'; choose another folder"):
        write_scenes(tmp_path, clip_count=2, **wanted)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["{", "\xff", ""])
def test_a_damaged_description_is_refused(tmp_path, text):
    write(tmp_path, 1)
    (tmp_path / "scenes" / f"{SUBSET}.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SceneError, match=r"synth\.json cannot be read .*; remove it, or choose another folder"):
        write(tmp_path, 1)


def test_the_description_says_what_was_drawn_from(tmp_path):
    write(tmp_path, 1)
    description = json.loads((tmp_path / "scenes" / f"{SUBSET}.json").read_text())
    assert SceneSettings.from_plain(description["settings"]) == SETTINGS
    assert description["seed"] == 7
    assert description["rooms"] == ["room 0", "room 1"]
