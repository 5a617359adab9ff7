"""YAMNet's layers: published names and sizes, TensorFlow's padding, and what dilation must keep."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from whence.errors import ModelError
from whence.models.yamnet import LAYER_COUNT, YamnetEncoder, YamnetSettings, published_name

STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def encoders(*halvings, seed=1):
    """Encoders with the same random weights, scaled so that activations neither die nor saturate."""
    torch.manual_seed(seed)
    nets = [YamnetEncoder(YamnetSettings(halvings=count)).eval() for count in halvings]
    for entry in nets[0].parameters():
        torch.nn.init.normal_(entry, std=(2.0 / max(entry[0].numel(), 1)) ** 0.5)
    for net in nets[1:]:
        net.load_state_dict(nets[0].state_dict())
    return nets


def same_padding(x, stride):
    """TensorFlow's SAME for a 3x3 kernel: as much as is needed for ceil(n / stride), the extra one after."""
    sides = []
    for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // stride) - 1) * stride + 3 - n, 0)
        sides += [total // 2, total - total // 2]
    return pad(x, sides)


def slow_layers(patch, net):
    """The original network on a patch, from its description."""
    entry = net.state_dict()
    x = conv2d(same_padding(patch, 2), entry["conv1.conv.weight"], entry["conv1.conv.bias"], stride=2).clamp(0, 6)
    for number, stride in enumerate(STRIDES, start=2):
        name = f"block{number}"
        weight, bias = entry[f"{name}.dw.conv.weight"], entry[f"{name}.dw.conv.bias"]
        x = conv2d(same_padding(x, stride), weight, bias, stride=stride, groups=x.shape[1]).clamp(0, 6)
        x = conv2d(x, entry[f"{name}.pw.weight"], entry[f"{name}.pw.bias"]).clamp(0, 6)
    return x


def test_the_original_strides_equal_the_description():
    (net,) = encoders(5)
    patch = torch.randn(1, 1, 96, 64)
    found = net.convolved(patch)
    assert found.shape == (1, 1024, 3, 2)
    torch.testing.assert_close(found, slow_layers(patch, net), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("halvings", [1, 3, 4])
def test_finer_time_keeps_every_vector_of_the_original(halvings):
    coarse, fine = encoders(5, halvings)
    features = torch.randn(1, 1, 640, 64)
    wide, narrow = coarse.convolved(features), fine.convolved(features)
    step = 2 ** (5 - halvings)
    assert narrow.shape[2] == wide.shape[2] * step
    # Beyond the ends the finer network pads at other positions, so the last vectors may differ.
    inside = slice(4, -8)
    torch.testing.assert_close(narrow[:, :, ::step][:, :, inside], wide[:, :, inside], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("halvings", [2, 3, 4])
def test_vectors_are_centred_on_their_time(halvings):
    """The vectors that an impulse touches lie around it, as many before as after."""
    (net,) = encoders(halvings)
    silent = torch.full((1, 1, 800, 64), -6.907755)
    click = silent.clone()
    click[:, :, 400] += 5
    change = (net(click) - net(silent)).abs().sum(2)[0]
    touched = torch.nonzero(change > 1e-3).flatten() * net.frames_per_vector
    middle = float(touched.min() + touched.max() + net.frames_per_vector) / 2
    # One frame of window in front of the impulse, and the grid of the vectors.
    assert middle == pytest.approx(400, abs=net.frames_per_vector)


def test_names_and_sizes_are_the_published_ones():
    net = YamnetEncoder(YamnetSettings(tag_count=521))
    names = ["conv1", *(f"block{n}.{part}" for n in range(2, 15) for part in ("dw", "pw")), "fc"]
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    found = {published_name(name): tuple(entry.shape) for name, entry in net.state_dict().items()}
    assert set(found) == expected
    assert found["conv1.weight"] == (32, 1, 3, 3)
    assert found["block7.dw.weight"] == (256, 1, 3, 3)
    assert found["block7.pw.weight"] == (512, 256, 1, 1)
    assert found["block14.pw.weight"] == (1024, 1024, 1, 1)
    assert found["fc.weight"] == (521, 1024)
    assert sum(p.numel() for p in net.parameters()) == 3_729_481


def test_batch_norm_takes_the_place_of_biases():
    net = YamnetEncoder(YamnetSettings(batch_norm=True))
    names = set(net.state_dict())
    assert "conv1.conv.bias" not in names
    assert "block3.pw.bias" not in names
    assert {"conv1.norm.weight", "block3.norm.weight", "block3.dw.norm.running_mean"} <= names


def test_freezing_counts_layers():
    net = YamnetEncoder()
    net.freeze(3)
    frozen = [not any(p.requires_grad for p in layer.parameters()) for layer in net.layers()]
    assert frozen == [True] * 3 + [False] * 11
    net.freeze(LAYER_COUNT)
    assert not any(p.requires_grad for p in net.parameters())
    with pytest.raises(ModelError, match="cannot freeze 15 layers; there are 14"):
        net.freeze(15)


def test_a_narrower_encoder_has_narrower_vectors():
    net = YamnetEncoder(YamnetSettings(width=0.25, batch_norm=True)).eval()
    assert net.width == 256
    assert net(torch.zeros(1, 1, 100, 64)).shape[2] == 256
    assert sum(p.numel() for p in net.parameters()) < 0.25e6


def test_settings_out_of_range_are_refused():
    with pytest.raises(ModelError, match=r"width is 5\.0"):
        YamnetSettings(width=5.0)
    with pytest.raises(ModelError, match="halvings is 6"):
        YamnetSettings(6)
