"""The baseline network: published size, official names, and a straightforward second implementation."""

import pytest
import torch

from whence.errors import ModelError
from whence.models.outputs.multi_accdoa import MultiAccdoa
from whence.models.seldnet import SeldNet, SeldNetSettings

TINY = SeldNetSettings(mel_count=8, filters=4, frequency_pools=(2, 2, 2), width=8, heads=2, dropout=0.0)


def official_names():
    """Every key of the published file, spelled out from the layers it has."""
    names = []
    for block in range(3):
        names += [f"conv_blocks.{block}.conv.{part}" for part in ("weight", "bias")]
        batch_norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        names += [f"conv_blocks.{block}.bn.{part}" for part in batch_norm]
    for layer in range(2):
        for way in ("", "_reverse"):
            names += [f"gru.{part}_l{layer}{way}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        attention = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        names += [f"mhsa_layers.{layer}.{part}" for part in attention]
        names += [f"{kind}.{layer}.{part}" for kind in ("layer_norms", "fnn_list") for part in ("weight", "bias")]
    return names


def slow_gru(x, net, layer, way):
    """One direction of one GRU layer, step by step from its equations."""
    suffix = f"l{layer}{way}"
    w_in, w_state = getattr(net.gru, f"weight_ih_{suffix}"), getattr(net.gru, f"weight_hh_{suffix}")
    b_in, b_state = getattr(net.gru, f"bias_ih_{suffix}"), getattr(net.gru, f"bias_hh_{suffix}")
    steps = range(len(x)) if not way else reversed(range(len(x)))
    state, states = torch.zeros(w_state.shape[1]), {}
    for t in steps:
        reset_i, update_i, new_i = (w_in @ x[t] + b_in).chunk(3)
        reset_s, update_s, new_s = (w_state @ state + b_state).chunk(3)
        update = torch.sigmoid(update_i + update_s)
        new = torch.tanh(new_i + torch.sigmoid(reset_i + reset_s) * new_s)
        state = (1 - update) * new + update * state
        states[t] = state
    return torch.stack([states[t] for t in range(len(x))])


def slow_attention(x, layer):
    """Softmax attention head by head with einsum."""
    width, heads = x.shape[1], layer.num_heads
    q, k, v = (x @ layer.in_proj_weight.T + layer.in_proj_bias).split(width, dim=1)
    mixed = []
    for head in range(heads):
        part = slice(head * width // heads, (head + 1) * width // heads)
        scores = torch.einsum("td,sd->ts", q[:, part], k[:, part]) / (width // heads) ** 0.5
        mixed.append(torch.einsum("ts,sd->td", scores.softmax(1), v[:, part]))
    return layer.out_proj(torch.cat(mixed, 1))


def slow_forward(net, clip):
    """One clip through the official layers, without the modules' own forward passes."""
    x = clip[None]
    for block, time_pool, band_pool in zip(net.conv_blocks, (5, 1, 1), net.settings.frequency_pools, strict=True):
        x = torch.conv2d(x, block.conv.weight, block.conv.bias, padding=1)
        mean, variance = block.bn.running_mean[:, None, None], block.bn.running_var[:, None, None]
        x = (x - mean) / (variance + 1e-5).sqrt() * block.bn.weight[:, None, None] + block.bn.bias[:, None, None]
        x = torch.max_pool2d(x.clamp(min=0), (time_pool, band_pool))
    x = x[0].permute(1, 0, 2).reshape(x.shape[2], -1)
    for layer in range(2):
        x = torch.cat([slow_gru(x, net, layer, ""), slow_gru(x, net, layer, "_reverse")], 1)
    x = torch.tanh(x)
    half = x.shape[1] // 2
    x = x[:, half:] * x[:, :half]
    for attention, norm in zip(net.mhsa_layers, net.layer_norms, strict=True):
        x = norm(x + slow_attention(x, attention))
    return net.fnn_list[1](net.fnn_list[0](x))


def test_size_and_names_are_the_published_ones():
    net = SeldNet()
    assert net.parameter_count() == 734_261
    assert sorted(net.state_dict()) == sorted(official_names())
    assert net.eval()(torch.zeros(2, 2, 251, 64)).shape == (2, 50, 117)


@pytest.mark.parametrize("training", [False, True])
def test_forward_equals_the_layers_written_out(training):
    torch.manual_seed(1)
    net = SeldNet(TINY)
    net(torch.randn(4, 2, 26, 8))  # moves the running means away from their start
    net.eval()
    clips = torch.randn(2, 2, 26, 8)
    expected = torch.stack([slow_forward(net, clip) for clip in clips])
    with torch.set_grad_enabled(training):  # without gradients torch takes a fused path through the attention
        torch.testing.assert_close(net(clips), expected, rtol=1e-4, atol=1e-5)


def test_the_coding_gives_the_official_activations():
    raw = torch.randn(1, 50, 117)
    values = MultiAccdoa().activate(raw)
    official = raw.reshape(1, 50, 3, 3, 13)
    assert torch.equal(values[:, :, :, :2], official[:, :, :, :2].tanh())
    assert torch.equal(values[:, :, :, 2], official[:, :, :, 2].relu())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mel_count": 60}, "60 mel bands cannot be pooled"),
        ({"time_pools": (5, 1)}, "equally long"),
        ({"heads": 3}, "width 128 is no multiple of 3 heads"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(change, message):
    with pytest.raises(ModelError, match=message):
        SeldNetSettings(**change)
