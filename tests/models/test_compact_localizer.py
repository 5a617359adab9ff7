"""The small localizer: size, shapes, alternatives without recurrence."""

from dataclasses import replace

import pytest
import torch

from whence.errors import ModelError
from whence.features import build_features
from whence.models.compact_localizer import CompactLocalizer, CompactLocalizerSettings


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


SYMMETRIC = CompactLocalizerSettings(
    channels=(4, 4, 4, 8), width=16, heads=2, sequence=("gru",), input_maps=6, place_width=8, symmetric=True
)


def test_a_symmetric_localizer_mirrors_swapped_channels():
    torch.manual_seed(1)
    net, front_end, audio = (
        CompactLocalizer(SYMMETRIC).eval(),
        build_features("midside_onsets"),
        0.1 * torch.randn(3, 2, 24_000),
    )
    with torch.inference_mode():
        plain, swapped = (net(front_end(sound)).chunk(3, dim=2) for sound in (audio, audio.flip(1)))
    for one, other, sign in zip(plain, swapped, (1, -1, 1), strict=True):
        # Sums may be taken in another order at another position in a batch.
        torch.testing.assert_close(one, sign * other, rtol=1e-4, atol=1e-5)


def test_it_averages_the_plain_output_and_the_mirrored_one():
    torch.manual_seed(1)
    net, plain = CompactLocalizer(SYMMETRIC).eval(), CompactLocalizer(replace(SYMMETRIC, symmetric=False)).eval()
    plain.load_state_dict(net.state_dict())
    maps = torch.randn(2, 6, 50, 64)
    swapped = maps * torch.tensor([1.0, 1.0, -1.0, 1.0, -1.0, 1.0])[:, None, None]
    sign = torch.tensor([1.0, -1.0, 1.0]).repeat_interleave(13)
    expected = (plain(maps) + sign * plain(swapped)) / 2
    # Sums may be taken in another order in a larger batch.
    torch.testing.assert_close(net(maps), expected, rtol=1e-4, atol=1e-5)


def test_the_maps_for_any_pair_are_mirrored_where_they_have_a_sign():
    torch.manual_seed(1)
    settings = replace(SYMMETRIC, input_maps=8, place_width=8, dropout=0.0)
    net = CompactLocalizer(settings).eval()
    maps = torch.randn(2, 8, 50, 64)
    signs = torch.tensor([1, 1, -1, 1, 1, -1, -1, 1])[:, None, None]
    activity, azimuth, distance = net(maps).chunk(3, dim=2)
    mirrored = net(signs * maps)
    torch.testing.assert_close(mirrored, torch.cat([activity, -azimuth, distance], dim=2), rtol=1e-4, atol=1e-5)


def test_in_training_a_clip_is_processed_once():
    torch.manual_seed(1)
    settings = replace(SYMMETRIC, dropout=0.0)
    net, plain = CompactLocalizer(settings), CompactLocalizer(replace(settings, symmetric=False))
    plain.load_state_dict(net.state_dict())
    maps = torch.randn(2, 6, 50, 64)
    assert torch.equal(net(maps), plain(maps))


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ModelError, match="mel_count is 40; it must be a multiple of 16"):
        CompactLocalizerSettings(mel_count=40)
    with pytest.raises(ModelError, match="output_size is 26; place_width and symmetric need 3 per class"):
        CompactLocalizerSettings(output_size=26, symmetric=True)
    with pytest.raises(ModelError, match="input_maps is 3; symmetric needs those of midside or midside_onsets"):
        CompactLocalizerSettings(input_maps=3, symmetric=True)
    with pytest.raises(ModelError, match="no even multiple of 5 heads"):
        CompactLocalizerSettings(heads=5)
    with pytest.raises(ModelError, match="no sequence layer 'lstm'; there are: transformer"):
        CompactLocalizer(replace(CompactLocalizerSettings(), sequence=("lstm",)))


@pytest.mark.parametrize("place_width", [0, 8])
def test_it_has_a_position_for_each_track_of_a_class(place_width):
    settings = CompactLocalizerSettings(input_maps=8, output_size=78, tracks=2, place_width=place_width)
    network = CompactLocalizer(settings).eval()
    assert network(torch.randn(2, 8, 26, 64)).shape == (2, 5, 78)
    with pytest.raises(ModelError, match="symmetric needs 1"):
        replace(settings, symmetric=True)
    with pytest.raises(ModelError, match="3 per class and track"):
        replace(settings, output_size=39, place_width=8)


def test_the_head_predicts_the_first_track_alone():
    torch.manual_seed(1)
    network = CompactLocalizer(CompactLocalizerSettings(input_maps=8, output_size=78, tracks=2, place_width=8)).eval()
    maps = torch.randn(1, 8, 26, 64)
    before = network(maps)
    assert network.place is not None
    torch.nn.init.normal_(network.place.leave[-1].weight)
    changed = (network(maps) != before).any(dim=0).any(dim=0)
    assert changed.tolist() == [False] * 13 + [True] * 26 + [False] * 39


def test_an_unknown_pair_is_told_as_zeros():
    network = CompactLocalizer(CompactLocalizerSettings(told=True)).eval()
    maps, pair = torch.randn(2, 4, 26, 64), torch.tensor([[1.0, 0.5, 0.0, 0.5, 0.0, 0.0]]).expand(2, -1)
    assert network.is_told
    assert not CompactLocalizer().is_told
    assert torch.equal(network(maps), network(maps, torch.zeros(2, 6)))
    assert not torch.equal(network(maps), network(maps, pair))
