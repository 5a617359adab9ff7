"""The small detector: size, frames, maps, no recurrence if so wished."""

from dataclasses import replace

import pytest
import torch

from whence.errors import ModelError
from whence.models.compact_detector import CompactDetector, CompactDetectorSettings
from whence.models.yamnet import YamnetSettings


def test_it_stays_under_five_million_parameters():
    assert CompactDetector().parameter_count() < 5e6


@pytest.mark.parametrize("halvings", [2, 3, 5])
@pytest.mark.parametrize(("frames", "label_frames"), [(500, 50), (100, 10), (107, 10)])
def test_there_is_a_row_for_each_label_frame(halvings, frames, label_frames):
    net = CompactDetector(CompactDetectorSettings(YamnetSettings(halvings, width=0.125), width=8, recurrent=4)).eval()
    assert net(torch.zeros(1, 1, frames, 64)).shape == (1, label_frames, 13)


def test_recurrence_can_be_left_out():
    net = CompactDetector(CompactDetectorSettings(width=8, recurrent=0)).eval()
    assert net(torch.zeros(1, 1, 100, 64)).shape == (1, 10, 13)
    assert not any(isinstance(module, torch.nn.GRU) for module in net.modules())


def test_left_and_right_are_interchangeable():
    torch.manual_seed(1)
    net = CompactDetector(replace(CompactDetectorSettings(), input_maps=2, width=8, recurrent=4)).eval()
    maps = torch.randn(1, 2, 100, 64)
    # Sums may be taken in another order at another position in a batch.
    torch.testing.assert_close(net(maps), net(maps.flip(1)), rtol=1e-4, atol=1e-5)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="mel_count is 32; the encoder takes 64"):
        CompactDetectorSettings(mel_count=32)
    with pytest.raises(ModelError, match="recurrent is 3; it must be even"):
        CompactDetectorSettings(recurrent=3)
