"""`whence train` on recorded data: clips, STARSS23 itself, scenes beside them; settings without effect are refused."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import soundfile

from whence import training
from whence.cli import recorded_data
from whence.cli.main import main
from whence.labels import STARSS23
from whence.models.weights import load_weights
from whence.recipes import recipe_named

# The report's networks, of a few thousand weights.
SMALL_REPORT = {
    "validation_clips": 2,
    "precision": "float32",
    "networks": {
        "detector": {
            "frozen_encoder": [],
            "model": {"encoder": {"width": 16, "depth": 1, "heads": 2}, "hidden": [8, 8]},
        },
        "localizer": {"model": {"channels": [4, 4, 4, 4], "depth": 1, "conformer": {"width": 16, "heads": 2}}},
    },
}
for network in SMALL_REPORT["networks"].values():
    network |= {"batch_clips": 4, "epoch_clips": 8, "epochs": 1}
SMALL_TINY = {
    "validation_clips": 4,
    "networks": {name: {"batch_clips": 4, "epoch_clips": 8, "epochs": 2} for name in ("detector", "localizer")},
}


@pytest.fixture
def settings(tmp_path):
    """Files of settings that fit clips of five seconds."""
    for name, content in (("report", SMALL_REPORT), ("tiny", SMALL_TINY)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return {name: ["--settings", str(tmp_path / f"{name}.json")] for name in ("report", "tiny")}


def weights_of(run):
    """The numbers of every network by its name."""
    found = {}
    for path in sorted(run.rglob("weights.safetensors")):
        found[path.parent.name] = {name: value.numpy().tobytes() for name, value in load_weights(path).tensors.items()}
    return found


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def both(stereo_set, small_training):
    return ["--data", str(stereo_set), "--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]


def test_a_recipe_is_trained_on_recorded_clips_and_scenes_at_once(both, settings, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "xiaomi_1", *both, *settings["report"], "--out", str(run)]) == 0
    assert set(weights_of(run)) == {"detector", "localizer"}
    recipe = json.loads((run / "recipe.json").read_text())
    assert [recipe["networks"][name]["real_share"] for name in ("detector", "localizer")] == [0.0, 0.5]
    err = capsys.readouterr().err
    assert "detector: trained on scenes" in err
    assert "localizer: 50 % recorded clips, the rest scenes" in err


def test_each_share_is_another_training(both, settings, tmp_path):
    """0 is scenes alone and 1 recorded clips alone, to the bit; a half is neither."""
    found = {}
    for share in ("0", "0.5"):
        words = [f"networks.{name}.real_share={share}" for name in ("detector", "localizer")]
        changes = [part for word in words for part in ("--settings", word)]
        run = tmp_path / f"run{share}"
        assert main(["train", "tiny", *both, *settings["tiny"], *changes, "--out", str(run)]) == 0
        found[share] = weights_of(run)
    assert main(["train", "tiny", *both[:2], *settings["tiny"], "--out", str(tmp_path / "real")]) == 0
    assert len({str(sorted(weights.items())) for weights in (*found.values(), weights_of(tmp_path / "real"))}) == 3


def test_a_stopped_mixed_training_ends_at_equal_weights(both, starss_folder, settings, tmp_path):
    data = ["--data", str(starss_folder), *both[2:]]
    words = ["train", "tiny", *data, *settings["tiny"], "--settings", "augment_real=true", "--out"]
    assert main([*words, str(tmp_path / "whole")]) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "whence", *words, str(tmp_path / "run")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while "detector: epoch 1/2" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert main([*words, str(tmp_path / "run")]) == 0
    assert weights_of(tmp_path / "run") == weights_of(tmp_path / "whole")


def test_submissions_3_and_4_differ_on_recorded_clips_too(stereo_set, settings, tmp_path):
    found = {}
    for name in ("xiaomi_3", "xiaomi_4"):
        words = ["--data", str(stereo_set), *settings["report"], "--out", str(tmp_path / name)]
        assert main(["train", name, *words]) == 0
        found[name] = weights_of(tmp_path / name)
    for network in ("detector", "localizer"):
        assert found["xiaomi_3"][network] != found["xiaomi_4"][network]


def test_submission_4_mixes_recorded_clips_by_itself(stereo_set):
    drawn = {}
    for name in ("xiaomi_3", "xiaomi_4"):
        data, _ = recorded_data.gather_recorded(stereo_set, recipe_named(name), STARSS23)
        drawn[name] = [example.name for example in data.examples(range(40))]
    assert not any(" + " in name for name in drawn["xiaomi_3"])
    assert 4 < sum(" + " in name for name in drawn["xiaomi_4"]) < 24


def test_recordings_themselves_are_data(starss_folder, settings, tmp_path, capsys):
    run = tmp_path / "run"
    words = ["--data", str(starss_folder), *settings["tiny"]]
    assert main(["train", "tiny", *words, "--out", str(run)]) == 0
    assert "any five seconds of 2 recordings at any viewing angle; held out: 1" in capsys.readouterr().err
    assert main(["tune", str(run), "--data", str(starss_folder)]) == 0
    assert "now: " in capsys.readouterr().err


def test_a_recording_that_is_too_short_is_named_before_anything_starts(starss_folder, tmp_path, capsys):
    folder = tmp_path / "short"
    shutil.copytree(starss_folder, folder)
    for path in (folder / "foa_dev").rglob("fold3*.wav"):
        samples, rate = soundfile.read(path)
        soundfile.write(path, samples[: 4 * rate], rate)
    assert main(["train", "tiny", "--data", str(folder), "--out", str(tmp_path / "run")]) == 2
    assert "shorter than the five seconds of a clip; move it and its labels away" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_windows_for_training_and_validation_are_of_different_recordings(starss_folder):
    data, held_out = recorded_data.gather_recorded(starss_folder, recipe_named("tiny"), STARSS23)
    trained = {example.name.rsplit("_", 2)[0] for example in data.examples(range(40))}
    validated = {name.rsplit("_", 2)[0] for name in held_out.names}
    assert (len(trained), len(validated)) == (2, 1)
    assert not trained & validated
    assert not any(name.startswith("fold4") for name in trained | validated)


def test_the_published_clips_come_before_recordings(starss_folder, stereo_set, tmp_path):
    shutil.copytree(starss_folder / "foa_dev", tmp_path / "both" / "foa_dev")
    shutil.copytree(stereo_set, tmp_path / "both", dirs_exist_ok=True)
    data, _ = recorded_data.gather_recorded(tmp_path / "both", recipe_named("tiny"), STARSS23)
    assert isinstance(data, training.ClipData)


def add_clip(folder, subset, name):
    """A copy of some clip."""
    sound, labels = folder / f"stereo_dev/{subset}/{name}.wav", folder / f"metadata_dev/{subset}/{name}.csv"
    for path in (sound, labels):
        path.parent.mkdir(parents=True, exist_ok=True)
    samples, rate = soundfile.read(next((folder / "stereo_dev").rglob("fold[34]*.wav")))
    soundfile.write(sound, samples, rate)
    shutil.copy(next((folder / "metadata_dev").rglob("fold[34]*.csv")), labels)


@pytest.mark.parametrize("more", [(), ("dev-val-synth",), ("dev-val-sony",)])
def test_synthetic_clips_are_trained_on_and_never_validated_on(more, stereo_set, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(stereo_set, folder)
    for number in range(20):
        add_clip(folder, "dev-train-synth", f"fold1_room1_mix{number:03d}_deg000_start0000")
        add_clip(folder, "dev-train-sony", f"fold1_room2_mix{number:03d}_deg000_start0000")
        add_clip(folder, "dev-test-synth", f"synth{number:03d}")
    for subset in more:
        add_clip(folder, subset, "fold3_room9_mix001_deg000_start0000")
        add_clip(folder, "dev-val-synth", "fold1_room9_mix002_deg000_start0000")
    recipe = training.with_overrides(recipe_named("tiny"), {"protocol": "paper"})
    data, held_out = recorded_data.gather_recorded(folder, recipe, STARSS23)
    trained = {clip.name for clip in data.clips.clips}
    assert all(name.startswith("fold3") for name in held_out.names)
    assert sum(name.startswith("fold1") for name in trained) == 40
    assert {name.rsplit("_", 2)[0] for name in trained}.isdisjoint(name.rsplit("_", 2)[0] for name in held_out.names)
    tested = recorded_data.gather_test_clips(folder, recipe, STARSS23)
    assert {clip.fold for clip in tested.clips.clips} == {4}


def test_a_set_of_synthetic_clips_alone_is_validated_on_its_own(stereo_set, tmp_path):
    for number in range(4):
        add_clip_from(stereo_set, tmp_path, "dev-train-synth", f"scene{number}")
    add_clip_from(stereo_set, tmp_path, "dev-val-synth", "scene9")
    _, held_out = recorded_data.gather_recorded(tmp_path, recipe_named("tiny"), STARSS23)
    assert list(held_out.names) == ["scene9"]


def add_clip_from(source, folder, subset, name):
    """A copy of a clip of another set."""
    for kind, ending in (("stereo_dev", "wav"), ("metadata_dev", "csv")):
        path = folder / kind / subset / f"{name}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(next((source / kind).rglob(f"fold3*.{ending}")), path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "scenes.gap_s=[0,1]"), "recipe.scenes.gap_s has no effect without --scenes: recorded clips are as"),
        (("--data", "scenes.time_mask.probability=1"), "with --settings augment_real=true it also augments"),
        (("--data", "networks.detector.real_share=0.5"), "real_share has no effect with one kind of data"),
        (("--scenes", "networks.detector.real_share=0.5"), "real_share has no effect with one kind of data"),
        (("--scenes", "augment_real=true"), "recipe.augment_real has no effect without --data"),
        (("--both", "networks.detector.real_share=1.5"), "detector.real_share is 1.5; it must be from 0 to 1"),
        (("--both", "networks.detector.real_share=-1"), "detector.real_share is -1.0; it must be from 0 to 1"),
        (("--both", '{"networks": {"detector": {"real_share": 1}, "localizer": {"real_share": 1}}}'),
         "--scenes has no effect: real_share is 1"),
        (("--both", "scenes.duration_s=1"), "recipe.scenes.duration_s is 1.0; beside recorded clips of 5 s"),
    ],
)  # fmt: skip
def test_settings_without_effect_end_with_2_and_nothing_is_started(words, sentence, both, tmp_path, capsys):
    data, change = words
    if change.startswith("{"):
        (tmp_path / "change.json").write_text(change)
        change = str(tmp_path / "change.json")
    chosen = {"--data": both[:2], "--scenes": both[2:], "--both": both}[data]
    assert main(["train", "tiny", *chosen, "--settings", change, "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_augmentation_of_recorded_clips_can_be_set(stereo_set, settings, tmp_path):
    words = ["--data", str(stereo_set), *settings["tiny"], "--settings", "augment_real=true"]
    words += ["--settings", "scenes.time_mask.probability=1", "--out", str(tmp_path / "run")]
    assert main(["train", "tiny", *words]) == 0
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["augment_real"] is True


def test_the_paper_protocol_wants_published_clips(starss_folder, tmp_path, capsys):
    words = ["--data", str(starss_folder), "--settings", "protocol=paper", "--out", str(tmp_path / "run")]
    assert main(["train", "tiny", *words]) == 2
    assert f"first: whence convert {starss_folder} --out dcase2025/" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_paper_protocol_chooses_on_test_clips_beside_scenes(both, settings, tmp_path):
    run = tmp_path / "run"
    words = [*both, *settings["tiny"], "--settings", "protocol=paper", "--out", str(run)]
    assert main(["train", "tiny", *words]) == 0
    assert all("test clips" in line["protocol"] for line in lines_of(run))
