"""Checkpoints of other projects: converted name by name, reported, and never run."""

import pickle

import numpy as np
import pytest
import torch
from pickle_bomb import Bomb

from whence.errors import ModelError
from whence.features import dasheng_mel_settings, mel_filterbank
from whence.models import convert
from whence.models.convert import CONVERTERS, convert_weights, read_checkpoint
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.seldnet import SeldNet, SeldNetSettings
from whence.models.weights import load_network, load_weights
from whence.models.yamnet import YamnetEncoder, YamnetSettings, published_name

SMALL_SELDNET = SeldNetSettings(filters=8, width=16)


def seldnet_file(path, settings=SMALL_SELDNET, **changes):
    """What the official training script saves: weights, optimizer, epoch, and scores as NumPy numbers."""
    torch.manual_seed(1)
    net = SeldNet(settings)
    net(torch.randn(2, 2, 26, 64))
    net.eval()
    adam = {"step": torch.tensor(3.0), "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2)}
    group = {"lr": 1e-3, "betas": (0.9, 0.999), "foreach": None, "params": [0]}
    held = {
        "seld_model": {**net.state_dict(), **changes},
        "opt": {"state": {0: adam}, "param_groups": [group]},
        "epoch": 12,
        "best_f_score": np.float64(0.228),
        "best_ang_err": np.float32(24.5),
        "best_rel_dist_err": np.mean([0.41]),
    }
    torch.save(held, path)
    return net


def dasheng_file(path, as_in="base", tag_count=0, **changes):
    """A Dasheng file of small width in the published layout, front end included."""
    torch.manual_seed(2)
    settings = DashengSettings(width=12, depth=2, heads=3, positions=10, overlap=2, tag_count=tag_count)
    encoder = DashengEncoder(settings).eval()
    front_end = {
        "front_end.0.spectrogram.window": torch.hann_window(512),
        "front_end.0.mel_scale.fb": torch.from_numpy(mel_filterbank(dasheng_mel_settings()).T.copy()),
    }
    entries = {**front_end, **encoder.state_dict(), **changes}
    config = {"embed_dim": 12, "depth": 2, "num_heads": 3, "patch_size": [64, 4], "target_length": 40}
    torch.save({"model": entries, "config": config} if as_in == "base" else entries, path)
    return encoder


def test_the_official_baseline_is_taken_with_its_sizes_and_coding(tmp_path):
    net = seldnet_file(tmp_path / "best_model.pth")
    converted = convert_weights(tmp_path / "best_model.pth", tmp_path / "s.safetensors")
    found, description = load_network(tmp_path / "s.safetensors")
    assert found.settings == net.settings
    assert description["output"]["name"] == "multi_accdoa"
    assert description["converted_from"] == "best_model.pth"
    assert converted.left_out == ()
    maps = torch.randn(1, 2, 51, 64)
    assert torch.equal(found(maps), net(maps))


def test_a_bare_state_dict_and_single_accdoa_are_taken_too(tmp_path):
    settings = SeldNetSettings(filters=8, width=16, output_size=39)
    torch.save(SeldNet(settings).state_dict(), tmp_path / "x.pth")
    convert_weights(tmp_path / "x.pth", tmp_path / "x.safetensors", "seldnet")
    assert load_network(tmp_path / "x.safetensors")[1]["output"]["name"] == "accdoa"


def test_dasheng_is_taken_and_its_front_end_left_out_by_name(tmp_path):
    encoder = dasheng_file(tmp_path / "dasheng_base.pt")
    converted = convert_weights(tmp_path / "dasheng_base.pt", tmp_path / "d.safetensors")
    assert converted.left_out == ("front_end.0.spectrogram.window", "front_end.0.mel_scale.fb")
    assert "left out 2: front_end.0.spectrogram.window" in converted.report()
    weights = load_weights(tmp_path / "d.safetensors")
    encoder_settings = weights.description["encoder"]
    assert {key: encoder_settings[key] for key in ("name", "width", "depth", "heads", "positions")} == {
        **{"name": "dasheng", "width": 12, "depth": 2, "heads": 3},
        "positions": 10,
    }
    assert all(torch.equal(weights.tensors[name], tensor) for name, tensor in encoder.state_dict().items())


def test_the_tuned_dasheng_keeps_its_tagging_head(tmp_path):
    dasheng_file(tmp_path / "tuned.pt", tag_count=7)
    converted = convert_weights(tmp_path / "tuned.pt", tmp_path / "t.safetensors")
    assert converted.description["encoder"]["tag_count"] == 7
    assert "outputlayer.1.weight" in converted.tensors


def test_a_flat_dasheng_of_unknown_width_must_say_its_heads(tmp_path):
    dasheng_file(tmp_path / "flat.pt", as_in="flat")
    with pytest.raises(ModelError, match="width 12 without num_heads"):
        convert_weights(tmp_path / "flat.pt", tmp_path / "f.safetensors")


def test_a_dasheng_with_another_front_end_is_refused(tmp_path):
    dasheng_file(tmp_path / "d.pt", **{"front_end.0.mel_scale.fb": torch.rand(257, 64)})
    with pytest.raises(ModelError, match="its mel filterbank is not the one"):
        convert_weights(tmp_path / "d.pt", tmp_path / "d.safetensors")


def test_yamnet_is_taken_under_its_published_names(tmp_path):
    torch.manual_seed(4)
    encoder = YamnetEncoder(YamnetSettings(tag_count=6))
    arrays = {published_name(name): tensor.numpy() for name, tensor in encoder.state_dict().items()}
    np.savez(tmp_path / "y.npz", **arrays, surplus=np.zeros(2))
    converted = convert_weights(tmp_path / "y.npz", tmp_path / "y.safetensors")
    assert converted.left_out == ("surplus",)
    tensors = load_weights(tmp_path / "y.safetensors").tensors
    assert all(torch.equal(tensors[name], tensor) for name, tensor in encoder.state_dict().items())


def test_what_is_missing_or_misshapen_stops_the_conversion(tmp_path):
    seldnet_file(tmp_path / "x.pth", **{"fnn_list.0.bias": torch.ones(3)})
    with pytest.raises(ModelError, match=r"has another shape for 1 entries: fnn_list\.0\.bias"):
        convert_weights(tmp_path / "x.pth", tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()
    held = SeldNet(SeldNetSettings(filters=8, width=16)).state_dict()
    del held["layer_norms.1.weight"], held["layer_norms.1.bias"]
    torch.save({"seld_model": held}, tmp_path / "y.pth")
    with pytest.raises(ModelError, match=r"lacks 2 entries: layer_norms\.1\.weight, layer_norms\.1\.bias"):
        convert_weights(tmp_path / "y.pth", tmp_path / "y.safetensors")


def test_unknown_checkpoints_are_refused_by_kind(tmp_path):
    seldnet_file(tmp_path / "av.pth", **{"visual_embed_to_d_model.weight": torch.ones(2)})
    with pytest.raises(ModelError, match="only the audio-only one is known"):
        convert_weights(tmp_path / "av.pth", tmp_path / "x.safetensors")
    torch.save({"layer.weight": torch.ones(2)}, tmp_path / "unknown.pt")
    with pytest.raises(
        ModelError, match="an unknown kind of checkpoint; there are: seldnet, dasheng, yamnet, efficientat"
    ):
        convert_weights(tmp_path / "unknown.pt", tmp_path / "x.safetensors")
    for kind, sentence in (
        ("seldnet", "not the official baseline"),
        ("dasheng", "not a Dasheng encoder"),
        ("yamnet", "lacks"),
    ):
        with pytest.raises(ModelError, match=sentence):
            convert_weights(tmp_path / "unknown.pt", tmp_path / "x.safetensors", kind)
    with pytest.raises(ModelError, match="no kind of checkpoint 'seldnett'; did you mean seldnet"):
        convert_weights(tmp_path / "unknown.pt", tmp_path / "x.safetensors", "seldnett")
    assert set(CONVERTERS) == {"seldnet", "dasheng", "yamnet", "efficientat"}


@pytest.mark.parametrize("way", ["torch", "plain pickle", "hidden in the scores"])
def test_a_pickle_bomb_is_refused_and_does_not_go_off(tmp_path, way):
    target, path = tmp_path / "touched", tmp_path / "bomb.pth"
    if way == "plain pickle":
        path.write_bytes(pickle.dumps({"seld_model": Bomb(target)}))
    else:
        held = {"seld_model": SeldNet(SeldNetSettings(filters=8, width=16)).state_dict()}
        torch.save({**held, "best_f_score": Bomb(target)} if way != "torch" else Bomb(target), path)
    with pytest.raises(ModelError, match="refused: damaged, or it holds more than tensors and numbers"):
        convert_weights(path, tmp_path / "x.safetensors")
    assert not target.exists()
    assert not (tmp_path / "x.safetensors").exists()
    # The bomb is a real one: the unrestricted reader would have set it off.
    if way == "plain pickle":
        pickle.loads(path.read_bytes())
        assert target.exists()


def test_an_object_array_is_refused(tmp_path):
    target = tmp_path / "touched"
    np.savez(tmp_path / "y.npz", block14=np.array([Bomb(target)], dtype=object))
    with pytest.raises(ModelError, match="refused: not an archive of number arrays"):
        read_checkpoint(tmp_path / "y.npz")
    assert not target.exists()


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "y.npz", block14=np.zeros(1 << 20, np.uint8), more=np.zeros(1 << 20, np.uint8))
    assert (tmp_path / "y.npz").stat().st_size < 1 << 13
    assert convert._MOST_ARRAY_BYTES == 1 << 28
    monkeypatch.setattr(convert, "_MOST_ARRAY_BYTES", 1 << 21)
    with pytest.raises(ModelError, match=r"refused: unpacks to 2,097,.* bytes; at most 2,097,152 are read"):
        read_checkpoint(tmp_path / "y.npz")


def test_a_bare_array_under_an_archive_name_is_refused(tmp_path):
    with (tmp_path / "y.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ModelError, match="not an archive of number arrays"):
        read_checkpoint(tmp_path / "y.npz")


@pytest.mark.parametrize("name", ["x.pth", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 no archive", bytes(range(256)) * 40])
def test_garbage_is_refused_in_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: refused"):
        read_checkpoint(tmp_path / name)


def test_mutated_checkpoints_raise_nothing_else(tmp_path):
    seldnet_file(tmp_path / "good.pth")
    whole = (tmp_path / "good.pth").read_bytes()
    rng = np.random.default_rng([1, 0, 0])
    outcomes = set()
    for _ in range(60):
        broken = bytearray(whole)
        for position in rng.integers(0, len(whole), 40):
            broken[position] = rng.integers(256)
        (tmp_path / "bad.pth").write_bytes(broken[: rng.integers(1, len(whole) + 1)] if rng.random() < 0.3 else broken)
        try:
            convert_weights(tmp_path / "bad.pth", tmp_path / "out.safetensors")
            outcomes.add("read")
        except ModelError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_missing_files_folders_and_bare_tensors_are_refused(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        read_checkpoint(tmp_path / "x.pth")
    with pytest.raises(ModelError, match="not a regular file"):
        read_checkpoint(tmp_path)
    torch.save(torch.ones(3), tmp_path / "t.pth")
    with pytest.raises(ModelError, match="holds Tensor, not named tensors"):
        read_checkpoint(tmp_path / "t.pth")
