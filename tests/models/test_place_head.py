"""Places from how diffuse a sound is: the solved field, what the statistics see, and who learns from them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whence.features.front_end import StereoMaps
from whence.features.settings import midside
from whence.models.compact_localizer import CompactLocalizer, CompactLocalizerSettings
from whence.models.errors import ModelError
from whence.models.place_head import (
    BANDS,
    DIRECTION_BANDS,
    DIRECTIONS,
    STATISTICS,
    PlaceHead,
    _shares,
    direct_and_diffuse,
    direction_statistics,
    room_statistics,
)

SMALL = CompactLocalizerSettings(channels=(4, 4, 4, 8), width=16, heads=2, sequence=("gru",), place_width=8)


@given(st.floats(0.05, 10), st.floats(0, 10), st.floats(-0.95, 0.95))
def test_a_wave_in_a_diffuse_field_is_taken_apart(direct, diffuse, sine):
    mid, side, cross = direct + diffuse, sine**2 * direct + diffuse / 3, sine * direct
    share, found = direct_and_diffuse(*torch.tensor([mid, side, cross], dtype=torch.float64).unbind())
    assert float(share) == pytest.approx(diffuse / mid, abs=1e-6)
    assert float(found) == pytest.approx(cross / (direct + 0.02 * mid), abs=1e-6)


def test_powers_that_no_such_field_has_stay_in_range():
    share, sine = direct_and_diffuse(*(torch.rand(3, 1_000) * torch.logspace(-9, 3, 1_000)))
    assert ((share >= 0) & (share <= 1)).all()
    assert (sine.abs() <= 1.2).all()
    assert not torch.cat(direct_and_diffuse(*torch.zeros(3, 1))).isnan().any()


def heard(direct, sine, seed=1):
    """Five seconds of a noise from one direction in a diffuse noise of power 1 - direct."""
    wave, mid, side = np.random.default_rng(seed).standard_normal((3, 120_000)) * 0.1
    rest = 1 - direct
    mid = np.sqrt(direct) * wave + np.sqrt(rest) * mid
    side = np.sqrt(direct) * sine * wave + np.sqrt(rest / 3) * side
    return torch.from_numpy(np.stack([mid + side, mid - side])[None]).float()


def test_statistics_of_sound_see_how_much_of_it_is_direct():
    for direct, sine in ((0.9, 0.0), (0.5, 0.6), (0.1, -0.8)):
        told = room_statistics(StereoMaps(midside())(heard(direct, sine)), 5)
        assert told.shape == (1, 50, STATISTICS)
        widest = told.reshape(50, -1, BANDS)[:, 4:6].mean(dim=(0, 2))  # share and sine over 2.1 s
        assert float(widest[0]) == pytest.approx(1 - direct, abs=0.06)
        assert float(widest[1]) == pytest.approx(abs(sine), abs=0.15)


def test_statistics_do_not_know_left_from_right():
    audio = heard(0.5, 0.6)
    front_end = StereoMaps(midside())
    one, other = (room_statistics(front_end(sound), 5) for sound in (audio, audio.flip(1)))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)


def test_directions_of_sound_are_told_with_their_side():
    for direct, sine in ((0.95, 0.0), (0.9, 0.6), (0.8, -0.8)):
        told = direction_statistics(StereoMaps(midside())(heard(direct, sine)), 5)
        assert told.shape == (1, 50, DIRECTIONS)
        widest = told.reshape(50, -1, DIRECTION_BANDS)[:, 2].mean()  # over 2.1 s
        assert float(widest) == pytest.approx(sine, abs=0.1)


def test_directions_change_sides_with_the_channels():
    audio = heard(0.8, 0.6)
    front_end = StereoMaps(midside())
    one, other = (
        direction_statistics(front_end(sound), 5).reshape(50, -1, DIRECTION_BANDS) for sound in (audio, audio.flip(1))
    )
    torch.testing.assert_close(one[:, :4], -other[:, :4], rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(one[:, 4], other[:, 4], rtol=1e-3, atol=1e-2)


def test_a_band_tells_how_far_below_the_loudest_it_is():
    maps = torch.full((1, 4, 5, 64), -60.0)
    maps[:, 2:] = 0.0
    maps[:, 0, :, 8:12] = -30.0
    levels = direction_statistics(maps, 5)[0, 0, -DIRECTION_BANDS:]
    assert levels[2] == 0.0
    assert levels[torch.arange(DIRECTION_BANDS) != 2] == pytest.approx(-30.0, abs=1e-3)


def test_silence_has_finite_statistics():
    maps = StereoMaps(midside())(torch.zeros(1, 2, 24_000))
    assert room_statistics(maps, 5).isfinite().all()
    assert direction_statistics(maps, 5).isfinite().all()


def test_moments_that_a_class_has_for_itself_count_most():
    active = torch.rand(2, 7, 3)
    found = _shares(active)
    for clip in range(2):
        for k in range(3):
            others = [c for c in range(3) if c != k]
            weights = [float(a[k] * (0.05 + (1 - a[others].clamp(max=0.98)).prod())) for a in active[clip]]
            assert found[clip, :, k].numpy() == pytest.approx(np.array(weights) / (sum(weights) + 1e-3), rel=1e-4)


def test_the_trunk_learns_nothing_from_distances_and_the_head_does():
    torch.manual_seed(1)
    net = CompactLocalizer(SMALL)
    net(torch.randn(2, 4, 50, 64))[:, :, 26:].square().sum().backward()
    trunk = [p.grad for name, p in net.named_parameters() if not name.startswith("place.")]
    assert not any(grad is not None and grad.any() for grad in trunk)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.place.parameters())


def test_trunk_and_head_both_learn_directions():
    torch.manual_seed(1)
    net = CompactLocalizer(SMALL)
    net(torch.randn(2, 4, 50, 64))[:, :, 13:26].square().sum().backward()
    # The activities have an error of their own, and the last layer's rows for them none of this.
    assert net.stem[0].weight.grad.abs().sum() > 0
    assert net.output_layer.weight.grad[:13].abs().sum() == 0
    assert net.place.leave[-1].weight.grad[0].abs().sum() > 0


def told_places(head, maps, activity):
    return head(maps, torch.zeros(1, 10, 4), activity, torch.zeros(1, 10, 3))


def test_what_is_heard_in_an_event_changes_the_places_of_its_class_everywhere():
    torch.manual_seed(1)
    head = PlaceHead(3, 4, 5, 8, 0.0).eval()
    torch.nn.init.normal_(head.of_class)
    maps, activity = torch.randn(1, 4, 50, 64), torch.full((1, 10, 3), -9.0)
    activity[:, 2:5, 1] = 9.0
    changed = maps.clone()
    changed[:, :, 10:25] += 3.0
    for one, other in zip(told_places(head, maps, activity), told_places(head, changed, activity), strict=True):
        assert one.shape == (1, 10, 3)
        assert (one != other)[:, :, 1].all()


def test_an_azimuth_that_needs_no_correction_stays():
    head = PlaceHead(3, 4, 5, 8, 0.0).eval()
    torch.nn.init.zeros_(head.leave[-1].weight)
    torch.nn.init.zeros_(head.leave[-1].bias)
    azimuth = torch.randn(1, 10, 3)
    found, _ = head(torch.randn(1, 4, 50, 64), torch.randn(1, 10, 4), torch.randn(1, 10, 3), azimuth)
    torch.testing.assert_close(found, azimuth)


@pytest.mark.parametrize("frames", [251, 53, 5])
def test_a_localizer_with_it_has_the_same_shape(frames):
    assert CompactLocalizer(SMALL).eval()(torch.randn(2, 4, frames, 64)).shape == (2, frames // 5, 39)


def test_settings_it_cannot_work_with_are_refused():
    for wrong in ({"output_size": 26}, {"input_maps": 2}):
        with pytest.raises(ModelError, match="place_width and symmetric need activity, azimuth and distance"):
            CompactLocalizerSettings(place_width=8, **wrong)
    with pytest.raises(ModelError, match="mel_count is 48; place_width needs a multiple of 32"):
        CompactLocalizerSettings(place_width=8, mel_count=48)
    with pytest.raises(ModelError, match="place_width is 7; it must be even"):
        CompactLocalizerSettings(place_width=7)
