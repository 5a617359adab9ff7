"""Weights on disk: what is written comes back; damaged, unsafe and newer files are refused in one sentence."""

import json
import pickle
import resource
import struct
import zipfile

import pytest
import torch
from pickle_bomb import Bomb

import whence
from whence.errors import ModelError
from whence.models.compact_detector import CompactDetectorSettings
from whence.models.compact_localizer import CompactLocalizerSettings
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.dasheng_detector import DashengDetectorSettings
from whence.models.registry import ENCODERS, build_model, model_to_plain
from whence.models.weights import fill, load_initial_weights, load_network, load_weights, save_weights
from whence.models.yamnet import YamnetEncoder, YamnetSettings
from whence.settings import named_to_plain

TINY = CompactLocalizerSettings(channels=(4, 4, 4, 4), width=16, heads=2)


def network():
    torch.manual_seed(1)
    net = build_model(TINY)
    net(torch.randn(2, 4, 26, 64))
    return net.eval()


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "net.safetensors"
    net = network()
    save_weights(path, net.state_dict(), {"model": model_to_plain(TINY), "thresholds": [0.5, 0.25]})
    return path, net


def test_a_network_comes_back_bit_for_bit(saved):
    path, net = saved
    found, description = load_network(path)
    assert description["thresholds"] == [0.5, 0.25]
    assert (description["format"], description["version"]) == (1, whence.__version__)
    assert found.settings == TINY
    assert not found.training
    maps = torch.randn(1, 4, 26, 64)
    assert torch.equal(found(maps), net(maps))


def test_types_and_odd_layouts_are_kept(tmp_path):
    tensors = {
        "half": torch.randn(3).half(),
        "bf16": torch.randn(2, 2).bfloat16(),
        "count": torch.tensor(7),
        "turned": torch.randn(3, 4).T,
        "empty": torch.zeros(0, 3),
    }
    save_weights(tmp_path / "x.safetensors", tensors, {})
    found = load_weights(tmp_path / "x.safetensors").tensors
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_any_flipped_byte_is_noticed(saved):
    path, _ = saved
    whole = bytearray(path.read_bytes())
    rng = torch.Generator().manual_seed(1)
    for position in torch.randint(0, len(whole), (60,), generator=rng).tolist():
        broken = bytearray(whole)
        broken[position] ^= 0x10
        path.write_bytes(broken)
        with pytest.raises(ModelError, match=r"damaged|no description|checkpoint of another program"):
            load_weights(path)


@pytest.mark.parametrize("length", [0, 1, 7, 100, -1])
def test_a_cut_file_is_refused(saved, length):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelError, match="damaged"):
        load_weights(path)


def with_description(path, **changes):
    """Write the file again with another description and a checksum that fits it."""
    weights = load_weights(path)
    save_weights(path, weights.tensors, weights.description)
    from safetensors.torch import save

    from whence.models import weights as module

    text = json.dumps({**weights.description, **changes}, sort_keys=True)
    path.write_bytes(save(weights.tensors, module._metadata(weights.tensors, text)))


def test_a_newer_format_says_how_to_read_it(saved):
    path, _ = saved
    with_description(path, format=2, version="2.1")
    with pytest.raises(ModelError, match=r"made by whence 2\.1; this is .*; pip install -U whence"):
        load_weights(path)


def test_tensors_without_a_description_are_pointed_to_the_converter(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match="no description of its tensors; try whence convert-weights"):
        load_weights(tmp_path / "a.safetensors")


@pytest.mark.parametrize("name", ["x.pt", "x.pth", "x.ckpt", "x.pkl", "x.PTH", "disguised.safetensors"])
@pytest.mark.parametrize("zipped", [False, True])
def test_pickles_are_refused_unread_under_any_name(tmp_path, name, zipped):
    target = tmp_path / "touched"
    path = tmp_path / name
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Bomb(target)))
    else:
        path.write_bytes(pickle.dumps(Bomb(target)))
    with pytest.raises(ModelError, match=r"could run code when read; first: whence convert-weights"):
        load_weights(path)
    assert not target.exists()


def test_missing_files_folders_and_wrong_endings_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"nothing\.safetensors: no such file"):
        load_weights(tmp_path / "nothing.safetensors")
    with pytest.raises(ModelError, match="not a regular file"):
        load_weights(tmp_path)
    with pytest.raises(ModelError, match=r"weights are written as \.safetensors"):
        save_weights(tmp_path / "x.pt", {}, {})


