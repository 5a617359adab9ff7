"""Shared by all tests: the processor's settings, a cache of their own, and a small training as a user would run it."""

import json
import logging
import os

# Torch's waiting threads spin by default, which slows small work on few cores many times; this must precede its import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Read when onnxruntime is loaded, which some tests do by themselves: it sends usage data otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from whence.cli.main import main

# A deadline measures the machine, not the code.
settings.register_profile("whence", settings(deadline=None))
settings.load_profile("whence")

# Two networks, eight steps each, on clips of one second.
SETTINGS = {
    "scenes": {"duration_s": 1.0, "event_duration_s": [0.3, 1.0]},
    "validation_clips": 4,
    "networks": {name: {"batch_clips": 4, "epoch_clips": 16, "epochs": 2} for name in ("detector", "localizer")},
}


class SmallTraining:
    """Files that a training starts from, and its words on the command line."""

    def __init__(self, folder):
        self.sounds, self.rooms, self.settings = folder / "sounds", folder / "rooms.safetensors", folder / "small.json"
        rng = np.random.default_rng(1)
        for name in ("bell", "music"):
            (self.sounds / name).mkdir(parents=True)
            for number in range(3):
                soundfile.write(self.sounds / name / f"{number}.wav", rng.normal(0, 0.1, 24_000), 24_000)
        words = ["--rooms", "2", "--places", "4", "--rt60", "0.15", "0.2", "--jobs", "1"]
        assert main(["scenes", "rooms", str(self.rooms), *words]) == 0
        self.settings.write_text(json.dumps(SETTINGS))
        # Recorded clips have no scenes to set.
        self.recorded = folder / "recorded.json"
        self.recorded.write_text(json.dumps({name: value for name, value in SETTINGS.items() if name != "scenes"}))

    def words(self, out, *more):
        """`whence train ...` without the first word."""
        data = ["--scenes", str(self.sounds), "--rooms", str(self.rooms), "--settings", str(self.settings)]
        return ["train", "tiny", *data, "--out", str(out), *more]


def write_clips(folder, part, names):
    """Clips of noise in the layout of the stereo set: one event, a second long, in each."""
    rng = np.random.default_rng(3)
    for name in names:
        sound = folder / f"stereo_dev/{part}-sony/{name}.wav"
        labels = folder / f"metadata_dev/{part}-sony/{name}.csv"
        for path in (sound, labels):
            path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(sound, rng.normal(0, 0.05, (120_000, 2)), 24_000)
        rows = "".join(f"{frame},8,0,{int(rng.integers(-60, 60))},200,0\n" for frame in range(10))
        labels.write_text("frame,class,source,azimuth,distance,onscreen\n" + rows)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _log_as_it_was():
    """A command sends the log to the standard error of its test; the next test must not find it there."""
    log = logging.getLogger("whence")
    before = log.handlers, log.level, log.propagate
    yield
    log.handlers, level, log.propagate = before
    log.setLevel(level)


@pytest.fixture(scope="session")
def small_training(tmp_path_factory, _own_cache):
    return SmallTraining(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="session")
def finished_run(small_training, tmp_path_factory):
    """A run that was trained without interruption; tests only read it."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert main(small_training.words(run)) == 0
    return run


@pytest.fixture(scope="session")
def stereo_set(tmp_path_factory):
    """Six training clips of three recordings, four test clips of two."""
    folder = tmp_path_factory.mktemp("stereo_set")
    train = [f"fold3_room1_mix00{mix}_deg0{deg}0_start00{deg}0" for mix in range(3) for deg in range(2)]
    test = [f"fold4_room1_mix00{mix}_deg0{deg}0_start00{deg}0" for mix in range(2) for deg in range(2)]
    write_clips(folder, "dev-train", train)
    write_clips(folder, "dev-test", test)
    return folder


@pytest.fixture(scope="session")
def starss_folder(tmp_path_factory):
    """STARSS23 with three recordings to train on and one to test on, six to nine seconds long."""
    folder = tmp_path_factory.mktemp("starss23")
    rng = np.random.default_rng(4)
    for number, name in enumerate(
        ("fold3_room1_mix001", "fold3_room2_mix001", "fold3_room2_mix002", "fold4_room3_mix001")
    ):
        subset, seconds = f"dev-{'test' if name.startswith('fold4') else 'train'}-tau", 6 + number
        sound, labels = folder / f"foa_dev/{subset}/{name}.wav", folder / f"metadata_dev/{subset}/{name}.csv"
        for path in (sound, labels):
            path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(sound, rng.normal(0, 0.05, (24_000 * seconds, 4)), 24_000)
        labels.write_text("".join(f"{frame},8,0,{40 * number},0,200\n" for frame in range(10 * seconds)))
    return folder
