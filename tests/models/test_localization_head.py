"""Azimuths and distances from statistics over an event, and which layers their gradients reach."""

import numpy as np
import pytest
import torch

from whence.errors import ModelError
from whence.models.compact_localizer import CompactLocalizer, CompactLocalizerSettings
from whence.models.localization_head import LocalizationHead, _event_weights

SMALL = CompactLocalizerSettings(
    channels=(4, 4, 4, 8), width=16, heads=2, sequence=("gru",), input_maps=6, place_width=8
)


def test_frames_of_a_class_alone_weigh_most():
    active = torch.rand(2, 7, 3)
    found = _event_weights(active)
    for clip in range(2):
        for k in range(3):
            others = [c for c in range(3) if c != k]
            weights = [float(a[k] * (0.05 + (1 - a[others].clamp(max=0.98)).prod())) for a in active[clip]]
            assert found[clip, :, k].numpy() == pytest.approx(np.array(weights) / (sum(weights) + 1e-3), rel=1e-4)


def test_distances_give_gradients_to_the_head_and_not_to_the_trunk():
    torch.manual_seed(1)
    net = CompactLocalizer(SMALL)
    net(torch.randn(2, 6, 50, 64))[:, :, 26:].square().sum().backward()
    trunk = [p.grad for name, p in net.named_parameters() if not name.startswith("place.")]
    assert not any(grad is not None and grad.any() for grad in trunk)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.place.parameters())


def test_azimuths_give_gradients_to_trunk_and_head():
    torch.manual_seed(1)
    net = CompactLocalizer(SMALL)
    net(torch.randn(2, 6, 50, 64))[:, :, 13:26].square().sum().backward()
    # The activities have an error of their own, and the last layer's rows for them none of this.
    assert net.stem[0].weight.grad.abs().sum() > 0
    assert net.output_layer.weight.grad[:13].abs().sum() == 0
    assert net.place.leave[-1].weight.grad[0].abs().sum() > 0


def predicted(head, maps, activity):
    return head(maps, torch.zeros(1, 10, 4), activity, torch.zeros(1, 10, 3))


def test_maps_within_an_event_change_the_predictions_of_its_class_everywhere():
    torch.manual_seed(1)
    head = LocalizationHead(3, 4, 5, 8, 0.0).eval()
    torch.nn.init.normal_(head.of_class)
    maps, activity = torch.randn(1, 6, 50, 64), torch.full((1, 10, 3), -9.0)
    activity[:, 2:5, 1] = 9.0
    changed = maps.clone()
    changed[:, :, 10:25] += 3.0
    for one, other in zip(predicted(head, maps, activity), predicted(head, changed, activity), strict=True):
        assert one.shape == (1, 10, 3)
        assert (one != other)[:, :, 1].all()


def without_correction(head, onset_logit):
    """A head that corrects nothing and gives onsets this weight."""
    torch.nn.init.zeros_(head.leave[-1].weight)
    torch.nn.init.zeros_(head.leave[-1].bias)
    head.leave[-1].bias.data[2] = onset_logit
    return head.eval()


def test_an_azimuth_that_needs_no_correction_stays():
    head = without_correction(LocalizationHead(3, 4, 5, 8, 0.0), onset_logit=-20.0)
    azimuth = torch.randn(1, 10, 3)
    found, _ = head(torch.randn(1, 6, 50, 64), torch.randn(1, 10, 4), torch.randn(1, 10, 3), azimuth)
    torch.testing.assert_close(found.tanh(), 0.999 * azimuth.tanh())


def test_each_class_gets_the_direction_of_its_own_onsets():
    head = without_correction(LocalizationHead(2, 4, 5, 8, 0.0), onset_logit=20.0)
    maps, activity = torch.zeros(1, 6, 50, 64), torch.full((1, 10, 2), -9.0)
    activity[:, :5, 0], activity[:, 5:, 1] = 9.0, 9.0
    maps[:, 4, :25], maps[:, 4, 25:] = 0.5, -0.5
    found, _ = head(maps, torch.randn(1, 10, 4), activity, torch.zeros(1, 10, 2))
    assert found[0].tanh().mean(dim=0).tolist() == pytest.approx([1 / 3, -1 / 3], abs=0.05)
    assert found[0].tanh().std(dim=0).max() < 1e-3


def test_predictions_stay_finite_for_extreme_azimuths():
    head = LocalizationHead(3, 4, 5, 8, 0.0).eval()
    azimuth = torch.tensor([1e4, -1e4, 0.0]).expand(1, 10, 3)
    for found in head(torch.zeros(1, 6, 50, 64), torch.zeros(1, 10, 4), torch.zeros(1, 10, 3), azimuth):
        assert found.isfinite().all()


@pytest.mark.parametrize("frames", [251, 53, 5])
def test_a_localizer_with_it_has_the_same_shape(frames):
    assert CompactLocalizer(SMALL).eval()(torch.randn(2, 6, frames, 64)).shape == (2, frames // 5, 39)


def test_settings_it_cannot_work_with_are_refused():
    for wrong, sentence in (
        ({"output_size": 26}, "output_size is 26; place_width and symmetric need 3 per class"),
        ({"input_maps": 4}, "input_maps is 4; place_width needs the 6 or 8 of midside_onsets"),
        ({"mel_count": 48}, "mel_count is 48; place_width needs a multiple of 32"),
        ({"place_width": 7}, "place_width is 7; it must be even"),
    ):
        with pytest.raises(ModelError, match=sentence):
            CompactLocalizerSettings(**{"input_maps": 6, "place_width": 8, **wrong})