def test_a_header_that_promises_too_much_costs_no_memory(tmp_path):
    path = tmp_path / "x.safetensors"
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match="damaged, or not a file of weights"):
        load_weights(path)
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with pytest.raises(ModelError, match="damaged, or not a file of weights"):
        load_weights(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_writing_that_fails_leaves_what_was_there(saved, monkeypatch):
    path, _ = saved
    before = path.read_bytes()
    monkeypatch.setattr("safetensors.torch.save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_weights(path, {"a": torch.ones(1)}, {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_tensors_that_do_not_fit_are_named():
    net, good = network(), network().state_dict()
    fewer = {name: t for name, t in good.items() if name != "project.bias"}
    with pytest.raises(ModelError, match=r"here: does not fit the network: it lacks project\.bias$"):
        fill(net, fewer, "here")
    with pytest.raises(ModelError, match=r"it has the unknown extra1 and 1 more"):
        fill(net, {**good, "extra1": torch.ones(1), "extra2": torch.ones(1)}, "here")
    with pytest.raises(ModelError, match=r"it has another shape for project\.bias"):
        fill(net, {**good, "project.bias": torch.ones(3)}, "here")


def test_a_file_of_other_tensors_is_not_loaded_as_a_network(tmp_path):
    save_weights(tmp_path / "x.safetensors", {"a": torch.ones(1)}, {"encoder": {}})
    with pytest.raises(ModelError, match=r"no whole network \(it describes encoder, format, version\)"):
        load_network(tmp_path / "x.safetensors")


def dasheng_file(path, tag_count=0, **changes):
    """Encoder weights as the converter writes them."""
    settings = DashengSettings(width=12, depth=1, heads=3, mel_count=8, tag_count=tag_count, **changes)
    torch.manual_seed(3)
    encoder = DashengEncoder(settings)
    save_weights(path, encoder.state_dict(), {"encoder": named_to_plain(settings, ENCODERS)})
    return encoder


def detector():
    encoder = DashengSettings(width=12, depth=1, heads=3, mel_count=8, overlap=7, save_memory=True)
    return build_model(DashengDetectorSettings(encoder, mel_count=8, hidden=(4,)))


@pytest.mark.parametrize("tag_count", [0, 5])
def test_a_detector_takes_encoder_weights_and_leaves_the_tagging_head(tmp_path, tag_count):
    path = tmp_path / "dasheng.safetensors"
    encoder, net = dasheng_file(path, tag_count), detector()
    head = net.output_layer.weight.clone()
    load_initial_weights(net, path)
    for name, tensor in net.encoder.state_dict().items():
        assert torch.equal(tensor, encoder.state_dict()[name])
    assert torch.equal(net.output_layer.weight, head)


def test_another_encoder_or_size_is_refused(tmp_path, saved):
    path = tmp_path / "e.safetensors"
    dasheng_file(path, positions=20, overlap=4)
    with pytest.raises(ModelError, match="has another shape for time_pos_embed"):
        load_initial_weights(detector(), path)
    yamnet = YamnetSettings(width=0.125)
    save_weights(path, YamnetEncoder(yamnet).state_dict(), {"encoder": named_to_plain(yamnet, ENCODERS)})
    with pytest.raises(ModelError, match="holds yamnet; the network has another encoder"):
        load_initial_weights(detector(), path)
    small = build_model(CompactDetectorSettings(YamnetSettings(halvings=2, width=0.125), width=8, recurrent=4))
    load_initial_weights(small, path)  # how it runs may differ
    with pytest.raises(ModelError, match="holds a compact_localizer; the network is a compact_detector"):
        load_initial_weights(small, saved[0])


def localizer_file(path, **settings):
    net = build_model(CompactLocalizerSettings(channels=(4, 4, 4, 4), width=8, heads=2, sequence=(), **settings))
    save_weights(path, net.state_dict(), {"model": model_to_plain(net.settings)})
    return net


def test_a_network_starts_from_the_fitting_weights_of_a_similar_one(tmp_path):
    path = tmp_path / "w.safetensors"
    theirs = localizer_file(path).state_dict()
    net = localizer_file(tmp_path / "other.safetensors", output_size=6)
    assert load_initial_weights(net, path) == ["output_layer.weight", "output_layer.bias"]
    assert all(torch.equal(t, theirs[n]) for n, t in net.state_dict().items() if not n.startswith("output_layer"))


def test_weights_of_another_kind_of_network_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    localizer_file(path)
    with pytest.raises(ModelError, match="holds a compact_localizer; the network is a dasheng_detector"):
        load_initial_weights(detector(), path)
    encoder = tmp_path / "e.safetensors"
    dasheng_file(encoder, 0)
    with pytest.raises(ModelError, match="an encoder, which this network does not have"):
        load_initial_weights(localizer_file(tmp_path / "other.safetensors"), encoder)


def test_a_header_of_any_length_is_read(tmp_path):
    # The file begins with the length of its header, a multiple of 8: one in 32 of these begins like a pickle.
    starts = set()
    for length in range(0, 300, 8):
        path = tmp_path / f"{length}.safetensors"
        save_weights(path, {"x": torch.zeros(1)}, {"note": "n" * length})
        starts.add(path.read_bytes()[0])
        assert load_weights(path).description["note"] == "n" * length
    assert 0x80 in starts


def test_the_same_weights_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_weights(tmp_path / f"{name}.safetensors", {"x": torch.ones(2)}, {"b": 1, "a": 2})
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
