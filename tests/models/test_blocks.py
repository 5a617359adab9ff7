"""Shared blocks: what they compute, and what they leave alone."""

import numpy as np
import pytest
import torch

from whence.errors import ModelError
from whence.models.blocks import (
    BidirectionalGru,
    ResidualBlock,
    TimeConvolution,
    TransformerLayer,
    sequence_layers,
    share_time,
)


def frozen_norm(x, norm):
    """Batch norm in evaluation from its formula, channels second."""
    shape = (1, -1) + (1,) * (x.dim() - 2)
    centred = (x - norm.running_mean.reshape(shape)) / (norm.running_var.reshape(shape) + 1e-5).sqrt()
    return centred * norm.weight.reshape(shape) + norm.bias.reshape(shape)


@pytest.mark.parametrize("maps_out", [3, 5])
def test_residual_block_is_two_convolutions_beside_a_shortcut(maps_out):
    torch.manual_seed(1)
    net = ResidualBlock(3, maps_out, (2, 2))
    net(torch.randn(4, 3, 8, 8))
    net.eval()
    x = torch.randn(2, 3, 8, 8)
    inner = frozen_norm(torch.conv2d(x, net.conv1.weight, padding=1), net.bn1).clamp(min=0)
    inner = frozen_norm(torch.conv2d(inner, net.conv2.weight, padding=1), net.bn2)
    beside = x
    if maps_out != 3:
        beside = frozen_norm(torch.conv2d(x, net.shortcut[0].weight), net.shortcut[1])
    expected = torch.max_pool2d((inner + beside).clamp(min=0), 2)
    torch.testing.assert_close(net(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "make",
    [lambda: TransformerLayer(8, 2, 0.0), lambda: BidirectionalGru(8), lambda: TimeConvolution(8, 0.0)],
    ids=["transformer", "gru", "conv"],
)
def test_layers_over_time_keep_the_shape_and_see_both_ways(make):
    torch.manual_seed(2)
    layer = make()
    x = torch.randn(1, 9, 8)
    out = layer.eval()(x)
    assert out.shape == x.shape
    for far in (2, 6):  # a change at one step is felt before and after it
        changed = x.clone()
        changed[0, 4, 0] += 3
        assert not torch.allclose(layer(changed)[0, far], out[0, far])


def test_an_unknown_layer_is_named():
    with pytest.raises(ModelError, match="no sequence layer 'mamba'; there are: transformer, gru, conv, conformer"):
        sequence_layers(("gru", "mamba"), 8, 2, 0.0)


@pytest.mark.parametrize(("vector_ms", "count"), [(40, 125), (80, 63), (20, 250), (160, 32)])
def test_shared_time_equals_sampling_every_millisecond(vector_ms, count):
    vectors = np.random.default_rng([1, count, 0]).standard_normal((count, 3)).astype(np.float32)
    at_ms = vectors[np.minimum(np.arange(5000) // vector_ms, count - 1)]
    expected = at_ms.reshape(50, 100, 3).mean(axis=1)
    found = share_time(torch.from_numpy(vectors)[None], vector_ms // 20, 50)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_the_last_of_vectors_that_end_early_is_repeated():
    found = share_time(torch.tensor([[[1.0], [3.0]]]), 2, 1)
    assert found.flatten().tolist() == pytest.approx([(1 + 1 + 3 + 3 + 3) / 5])


def test_constants_stay_constant_and_a_ramp_keeps_its_time():
    assert torch.equal(share_time(torch.full((2, 25, 4), 7.0), 2, 10), torch.full((2, 10, 4), 7.0))
    centres_s, expected_s = (torch.arange(125) + 0.5) * 0.04, (torch.arange(50) + 0.5) * 0.1
    torch.testing.assert_close(share_time(centres_s[None, :, None], 2, 50).flatten(), expected_s, rtol=0, atol=0.005)
