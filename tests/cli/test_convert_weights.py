"""`whence convert-weights` as users run it: the official checkpoint becomes a model that every command takes."""

import json

import numpy as np
import pytest
import soundfile
import torch

import whence
from whence.cli.main import main
from whence.features import build_features, logmel_settings
from whence.inference import PACKAGED
from whence.models import SeldNetSettings, build_model
from whence.models.dasheng import DashengEncoder, DashengSettings


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small baseline in the published layout, with the scores that the official code saves beside it."""
    torch.manual_seed(1)
    network = build_model(SeldNetSettings(filters=8, width=16)).eval()
    torch.nn.init.normal_(network.fnn_list[1].weight, std=1.0)
    path = tmp_path_factory.mktemp("official") / "best_model.pth"
    torch.save({"seld_model": network.state_dict(), "opt": {}, "epoch": 12, "best_f_score": np.float64(0.228)}, path)
    return path, network


@pytest.fixture(scope="module")
def model(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted") / "baseline"
    assert main(["convert-weights", str(checkpoint[0]), str(folder)]) == 0
    return folder


def test_what_is_active_is_what_the_official_rule_says(checkpoint, model):
    signal = np.random.default_rng(1).normal(0, 0.1, (2, 120_000)).astype(np.float32)
    with torch.inference_mode():
        raw = checkpoint[1](build_features(logmel_settings())(torch.from_numpy(signal[None])))
    x, y, _ = raw[0].reshape(50, 3, 3, 13).tanh().unbind(2)
    expected = {(frame, k) for frame, _, k in torch.nonzero((x**2 + y**2).sqrt() > 0.5).tolist()}
    events = whence.detect((signal, 24_000), model=model).frames
    assert {*zip(events.frame.tolist(), events.class_index.tolist(), strict=True)} == expected
    assert len(expected) > 100
    described = json.loads((model / "system.json").read_text())
    assert (described["members"], described["thresholds"]) == (["seld"], None)


def test_detect_predict_table_and_export_take_it(model, stereo_set, tmp_path, capsys):
    clips = stereo_set / "stereo_dev" / "dev-test-sony"
    assert main(["detect", str(clips), "--model", str(model), "--out", str(tmp_path / "detected")]) == 0
    assert main(["predict", str(model), str(clips), "--out", str(tmp_path / "predicted")]) == 0
    names = sorted(path.name for path in (tmp_path / "predicted").iterdir())
    assert len(names) == 4
    texts = [[(tmp_path / of / name).read_text() for name in names] for of in ("detected", "predicted")]
    assert texts[0] == texts[1]
    assert any(text.count("\n") > 1 for text in texts[0])
    capsys.readouterr()
    assert main(["table", str(model), "--data", str(stereo_set)]) == 0
    assert str(model) in capsys.readouterr().out
    assert main(["export", str(model), "--out", str(tmp_path / "model.onnx"), "--clips", "1"]) == 0


def test_tracks_limit_the_sources_of_a_class(model, stereo_set, tmp_path, capsys):
    clips = stereo_set / "stereo_dev" / "dev-test-sony"
    assert main(["predict", str(model), str(clips), "--tracks", "1", "--out", str(tmp_path / "one")]) == 0
    assert main(["predict", str(model), str(clips), "--out", str(tmp_path / "all")]) == 0
    for path in (tmp_path / "one").glob("*.csv"):
        one, every = (
            [tuple(row.split(",")[:2]) for row in (tmp_path / folder / path.name).read_text().split()[1:]]
            for folder in ("one", "all")
        )
        assert {*one} == {*every}
        assert len({*one}) == len(one) < len(every)
    assert main(["table", str(model), "--data", str(stereo_set), "--tracks", "1", "--swap"]) == 0
    assert (model / "predictions" / "dev-test-swap-tracks1").is_dir()
    assert main(["predict", str(PACKAGED), str(clips), "--tracks", "1", "--out", str(tmp_path / "no")]) == 2
    assert "one source of a class at a time" in capsys.readouterr().err


def test_an_encoder_is_no_model_and_leaves_nothing(tmp_path, capsys):
    encoder = DashengEncoder(DashengSettings(width=12, depth=1, heads=3, positions=10, overlap=2))
    torch.save({"model": encoder.state_dict(), "config": {"num_heads": 3}}, tmp_path / "dasheng.pt")
    assert main(["convert-weights", str(tmp_path / "dasheng.pt"), str(tmp_path / "model")]) == 2
    assert "name a .safetensors file to train from" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["dasheng.pt"]


def test_a_baseline_for_other_features_is_no_model(tmp_path, capsys):
    network = build_model(SeldNetSettings(input_maps=7, filters=8, width=16))
    torch.save({"seld_model": network.state_dict()}, tmp_path / "foa.pth")
    assert main(["convert-weights", str(tmp_path / "foa.pth"), str(tmp_path / "model")]) == 2
    assert "for other features or classes" in capsys.readouterr().err


def test_weights_alone_are_named_as_such_by_detect(checkpoint, tmp_path, capsys):
    assert main(["convert-weights", str(checkpoint[0]), str(tmp_path / "seld.safetensors")]) == 0
    soundfile.write(tmp_path / "x.wav", np.zeros((2_400, 2)), 24_000)
    assert main(["detect", str(tmp_path / "x.wav"), "--model", str(tmp_path / "seld.safetensors")]) == 2
    assert "weights alone" in capsys.readouterr().err
