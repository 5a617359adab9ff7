"""Direct and diffuse sound: the solved field, and what the statistics of it see."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from whence.features import midside_settings
from whence.features.front_end import StereoMaps
from whence.models.room_statistics import (
    BANDS,
    DIRECTION_BANDS,
    DIRECTIONS,
    STATISTICS,
    direct_and_diffuse,
    direction_statistics,
    room_statistics,
)


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
        told = room_statistics(StereoMaps(midside_settings())(heard(direct, sine)), 5)
        assert told.shape == (1, 50, STATISTICS)
        widest = told.reshape(50, -1, BANDS)[:, 4:6].mean(dim=(0, 2))  # share and sine over 2.1 s
        assert float(widest[0]) == pytest.approx(1 - direct, abs=0.06)
        assert float(widest[1]) == pytest.approx(abs(sine), abs=0.15)


def test_statistics_do_not_know_left_from_right():
    audio = heard(0.5, 0.6)
    front_end = StereoMaps(midside_settings())
    one, other = (room_statistics(front_end(sound), 5) for sound in (audio, audio.flip(1)))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)


def test_directions_of_sound_are_told_with_their_side():
    for direct, sine in ((0.95, 0.0), (0.9, 0.6), (0.8, -0.8)):
        told = direction_statistics(StereoMaps(midside_settings())(heard(direct, sine)), 5)
        assert told.shape == (1, 50, DIRECTIONS)
        widest = told.reshape(50, -1, DIRECTION_BANDS)[:, 2].mean()  # over 2.1 s
        assert float(widest) == pytest.approx(sine, abs=0.1)


def test_directions_change_sides_with_the_channels():
    audio = heard(0.8, 0.6)
    front_end = StereoMaps(midside_settings())
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
    maps = StereoMaps(midside_settings())(torch.zeros(1, 2, 24_000))
    assert room_statistics(maps, 5).isfinite().all()
    assert direction_statistics(maps, 5).isfinite().all()
