"""`whence train` and `whence predict` as a user types them: stopped, continued, with wrong arguments."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from whence.cli.main import main
from whence.inference import load_run
from whence.labels import read_dcase
from whence.models.weights import load_weights


def weights_of(run):
    """Every number of every network, and the descriptions of the files."""
    found = {}
    for path in sorted(run.rglob("weights.safetensors")):
        weights = load_weights(path)
        numbers = {name: tensor.numpy().tobytes() for name, tensor in weights.tensors.items()}
        found[str(path.relative_to(run))] = (numbers, weights.description)
    return found


def test_a_run_is_trained_and_names_the_next_command(finished_run, small_training, capsys):
    assert main(small_training.words(finished_run)) == 0  # nothing is left to do
    assert "whence predict" in capsys.readouterr().err
    assert list(weights_of(finished_run)) == ["detector/weights.safetensors", "localizer/weights.safetensors"]
    system = load_run(finished_run)
    assert len(system.thresholds) == 13
    lines = [json.loads(line) for line in (finished_run / "metrics.jsonl").read_text().splitlines()]
    assert [(line["network"], line["epoch"]) for line in lines] == [
        *(("detector", 1), ("detector", 2)),
        *(("localizer", 1), ("localizer", 2)),
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_saves_and_the_same_command_ends_at_equal_weights(
    number, code, small_training, finished_run, tmp_path, capsys
):
    run = tmp_path / "run"
    words = [sys.executable, "-m", "whence", *small_training.words(run)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while "detector: epoch 1/2" not in process.stderr.readline():
        assert process.poll() is None
    # To the whole group, as a terminal and a cluster do: the processes that prepare batches must ignore it.
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "saved at step" in err
    assert "the same command continues" in err
    assert "Traceback" not in err
    assert main(small_training.words(run)) == 0
    assert "resuming at step" in capsys.readouterr().err
    assert weights_of(run) == weights_of(finished_run)
    assert (run / "system.json").read_bytes() == (finished_run / "system.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"networks": {"detector": {"epocs": 1}}},
            "recipe.networks.detector.epocs is not a field; did you mean epochs?",
        ),
        ({"networks": {"detektor": {}}}, "recipe.networks.detektor is not a field; did you mean detector?"),
        ({"sed": 3}, "recipe.sed is not a field; did you mean seed?"),
        ({"networks": {"detector": {"epochs": 0}}}, "detector.epochs is 0; it must be at least 1"),
        ({"networks": {"detector": {"epochs": "many"}}}, "recipe.networks.detector.epochs is 'many'"),
        ({"networks": {"detector": {"optimizer": {"peak_rate": -1}}}}, "optimizer.peak_rate is -1.0"),
        ({"scenes": {"gain": {"level_db": 1}}}, "level_db is not a field; did you mean level_dbfs?"),
        ({"networks": {"detector": {"model": {"output_size": 7}}}}, "output_size is 7; it must be 13"),
        (
            {"networks": {"detector": {"output": {"class_count": 7}}}},
            "recipe.networks.detector has 7 classes, the class list 13",
        ),
        ({"networks": {"localizer": {"output": {"name": "track"}}}}, "no output 'track'; did you mean tracks?"),
        ({"networks": {"localizer": {"output": {"name": "accdoa"}}}}, "only networks of the classwise coding can be"),
        ({"networks": {"localizer": {"output": {"name": "tracks", "size": 1}}}}, "output tracks.size is not a field"),
        ({"networks": {"localizer": {"model": {"output_size": 7}, "output": {"name": "tracks"}}}}, "must be 78"),
        ({"networks": {"localizer": {"model": 7, "output": {"name": "tracks"}}}}, "localizer.model is 7"),
        ({"networks": 3}, "recipe.networks is 3"),
    ],
)
def test_settings_that_cannot_be_are_named_and_nothing_is_started(change, sentence, small_training, tmp_path, capsys):
    small_training_file = tmp_path / "wrong.json"
    small_training_file.write_text(json.dumps(change))
    words = [*small_training.words(tmp_path / "run"), "--settings", str(small_training_file)]
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sentence in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["train", "whence_smal", "--scenes", "x", "--out", "{run}"],
            "no recipe 'whence_smal'; did you mean whence_small?",
        ),
        (["train", "tiny", "--out", "{run}"], "name the training data"),
        (
            ["train", "tiny", "--scenes", "procedural", "--where", "a=b", "--out", "{run}"],
            "--where chooses from a CSV list of sounds",
        ),
        (
            ["train", "tiny", "--data", "{tmp}", "--rooms", "r", "--out", "{run}"],
            "--rooms and --where belong to --scenes",
        ),
        (["train", "tiny", "--data", "{tmp}/nowhere", "--out", "{run}"], "nowhere"),
        (["train", "tiny", "--scenes", "{tmp}/nowhere", "--out", "{run}"], "no such folder or list of sounds"),
        (["train", "tiny", "--scenes", "x", "--encoder", "detector", "--out", "{run}"], "--encoder 'detector': write"),
        (["train", "tiny", "--scenes", "x", "--encoder", "detector=no.safetensors", "--out", "{run}"], "no such file"),
        (["train", "tiny", "--scenes", "x"], "--out"),
        (["train", "tiny", "--scenes", "x", "--out", "{run}", "--epochs", "3"], "--epochs"),
    ],
)
def test_wrong_words_end_with_2_and_nothing_is_started(words, sentence, tmp_path, capsys):
    assert main([word.format(run=tmp_path / "run", tmp=tmp_path) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_an_encoder_that_could_run_code_is_refused(small_training, tmp_path, capsys):
    (tmp_path / "theirs.pt").write_bytes(b"\x80\x02cos\nsystem\n")
    words = small_training.words(tmp_path / "run", "--encoder", f"detector={tmp_path / 'theirs.pt'}")
    assert main(words) == 2
    assert "first: whence convert-weights" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_continued_with_another_recipe(finished_run, small_training, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**json.loads(small_training.settings.read_text()), "seed": 2}))
    before = weights_of(finished_run)
    assert main([*small_training.words(finished_run), "--settings", str(other)]) == 2
    assert "holds a run of another recipe (seed was 1, is 2)" in capsys.readouterr().err
    assert weights_of(finished_run) == before


def test_own_classes_change_the_size_of_the_networks(small_training, tmp_path):
    classes = tmp_path / "classes.txt"
    classes.write_text("bell\nmusic\n")
    assert main(small_training.words(tmp_path / "run", "--classes", str(classes))) == 0
    assert len(load_run(tmp_path / "run").thresholds) == 2


def test_predict_handles_every_sound_and_names_unreadable_ones(finished_run, tmp_path, capsys):
    sounds = tmp_path / "sounds"
    (sounds / "inner").mkdir(parents=True)
    noise = np.random.default_rng(2).normal(0, 0.1, (48_000, 2))
    soundfile.write(sounds / "a.wav", noise, 24_000)
    soundfile.write(sounds / "inner" / "b.flac", noise, 24_000)
    assert main(["predict", str(finished_run), str(sounds), "--out", str(tmp_path / "csv"), "--swap"]) == 0
    # Results have the tree of the folder, so that equal names in two folders do not collide.
    found = {str(path.relative_to(tmp_path / "csv")) for path in (tmp_path / "csv").rglob("*.csv")}
    assert found == {"a.csv", "inner/b.csv"}
    assert read_dcase(tmp_path / "csv" / "a.csv").frame.max(initial=0) < 20
    (sounds / "c.wav").write_bytes(b"RIFF no more")
    capsys.readouterr()
    assert main(["predict", str(finished_run), str(sounds), "--out", str(tmp_path / "csv")]) == 1
    err = capsys.readouterr().err
    assert "c.wav" in err
    assert err.splitlines()[-1].startswith("2 of 3 clips predicted")


def test_predict_refuses_what_is_not_a_run_or_a_sound(finished_run, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    out = ["--out", str(tmp_path / "csv")]
    assert main(["predict", str(finished_run), str(tmp_path / "empty"), *out]) == 2
    assert "no sounds in here" in capsys.readouterr().err
    soundfile.write(tmp_path / "empty" / "a.wav", np.zeros((2_400, 2)), 24_000)
    soundfile.write(tmp_path / "empty" / "a.flac", np.zeros((2_400, 2)), 24_000)
    assert main(["predict", str(finished_run), str(tmp_path / "empty"), *out]) == 2
    assert "would both become a.csv" in capsys.readouterr().err
    assert main(["predict", str(tmp_path), str(tmp_path / "empty" / "a.wav"), *out]) == 2
    assert "not the folder of a run (system.json is missing)" in capsys.readouterr().err
    assert not (tmp_path / "csv").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"members": ["../../elsewhere"]}, "network '../../elsewhere': its name must be a plain word"),
        ({"members": []}, "members is empty"),
        ({"activity": "both"}, "activity is 'both'"),
        ({"smoothing_frames": 2}, "smoothing_frames is 2"),
        ({"threshold": [1]}, "did you mean thresholds"),
    ],
)
def test_a_run_from_a_stranger_is_read_strictly(change, sentence, finished_run, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    system = json.loads((run / "system.json").read_text())
    (run / "system.json").write_text(json.dumps({**system, **change}))
    soundfile.write(tmp_path / "a.wav", np.zeros((2_400, 2)), 24_000)
    assert main(["predict", str(run), str(tmp_path / "a.wav"), "--out", str(tmp_path / "csv")]) == 2
    assert sentence in capsys.readouterr().err
