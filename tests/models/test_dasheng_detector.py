"""The detector on Dasheng: frames, ways of upsampling, several maps."""

from dataclasses import replace

import pytest
import torch

from whence.errors import ModelError
from whence.models.blocks import share_time
from whence.models.dasheng import DashengSettings
from whence.models.dasheng_detector import DashengDetector, DashengDetectorSettings

TINY = DashengDetectorSettings(
    DashengSettings(width=12, depth=1, heads=3, mel_count=8), mel_count=8, hidden=(6, 5), dropout=0.0
)


@pytest.mark.parametrize(("frames", "label_frames"), [(501, 50), (51, 5), (50, 5), (1001, 100), (11, 1)])
def test_there_is_a_row_for_each_label_frame(frames, label_frames):
    net = DashengDetector(TINY).eval()
    assert net(torch.zeros(2, 1, frames, 8)).shape == (2, label_frames, 13)


def test_the_full_size_has_the_paper_encoder_and_a_small_head():
    with torch.device("meta"):
        net = DashengDetector()
    assert net.encoder.settings == DashengSettings()
    assert net.parameter_count() / 1e6 == pytest.approx(85.98, abs=0.02)


def interpolated(tokens, label_frames):
    """Between the centres of tokens, at the centres of label frames that cover the same time, one by one."""
    positions = ((torch.arange(label_frames) + 0.5) * tokens.shape[1] / label_frames - 0.5).clamp(
        0, tokens.shape[1] - 1
    )
    found = []
    for position in positions.tolist():
        left = min(int(position), tokens.shape[1] - 2)
        found.append(tokens[:, left] + (position - left) * (tokens[:, left + 1] - tokens[:, left]))
    return torch.stack(found, dim=1)


@pytest.mark.parametrize("upsampling", ["share", "line"])
def test_forward_is_encoder_upsampling_and_layers(upsampling):
    torch.manual_seed(1)
    net = DashengDetector(replace(TINY, upsampling=upsampling)).eval()
    mel = torch.randn(2, 1, 51, 8)
    tokens = net.encoder(mel)
    x = share_time(tokens, 2, 5) if upsampling == "share" else interpolated(tokens, 5)
    for layer in net.layers:
        norm = layer.norm
        x = (x @ layer.linear.weight.T + layer.linear.bias - norm.running_mean) / (norm.running_var + 1e-5).sqrt()
        x = (x * norm.weight + norm.bias).clamp(min=0)
    torch.testing.assert_close(net(mel), net.output_layer(x), rtol=1e-4, atol=1e-5)


def test_several_maps_are_encoded_alike_and_their_order_does_not_matter():
    torch.manual_seed(2)
    net = DashengDetector(replace(TINY, input_maps=2)).eval()
    mel = torch.randn(2, 2, 51, 8)
    # Sums may be taken in another order at another position in a batch.
    torch.testing.assert_close(net(mel), net(mel.flip(1)), rtol=1e-4, atol=1e-5)
    same = mel[:, :1].expand(-1, 2, -1, -1)
    torch.testing.assert_close(net(same), net(mel[:, :1]), rtol=1e-4, atol=1e-5)


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="upsampling is 'cubic'"):
        DashengDetectorSettings(upsampling="cubic")
    with pytest.raises(ModelError, match="32 mel bands, but 64 in encoder"):
        DashengDetectorSettings(mel_count=32)
