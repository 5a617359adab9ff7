"""The diffuse background: its statistics, its loops, its level."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from tiny_banks import sounds_of

from whence.corpora import BACKGROUND
from whence.errors import SceneError
from whence.scenes.scene import Background
from whence.scenes.transforms.diffuse_background import (
    DiffuseBackgroundSettings,
    apply_diffuse_background,
    background_factor,
    draw_diffuse_background,
    loop,
)
from whence.scenes.voices import Lane, lay_pieces

NOISE = np.random.default_rng(0).normal(size=96_000).astype(np.float32)
BANK = sounds_of([NOISE / 5, NOISE[:9_000] / 5], [BACKGROUND, BACKGROUND])


def drawn(seed=0, sample_count=48_000, bank=BANK, **settings):
    settings = DiffuseBackgroundSettings(**settings)
    return draw_diffuse_background(np.random.default_rng(seed), settings, bank, sample_count)


@pytest.mark.parametrize("seed", range(50))
def test_the_waves_of_a_recording_come_from_a_turned_tetrahedron(seed):
    background = drawn(seed, recordings=(2, 2))
    for four in (background.waves[:4], background.waves[4:]):
        y = np.array([wave.y for wave in four])
        assert y.sum() == pytest.approx(0, abs=1e-12)
        assert (y**2).sum() == pytest.approx(4 / 3)
        assert np.abs(y).max() <= 1
        assert len({wave.pieces[0].sound for wave in four}) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_figure_of_eight_has_a_third_of_the_power_and_is_uncorrelated(seed):
    background = drawn(seed, sample_count=48_000, recordings=(1, 1), bank=sounds_of([NOISE / 5], [BACKGROUND]))
    lanes = [Lane(wave.pieces, 48_000 * i, 48_000, 0, 48_000) for i, wave in enumerate(background.waves)]
    waves = lay_pieces(lanes, sounds_of([NOISE / 5], [BACKGROUND]), torch.device("cpu")).view(4, -1)
    left, right = apply_diffuse_background(waves, [wave.y for wave in background.waves]).double()
    omni, side = (left + right) / 2, (left - right) / 2
    assert float(omni.square().mean()) == pytest.approx(1, rel=0.05)
    assert float(side.square().mean()) == pytest.approx(1 / 3, rel=0.08)
    assert abs(float((omni * side).mean())) < 0.03


def test_left_and_right_are_the_plain_sum_over_waves():
    waves = torch.randn(8, 500, generator=torch.Generator().manual_seed(0)) * torch.arange(8)[:, None]
    y = np.linspace(-1, 1, 8)
    found = apply_diffuse_background(waves, y.tolist()).double().numpy()
    omni, side = np.zeros(500), np.zeros(500)
    for wave, left in zip(waves.double().numpy(), y, strict=True):
        rms = np.sqrt(np.mean(wave**2))
        if rms > 0:
            omni += wave / rms / np.sqrt(8)
            side += left * wave / rms / np.sqrt(8)
    np.testing.assert_allclose(found, np.stack([omni + side, omni - side]), atol=2e-6)


@given(length=st.integers(5, 20_000), first=st.integers(0, 19_999), count=st.integers(1, 60_000))
def test_a_loop_covers_the_clip_without_holes(length, first, count):
    pieces = loop(0, length, first % length, count)
    assert pieces[0].start_sample == 0
    assert pieces[-1].end_sample >= count
    for early, late in pairwise(pieces):
        assert late.start_sample == early.end_sample - early.fade_out_samples
        assert late.fade_in_samples == early.fade_out_samples
    for piece in pieces:
        assert piece.first_sample >= 0
        assert piece.first_sample + piece.sample_count <= length


def test_a_loop_of_a_constant_stays_constant():
    bank = sounds_of([np.ones(6_000)])
    pieces = loop(0, 6_000, 2_000, 20_000)
    steady = lay_pieces([Lane(pieces, 0, 20_000, 0, 20_000)], bank, torch.device("cpu"))
    np.testing.assert_allclose(steady.numpy(), 1.0, atol=1e-5)


def test_the_four_starting_points_are_apart():
    for seed in range(30):
        background = drawn(seed, recordings=(1, 1), bank=sounds_of([NOISE], [BACKGROUND]))
        starts = np.sort([wave.pieces[0].first_sample for wave in background.waves])
        assert np.diff([*starts, starts[0] + 96_000]).min() > 96_000 / 8 - 1_300


def test_levels_and_counts_are_drawn_from_their_ranges():
    backgrounds = [drawn(seed, snr_db=(3.0, 4.0), level_dbfs=(-61.0, -60.0)) for seed in range(40)]
    assert {len(background.waves) for background in backgrounds} == {4, 8}
    assert all(3 <= b.snr_db <= 4 and -61 <= b.level_dbfs <= -60 for b in backgrounds)
    assert drawn(probability=0.0) is None


def test_a_bank_without_background_is_refused():
    with pytest.raises(SceneError, match=r"holds no background; add some, or set diffuse_background\.probability to 0"):
        drawn(bank=sounds_of([NOISE]))


def test_the_factor_gives_the_ratio_or_the_level():
    background = Background((), snr_db=20.0, level_dbfs=-40.0)
    assert background_factor(background, 1.0, 4.0) == pytest.approx(0.05)
    assert background_factor(background, None, 4.0) == pytest.approx(0.005)
    assert background_factor(background, 1.0, 0.0) == 0.0
