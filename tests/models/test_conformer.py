"""The Conformer block against a second implementation with einsum and loops."""

import pytest
import torch
from torch.nn.functional import layer_norm, silu

from whence.errors import ModelError
from whence.models.conformer import ConformerBlock, ConformerSettings, SelfAttention

TINY = ConformerSettings(width=8, heads=2, kernel=3, dropout=0.0, reach=3)


def slow_attention(x, net):
    """One clip (T, D): scores per head and pair of steps, with the distance bias looked up one by one."""
    steps, width = x.shape
    q, k, v = (x @ net.qkv.weight.T + net.qkv.bias).split(width, dim=1)
    size = width // net.heads
    mixed = torch.zeros(steps, width)
    for head in range(net.heads):
        part = slice(head * size, (head + 1) * size)
        scores = torch.einsum("td,sd->ts", q[:, part], k[:, part]) / size**0.5
        for t in range(steps):
            for s in range(steps):
                if net.bias is not None:
                    scores[t, s] += net.bias[max(-net.reach, min(net.reach, s - t)) + net.reach, head]
        mixed[:, part] = scores.softmax(1) @ v[:, part]
    return mixed @ net.project.weight.T + net.project.bias


def slow_block(x, net):
    """One clip (T, D) through the whole block in evaluation."""

    def norm(y, layer):
        return layer_norm(y, y.shape[1:], layer.weight, layer.bias)

    def feed_forward(y, part):
        return part.shrink(silu(part.expand(norm(y, part.norm))))

    def convolution(y, part):
        left, right = (norm(y, part.norm) @ part.gate.weight[..., 0].T + part.gate.bias).chunk(2, dim=1)
        inner = left * torch.sigmoid(right)
        padded = torch.cat([torch.zeros(1, inner.shape[1]), inner, torch.zeros(1, inner.shape[1])])
        kernel = part.depthwise.weight[:, 0]
        mixed = torch.stack([(padded[t : t + 3].T * kernel).sum(1) for t in range(len(y))]) + part.depthwise.bias
        batch_norm = part.batch_norm
        mixed = (mixed - batch_norm.running_mean) / (batch_norm.running_var + 1e-5).sqrt()
        mixed = mixed * batch_norm.weight + batch_norm.bias
        return silu(mixed) @ part.shrink.weight[..., 0].T + part.shrink.bias

    x = x + 0.5 * feed_forward(x, net.before)
    x = x + slow_attention(norm(x, net.attention_norm), net.attention)
    x = x + convolution(x, net.convolution)
    x = x + 0.5 * feed_forward(x, net.after)
    return norm(x, net.norm)


@pytest.mark.parametrize("reach", [0, 2, 50])
def test_attention_equals_the_loops(reach):
    torch.manual_seed(1)
    net = SelfAttention(8, 2, reach)
    if net.bias is not None:
        torch.nn.init.normal_(net.bias)
    x = torch.randn(2, 7, 8)
    expected = torch.stack([slow_attention(clip, net) for clip in x])
    torch.testing.assert_close(net(x), expected, rtol=1e-4, atol=1e-5)


def test_block_equals_the_second_implementation():
    torch.manual_seed(2)
    net = ConformerBlock(TINY)
    torch.nn.init.normal_(net.attention.bias)
    net(torch.randn(3, 9, 8))
    net.eval()
    x = torch.randn(2, 9, 8)
    torch.testing.assert_close(net(x), torch.stack([slow_block(clip, net) for clip in x]), rtol=1e-4, atol=1e-5)


def test_without_a_distance_bias_attention_has_no_sense_of_order():
    torch.manual_seed(3)
    x, order = torch.randn(1, 6, 8), torch.randperm(6)
    unordered, ordered = SelfAttention(8, 2, 0), SelfAttention(8, 2, 4)
    torch.nn.init.normal_(ordered.bias)
    # Attention sums over the steps in their order.
    torch.testing.assert_close(unordered(x)[:, order], unordered(x[:, order]), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ordered(x)[:, order], ordered(x[:, order]), atol=1e-3)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="width 256 is no multiple of 7 heads"):
        ConformerSettings(heads=7)
    with pytest.raises(ModelError, match="kernel is 4; it must be odd"):
        ConformerSettings(kernel=4)
