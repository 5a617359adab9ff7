"""The fused function equals convolution, batch norm and pooling one after the other."""

import pytest
import torch
from torch import nn

from whence.models.conv_norm_pool import conv_norm_pool
from whence.models.seldnet import ConvBlock


def layers(maps=2, channels=6, seed=1):
    torch.manual_seed(seed)
    conv, norm = nn.Conv2d(maps, channels, 3, padding=1), nn.BatchNorm2d(channels)
    nn.init.normal_(norm.weight)  # of either sign
    nn.init.normal_(norm.bias)
    return conv, norm


def made(clips=5, maps=2, frames=23, bands=12):
    """Log-mels: far from zero, the second map quieter."""
    torch.manual_seed(2)
    return 12 * torch.randn(clips, maps, frames, bands) - 40 * torch.arange(1, maps + 1)[:, None, None]


def slow(x, conv, norm, pool):
    return nn.functional.max_pool2d(norm(conv(x)), pool)


@pytest.mark.parametrize("pool", [(5, 4), (1, 2), (3, 1)])
@pytest.mark.parametrize("clips", [1, 4, 5])
def test_values_gradients_and_running_means_are_those_of_the_three_layers(pool, clips):
    x, seed = made(clips), 10 * clips
    ours, theirs = layers(seed=seed), layers(seed=seed)
    found, expected = conv_norm_pool(x, *ours, pool), slow(x, *theirs, pool)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    wanted = torch.randn(expected.shape)
    for result in (found, expected):
        (result * wanted).sum().backward()
    for one, other in ((ours[0].weight, theirs[0].weight), (ours[1].weight, theirs[1].weight)):
        torch.testing.assert_close(one.grad, other.grad, rtol=2e-3, atol=2e-3 * float(other.grad.abs().max()))
    torch.testing.assert_close(ours[1].bias.grad, theirs[1].bias.grad, rtol=1e-4, atol=1e-3)
    assert not ours[0].bias.grad.any()
    for name, value in theirs[1].named_buffers():
        torch.testing.assert_close(dict(ours[1].named_buffers())[name], value, rtol=1e-4, atol=1e-4, msg=name)


def test_under_autocast_it_is_as_near_as_the_three_layers():
    x, (conv, norm) = made(), layers()
    exact = slow(x, conv, norm, (5, 4))
    with torch.autocast("cpu", torch.bfloat16):
        found, usual = conv_norm_pool(x, conv, norm, (5, 4)), slow(x, conv, norm, (5, 4))
    assert found.dtype == usual.dtype == torch.bfloat16
    errors = [(result.float() - exact).detach().abs().max().item() for result in (found, usual)]
    # The largest of rounding errors, which each processor makes elsewhere.
    assert errors[0] <= 2 * errors[1]


def test_the_gradient_is_the_same_within_autocast():
    x, gradients = made(), []
    for lasts in (True, False):
        conv, norm = layers()
        with torch.autocast("cpu", torch.bfloat16):
            loss = conv_norm_pool(x, conv, norm, (5, 4)).float().square().sum()
        with torch.autocast("cpu", torch.bfloat16, enabled=lasts):
            loss.backward()
        gradients.append(conv.weight.grad)
    torch.testing.assert_close(*gradients, rtol=0, atol=0.02 * float(gradients[1].abs().max()))


def test_the_block_uses_it_in_training_only():
    torch.manual_seed(1)
    block, x = ConvBlock(2, 6, (5, 4), dropout=0.0), made()
    learned = block(x)
    assert block.bn.num_batches_tracked == 1
    differentiated = block(x.clone().requires_grad_())
    torch.testing.assert_close(learned, differentiated, rtol=0, atol=1e-4)
    block.eval()
    expected = slow(x, block.conv, block.bn, (5, 4)).relu()
    assert torch.equal(block(x), expected)


def test_silence_has_no_variance_and_still_a_result():
    conv, norm = layers()
    x = torch.full((2, 2, 10, 8), -100.0)
    torch.testing.assert_close(conv_norm_pool(x, conv, norm, (5, 4)), slow(x, conv, norm, (5, 4)), rtol=0, atol=2e-3)
