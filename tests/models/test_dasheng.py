"""Dasheng: published sizes and names, a plain einsum twin, windows, freezing."""

import pytest
import torch
from hypothesis import given, strategies as st

from whence.errors import ModelError
from whence.models.dasheng import DashengEncoder, DashengSettings, windows

TINY = DashengSettings(width=12, depth=2, heads=3, mel_count=8, positions=10, overlap=4)


def published_names(depth):
    """Every entry of the published state dict but the front end's."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = ["time_pos_embed", "freq_pos_embed", *(f"init_bn.1.{part}" for part in norm)]
    layers = ["patch_embed.proj", "norm"]
    for block in range(depth):
        layers += [
            f"blocks.{block}.{part}" for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        ]
    return names + [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


def slow_encoder(mel, net):
    """One clip (T, F) of at most `positions` tokens, straight from the description of the architecture."""
    entry = net.state_dict()
    width, heads, depth = net.settings.width, net.settings.heads, net.settings.depth

    def linear(x, name):
        return torch.einsum("vi,oi->vo", x, entry[f"{name}.weight"]) + entry[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(1, keepdim=True)
        scaled = centred / (centred.pow(2).mean(1, keepdim=True) + 1e-6).sqrt()
        return scaled * entry[f"{name}.weight"] + entry[f"{name}.bias"]

    mean, variance = entry["init_bn.1.running_mean"], entry["init_bn.1.running_var"]
    mel = (mel - mean) / (variance + 1e-5).sqrt() * entry["init_bn.1.weight"] + entry["init_bn.1.bias"]
    tokens = []
    for number in range(len(mel) // 4):
        patch = mel[4 * number : 4 * number + 4].T
        token = (
            torch.einsum("oft,ft->o", entry["patch_embed.proj.weight"][:, 0], patch) + entry["patch_embed.proj.bias"]
        )
        tokens.append(token + entry["time_pos_embed"][0, :, 0, number] + entry["freq_pos_embed"][0, :, 0, 0])
    x = torch.stack(tokens)
    for block in range(depth):
        name = f"blocks.{block}"
        qkv = linear(norm(x, f"{name}.norm1"), f"{name}.attn.qkv")
        query, key, value = (part.reshape(len(x), heads, -1) for part in qkv.split(width, 1))
        weights = (torch.einsum("vhd,uhd->hvu", query, key) / (width // heads) ** 0.5).softmax(2)
        x = x + linear(torch.einsum("hvu,uhd->vhd", weights, value).reshape(len(x), width), f"{name}.attn.proj")
        inside = linear(norm(x, f"{name}.norm2"), f"{name}.mlp.fc1")
        inside = inside * 0.5 * (1 + torch.erf(inside / 2**0.5))
        x = x + linear(inside, f"{name}.mlp.fc2")
    return norm(x, "norm")


def encoder(settings=TINY, seed=1):
    """An encoder whose running means and norms are not at their start."""
    torch.manual_seed(seed)
    net = DashengEncoder(settings)
    for name, parameter in net.named_parameters():
        if "norm" in name or "bn" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, 0.5, 0.5)
    net.init_bn[1].running_mean.normal_()
    net.init_bn[1].running_var.uniform_(0.5, 2)
    return net.eval()


def test_forward_equals_the_plain_twin():
    net = encoder()
    mel = torch.randn(3, 1, 33, 8)
    expected = torch.stack([slow_encoder(clip[0], net) for clip in mel])
    assert expected.shape == (3, 8, 12)
    torch.testing.assert_close(net(mel), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "millions"),
    [(DashengSettings(), 85.45), (DashengSettings(1280, 32, 16), 630.33), (DashengSettings(1536, 40, 24), 1134.05)],
    ids=["base", "0.6B", "1.2B"],
)
def test_published_sizes_and_names(settings, millions):
    with torch.device("meta"):  # shapes without the memory
        net = DashengEncoder(settings)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)
    assert sorted(net.state_dict()) == sorted(published_names(settings.depth))
    shapes = {name: tuple(entry.shape) for name, entry in net.state_dict().items()}
    assert shapes["time_pos_embed"] == (1, settings.width, 1, 252)
    assert shapes["freq_pos_embed"] == (1, settings.width, 1, 1)
    assert shapes["patch_embed.proj.weight"] == (settings.width, 1, 64, 4)
    assert shapes["blocks.0.attn.qkv.weight"] == (3 * settings.width, settings.width)


def test_long_input_without_overlap_is_cut_as_in_the_original():
    net = encoder(DashengSettings(width=12, depth=2, heads=3, mel_count=8, positions=10, overlap=0))
    mel = torch.randn(1, 1, 4 * 24, 8)
    pieces = [slow_encoder(piece, net) for piece in torch.split(mel[0, 0], 40)]
    torch.testing.assert_close(net(mel)[0], torch.cat(pieces), rtol=1e-4, atol=1e-4)


def test_long_input_with_overlap_takes_each_token_from_one_window():
    net = encoder()
    mel = torch.randn(1, 1, 4 * 17, 8)
    first, second, third = (slow_encoder(mel[0, 0, 4 * start : 4 * start + 40], net) for start in (0, 6, 7))
    expected = torch.cat([first[:8], second[2:5], third[4:]])
    torch.testing.assert_close(net(mel)[0], expected, rtol=1e-4, atol=1e-4)


def trained(net):
    """The blocks with a gradient, and whether the parts before and after the blocks have one."""
    blocks = [all(p.requires_grad for p in block.parameters()) for block in net.blocks]
    return blocks, net.time_pos_embed.requires_grad, net.norm.weight.requires_grad


def test_freezing_keeps_the_first_blocks_and_thaws_from_the_top():
    net = encoder()
    for count, expected in ((2, ([False, False], False, False)), (1, ([False, True], False, True))):
        net.freeze(count)
        assert trained(net) == expected
    net.freeze(0)
    assert trained(net) == ([True, True], True, True)
    with pytest.raises(ModelError, match="cannot freeze 3 blocks; there are 2"):
        net.freeze(3)


def test_a_frozen_batch_norm_does_not_follow_the_batches():
    net = encoder()
    net.freeze(1)
    net.train()
    before = net.init_bn[1].running_mean.clone()
    net(torch.randn(2, 1, 20, 8)).sum().backward()
    assert torch.equal(net.init_bn[1].running_mean, before)
    assert net.blocks[0].mlp.fc1.weight.grad is None
    assert net.blocks[1].mlp.fc1.weight.grad is not None
    net.freeze(0)
    net(torch.randn(2, 1, 20, 8))
    assert not torch.equal(net.init_bn[1].running_mean, before)


def test_saving_memory_changes_no_gradient():
    plain, saving = encoder(), encoder(DashengSettings(**{**vars(TINY), "save_memory": True}))
    saving.load_state_dict(plain.state_dict())
    mel = torch.randn(2, 1, 20, 8)
    for net in (plain, saving):
        net.train().init_bn.eval()
        net(mel).pow(2).sum().backward()
    for one, other in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="width 768 is no multiple of 7 heads"):
        DashengSettings(heads=7)
    with pytest.raises(ModelError, match=r"overlap is 252; it must lie in 0\.\.251"):
        DashengSettings(overlap=252)


@given(st.integers(1, 200), st.integers(2, 40), st.data())
def test_windows_are_full_and_use_every_token_once_away_from_their_ends(count, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    found = windows(count, size, overlap)
    used = [token for _, _, use, until in found for token in range(use, until)]
    assert used == list(range(count))
    for first, end, use, until in found:
        assert first <= use < until <= end
        assert end - first == size or count < size or overlap == 0
        assert use == 0 or use - first >= overlap // 2
        assert until == count or end - until >= overlap // 2


def test_short_input_is_one_window_and_without_overlap_the_last_may_be_shorter():
    assert windows(5, 5, 2) == [(0, 5, 0, 5)]
    assert windows(1, 5, 0) == [(0, 1, 0, 1)]
    assert windows(9, 4, 0) == [(0, 4, 0, 4), (4, 8, 4, 8), (8, 9, 8, 9)]
