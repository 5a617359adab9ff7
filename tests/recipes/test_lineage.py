"""Recipes of earlier systems in a tiny form, from training to every command that takes a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.cli.main import main
from whence.inference import Stream, load_run, read_system
from whence.labels import Events

SHORT = {"batch_clips": 4, "epoch_clips": 8, "epochs": 1}
CONFORMER = {"channels": [4, 4, 4, 4], "stem": 4, "squeeze": 4, "depth": 1, "conformer": {"width": 16, "heads": 2}}
COMPACT = {"channels": [4, 4, 4, 8], "width": 16, "heads": 2, "sequence": ["transformer"]}
TINY = {
    "resnet_conformer_2022": {"seld": {"model": CONFORMER}},
    "nercslip_2024_pair": {"direction": {"model": CONFORMER}, "distance": {"model": CONFORMER}},
    "hybrid_tracks": {"detector": {}, "localizer": {"model": COMPACT}},
    "xiaomi_2": {
        "detector": {"model": {"encoder": {"width": 16, "depth": 12, "heads": 2}}},
        "localizer": {"model": {"channels": [4, 4, 4, 4], "depth": 1, "conformer": {"width": 16, "heads": 2}}},
    },
}


def train(name, folder, small_training, networks, *words):
    """Train a recipe for a few steps, return the run."""
    networks = {network: {**SHORT, **change} for network, change in networks.items()}
    scenes = {"duration_s": 1.0, "event_duration_s": [0.3, 1.0]}
    settings = {"scenes": scenes, "validation_clips": 4, "precision": "float32", "networks": networks}
    (folder / "settings.json").write_text(json.dumps(settings))
    data = ["--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]
    words = ["train", name, *data, "--settings", str(folder / "settings.json"), *words, "--out", str(folder / "run")]
    assert main(words) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def runs(small_training, tmp_path_factory):
    """Each run is trained when it is first asked for."""
    found = {}

    def run_of(name):
        if name not in found:
            found[name] = train(name, tmp_path_factory.mktemp(name), small_training, TINY[name])
        return found[name]

    return run_of


@pytest.fixture
def sound(stereo_set):
    return next((stereo_set / "stereo_dev/dev-test-sony").iterdir())


@pytest.mark.parametrize("name", TINY)
def test_a_recipe_trains_and_its_run_detects(name, runs, sound, capsys):
    run = runs(name)
    capsys.readouterr()
    assert main(["detect", str(sound), "--model", str(run), "--threshold", "0"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert len(rows) > 10


@pytest.mark.parametrize("name", ["nercslip_2024_pair", "hybrid_tracks"])
def test_a_joined_run_works_in_every_command(name, runs, small_training, stereo_set, tmp_path, capsys):
    run, predictions = runs(name), tmp_path / "predictions"
    clips, scenes = stereo_set / "stereo_dev/dev-test-sony", ["--scenes", str(small_training.sounds)]
    assert main(["tune", str(run), *scenes, "--rooms", str(small_training.rooms)]) == 0
    assert len(read_system(run).thresholds) == 13
    # The command compares the file with the run, on clips and on a stream.
    assert main(["export", str(run), "--out", str(tmp_path / "model.onnx"), "--clips", "2"]) == 0
    assert main(["predict", str(run), str(clips), "--out", str(predictions)]) == 0
    capsys.readouterr()
    assert main(["table", str(run), str(predictions), "--data", str(stereo_set)]) == 0
    assert str(run) in capsys.readouterr().out


def test_a_coding_chosen_on_the_command_line_trains_and_detects(small_training, sound, tmp_path, capsys):
    run = tmp_path / "run"
    words = ["networks.localizer.output.name=tracks", "networks.localizer.epochs=1", "networks.detector.epochs=1"]
    assert main(small_training.words(run, *(part for word in words for part in ("--settings", word)))) == 0
    assert json.loads((run / "recipe.json").read_text())["networks"]["localizer"]["output"]["name"] == "tracks"
    capsys.readouterr()
    assert main(["detect", str(sound), "--model", str(run), "--threshold", "0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 10


def noise(seconds):
    """A batch of one clip."""
    return np.random.default_rng(1).normal(0, 0.1, (1, 2, round(24_000 * seconds))).astype(np.float32)


def test_the_pair_has_directions_of_one_and_distances_of_the_other(runs):
    system = load_run(runs("nercslip_2024_pair"), device="cpu")
    direction, distance = system.networks.predict(noise(5))
    joined = replace(system, activity="mean", smoothing_frames=1).values(noise(5))
    assert np.isnan(direction[:, :, 2]).all()
    assert np.isnan(distance[:, :, 1]).all()
    np.testing.assert_allclose(joined[:, :, 0], (direction[:, :, 0] + distance[:, :, 0]) / 2)
    np.testing.assert_array_equal(joined[:, :, 1], direction[:, :, 1])
    np.testing.assert_array_equal(joined[:, :, 2], distance[:, :, 2])


def test_tracks_stream_and_a_class_has_two_sources_where_two_tracks_are_apart(runs):
    system = load_run(runs("hybrid_tracks"), device="cpu").with_thresholds(0.0)
    localizer = system.networks.bundles[1].network
    # The second track of each class is also present, and on the other side.
    with torch.no_grad():
        bias = localizer.output_layer.bias.view(2, 3, 13)
        bias[:, 0], bias[0, 1], bias[1, 1] = 20.0, 5.0, -5.0
    events = system.detect(noise(3)[0])
    assert set(events.source.tolist()) == {0, 1}
    assert (events.azimuth_deg[events.source == 0] > 0).all()
    assert (events.azimuth_deg[events.source == 1] < 0).all()
    stream = Stream(system, latency="low")
    low = Events.concatenate([stream.feed(noise(3)[0]), stream.finish()])
    assert low.row_count == events.row_count == 30 * 13 * 2
