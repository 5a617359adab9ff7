"""Direct and diffuse sound, the cues made of it, and the histogram of onsets."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.errors import ModelError
from whence.features import midside_settings
from whence.features.front_end import StereoMaps
from whence.models.spatial_statistics import (
    BANDS,
    DIRECTION_BANDS,
    DIRECTION_CUES,
    DISTANCE_CUES,
    EDGES,
    bin_edges,
    cumulative_share,
    direct_and_diffuse,
    direction_cues,
    distance_cues,
    median_and_spread,
    onset_cues,
    onset_histogram,
)


@given(st.floats(0.05, 10), st.floats(0, 10), st.floats(-0.95, 0.95))
def test_a_wave_and_a_diffuse_field_are_separated(direct, diffuse, sine):
    mid, side, cross = direct + diffuse, sine**2 * direct + diffuse / 3, sine * direct
    share, found = direct_and_diffuse(*torch.tensor([mid, side, cross], dtype=torch.float64).unbind())
    assert float(share) == pytest.approx(diffuse / mid, abs=1e-6)
    assert float(found) == pytest.approx(cross / (direct + 0.02 * mid), abs=1e-6)


def test_powers_that_no_such_field_has_stay_in_range():
    share, sine = direct_and_diffuse(*(torch.rand(3, 1_000) * torch.logspace(-9, 3, 1_000)))
    assert ((share >= 0) & (share <= 1)).all()
    assert (sine.abs() <= 1.2).all()
    assert not torch.cat(direct_and_diffuse(*torch.zeros(3, 1))).isnan().any()


def recorded(direct, sine, seed=1):
    """Five seconds of a noise from one direction in a diffuse noise of power 1 - direct."""
    wave, mid, side = np.random.default_rng(seed).standard_normal((3, 120_000)) * 0.1
    rest = 1 - direct
    mid = np.sqrt(direct) * wave + np.sqrt(rest) * mid
    side = np.sqrt(direct) * sine * wave + np.sqrt(rest / 3) * side
    return torch.from_numpy(np.stack([mid + side, mid - side])[None]).float()


def test_distance_cues_show_the_diffuse_share():
    for direct, sine in ((0.9, 0.0), (0.5, 0.6), (0.1, -0.8)):
        cues = distance_cues(StereoMaps(midside_settings())(recorded(direct, sine)), 5)
        assert cues.shape == (1, 50, DISTANCE_CUES)
        widest = cues.reshape(50, -1, BANDS)[:, 4:6].mean(dim=(0, 2))  # share and sine over 2.1 s
        assert float(widest[0]) == pytest.approx(1 - direct, abs=0.06)
        assert float(widest[1]) == pytest.approx(abs(sine), abs=0.15)


def test_distance_cues_are_the_same_for_swapped_channels():
    audio = recorded(0.5, 0.6)
    front_end = StereoMaps(midside_settings())
    one, other = (distance_cues(front_end(sound), 5) for sound in (audio, audio.flip(1)))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)


def test_direction_cues_have_the_sign_of_the_side():
    for direct, sine in ((0.95, 0.0), (0.9, 0.6), (0.8, -0.8)):
        cues = direction_cues(StereoMaps(midside_settings())(recorded(direct, sine)), 5)
        assert cues.shape == (1, 50, DIRECTION_CUES)
        widest = cues.reshape(50, -1, DIRECTION_BANDS)[:, 2].mean()  # over 2.1 s
        assert float(widest) == pytest.approx(sine, abs=0.1)


def test_directions_change_sides_with_the_channels():
    audio = recorded(0.8, 0.6)
    front_end = StereoMaps(midside_settings())
    one, other = (
        direction_cues(front_end(sound), 5).reshape(50, -1, DIRECTION_BANDS) for sound in (audio, audio.flip(1))
    )
    torch.testing.assert_close(one[:, :4], -other[:, :4], rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(one[:, 4], other[:, 4], rtol=1e-3, atol=1e-2)


def test_levels_of_bands_are_relative_to_the_loudest():
    maps = torch.full((1, 4, 5, 64), -60.0)
    maps[:, 2:] = 0.0
    maps[:, 0, :, 8:12] = -30.0
    levels = direction_cues(maps, 5)[0, 0, -DIRECTION_BANDS:]
    assert levels[2] == 0.0
    assert levels[torch.arange(DIRECTION_BANDS) != 2] == pytest.approx(-30.0, abs=1e-3)


def test_silence_has_finite_cues():
    maps = StereoMaps(midside_settings())(torch.zeros(1, 2, 24_000))
    assert distance_cues(maps, 5).isfinite().all()
    assert direction_cues(maps, 5).isfinite().all()


def maps_of(sines, levels_db, frames=10, bands=64):
    """Maps in which every cell of feature frame t has the sine and the level of that frame."""
    maps = torch.zeros(1, 6, frames, bands)
    maps[0, 4] = torch.tensor(sines)[:, None]
    maps[0, 5] = torch.tensor(levels_db)[:, None]
    return maps


def median_of(maps):
    weight_right, total = onset_histogram(maps, 5)
    return median_and_spread(cumulative_share(weight_right, total))


@given(st.floats(-85, 85))
def test_a_single_direction_is_the_median_and_has_no_spread(azimuth_deg):
    median, spread = median_of(maps_of([math.sin(math.radians(azimuth_deg))] * 10, [0.0] * 10))
    assert median.shape == (1, 2)
    assert median[0].tolist() == pytest.approx([azimuth_deg / 90] * 2, abs=0.05)
    assert spread[0].tolist() == pytest.approx([0.0] * 2, abs=1e-3)


def test_the_median_does_not_depend_on_how_far_away_outliers_are():
    most = [0.5, 0.5, 0.5, 0.5]
    near, far = (median_of(maps_of([*most, other] * 2, [0.0] * 10)) for other in (0.3, -1.0))
    assert float(near[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)
    assert float(far[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)
    assert float(far[1][0, 0]) > 2 * float(near[1][0, 0]) > 0


def test_loud_onsets_weigh_more():
    loud, faint = (
        median_of(maps_of([-0.5, 0.5, 0.5, 0.5, 0.5] * 2, [level] + [0.0] * 4 + [level] + [0.0] * 4))
        for level in (20.0, -20.0)
    )
    assert float(loud[0][0, 0]) == pytest.approx(-30 / 90, abs=0.05)
    assert float(faint[0][0, 0]) == pytest.approx(30 / 90, abs=0.05)


def test_without_onsets_the_median_is_ahead():
    median, _ = median_of(maps_of([0.9] * 10, [-40.0] * 10))
    assert median.tolist() == [pytest.approx([0.0, 0.0], abs=1e-6)]


def test_sums_over_frames_are_those_of_the_event():
    maps = maps_of([0.1, 0.9, -0.4, 0.7, 0.2] * 2, [0.0, 3.0, -5.0, 1.0, -2.0] * 2)
    weight_right, total = onset_histogram(maps, 5)
    whole_weight_right, whole_total = onset_histogram(maps, 10)
    torch.testing.assert_close(weight_right.sum(dim=1), whole_weight_right[:, 0], rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(total.sum(dim=1), whole_total[:, 0], rtol=1e-5, atol=1e-3)
    # Each edge has a sum of its own, and float32 sums of 320 weights may differ by some 320 * 6e-8 of them.
    assert (weight_right.diff(dim=2) >= -2e-5 * total).all()
    assert weight_right.shape == (1, 2, EDGES)


def test_bands_have_their_own_sines_and_levels():
    maps = maps_of([0.5] * 10, [-40.0] * 10)
    maps[0, 5, :, 8:16] = 0.0  # the second of eight
    found = onset_cues(maps, 5)[0, 0]
    assert found[:BANDS].tolist() == pytest.approx([0.0, 0.5, 0, 0, 0, 0, 0, 0], abs=1e-3)
    assert int(found[BANDS:].argmax()) == 1


def test_edges_lie_evenly_and_alike_on_both_sides():
    edges = bin_edges(torch.zeros(0))
    torch.testing.assert_close(edges, -edges.flip(0))
    assert edges.diff().tolist() == pytest.approx([2 / EDGES] * (EDGES - 1), abs=1e-6)


def test_bands_that_do_not_divide_are_refused():
    with pytest.raises(ModelError, match="onset maps of 40 bands; they must be a multiple of 16"):
        onset_cues(torch.zeros(1, 6, 10, 40), 5)
