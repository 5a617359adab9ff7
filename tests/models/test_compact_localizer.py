"""The small localizer: size, shapes, alternatives without recurrence."""

from dataclasses import replace

import pytest
import torch

from whence.models.compact_localizer import CompactLocalizer, CompactLocalizerSettings
from whence.models.errors import ModelError


def test_it_has_about_a_million_parameters_and_the_shape_of_the_task():
    net = CompactLocalizer()
    assert 0.9e6 < net.parameter_count() < 1.2e6
    assert net.eval()(torch.zeros(2, 4, 251, 64)).shape == (2, 50, 39)


@pytest.mark.parametrize("sequence", [(), ("conv", "conv"), ("conformer",), ("gru",)])
def test_layers_over_time_can_be_chosen(sequence):
    net = CompactLocalizer(CompactLocalizerSettings(channels=(4, 4, 4, 4), width=16, heads=2, sequence=sequence))
    assert net.eval()(torch.randn(1, 4, 53, 64)).shape == (1, 10, 39)


def test_the_scale_of_a_map_does_not_matter_in_training():
    torch.manual_seed(1)
    net = CompactLocalizer(CompactLocalizerSettings(channels=(4, 4, 4, 4), width=16, heads=2, sequence=(), dropout=0.0))
    maps = torch.randn(3, 4, 50, 64)
    louder = maps * torch.tensor([10.0, 1.0, 0.1, 100.0])[:, None, None] + 7.0
    # Not exactly: batch norm adds 1e-5 to a variance of 0.01.
    torch.testing.assert_close(net(louder), net(maps), rtol=0.01, atol=0.01)


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ModelError, match="mel_count is 40; it must be a multiple of 16"):
        CompactLocalizerSettings(mel_count=40)
    with pytest.raises(ModelError, match="no even multiple of 5 heads"):
        CompactLocalizerSettings(heads=5)
    with pytest.raises(ModelError, match="no sequence layer 'lstm'; there are: transformer"):
        CompactLocalizer(replace(CompactLocalizerSettings(), sequence=("lstm",)))
