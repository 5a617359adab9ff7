"""Turning, aligning and block convolution of room responses."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from straightforward import eq_taps

from whence.audio import foa_to_stereo
from whence.scenes.scene import LEAD_SAMPLES
from whence.scenes.transforms.multiband_eq import HALF_WIDTH_SAMPLES
from whence.scenes.transforms.room_response import (
    Segment,
    align_direct_sound,
    apply_room_response,
    choose_grid,
    turn_to_stereo,
)

EQ = (3.0, -6.0, 2.0, 5.0, -1.0, 0.0, 4.0)


@given(st.floats(-720, 720), st.integers(0, 50))
def test_turning_equals_the_stereo_conversion_of_the_task(turn_deg, seed):
    foa = np.random.default_rng(seed).normal(size=(4, 9)).astype(np.float32)
    found = turn_to_stereo(torch.from_numpy(foa[None, [0, 1, 3]]), torch.tensor([turn_deg], dtype=torch.float64))
    np.testing.assert_allclose(found[0].numpy(), foa_to_stereo(foa, turn_deg), atol=2e-6)


def test_opposite_turns_of_mirrored_responses_are_exactly_exchanged():
    responses = torch.randn(5, 3, 40, generator=torch.Generator().manual_seed(0))
    mirrored = responses * torch.tensor([1.0, -1.0, 1.0])[:, None]
    turn = torch.linspace(0, 333, 5, dtype=torch.float64)
    assert torch.equal(turn_to_stereo(responses, turn), turn_to_stereo(mirrored, -turn).flip(1))


@settings(deadline=None, max_examples=25)
@given(taps=st.integers(1, 5_000), direct=st.integers(0, 300), frames=st.integers(1, 40), seed=st.integers(0, 99))
def test_blocks_equal_one_long_convolution(taps, direct, frames, seed):
    rng = np.random.default_rng(seed)
    direct = min(direct, taps - 1)
    grid = choose_grid(taps, direct, frames * 2_400)
    dry = rng.normal(size=grid.block_count * grid.block_samples).astype(np.float32)
    response = rng.normal(size=(1, 2, taps)).astype(np.float32)
    aligned = align_direct_sound(torch.from_numpy(response), [direct], grid)
    rows = torch.from_numpy(dry).view(-1, grid.block_samples)
    eq_db = EQ if seed % 2 else ()
    found = apply_room_response(rows, torch.fft.rfft(aligned), [Segment(0, 0, len(rows), 0, eq_db)], 1, grid)[0].numpy()
    for channel in range(2):
        taps_and_eq = np.convolve(response[0, channel], eq_taps(eq_db)) if eq_db else response[0, channel]
        before = direct + (HALF_WIDTH_SAMPLES if eq_db else 0)
        long = np.convolve(dry.astype(float), taps_and_eq)[before:]
        count = min(len(long), frames * 2_400 + LEAD_SAMPLES)
        np.testing.assert_allclose(found[channel, :count], long[:count], atol=3e-6 * np.abs(long).max())


def test_segments_add_up_within_their_clip_and_at_their_block():
    grid = choose_grid(500, 10, 48_000)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(5, grid.block_samples, generator=generator)
    aligned = align_direct_sound(torch.randn(3, 2, 500, generator=generator), [10, 0, 3], grid)
    segments = [Segment(0, 0, 2, 0, ()), Segment(1, 2, 1, 1, EQ), Segment(1, 3, 2, 0, ())]
    both = apply_room_response(rows, torch.fft.rfft(aligned), segments, 2, grid)
    for clip in range(2):
        alone = [
            apply_room_response(rows, torch.fft.rfft(aligned[i : i + 1]), [s], 2, grid)[clip]
            for i, s in enumerate(segments)
            if s.clip == clip
        ]
        assert (both[clip] - sum(alone)).abs().max() <= 2e-6 * both.abs().max()


@pytest.mark.parametrize(
    ("taps", "direct", "samples"),
    [(1, 0, 2_400), (19_200, 240, 120_000), (20_357, 0, 120_000), (240_000, 0, 120_000), (48_000, 100, 1_440_000)],
)
def test_a_grid_covers_the_clip_and_leaves_room_for_the_response(taps, direct, samples):
    grid = choose_grid(taps, direct, samples)
    assert grid.block_samples % 2_400 == 0
    assert grid.block_count * grid.block_samples >= samples + LEAD_SAMPLES
    # A block, a response with the equalizer's reach at both ends: their convolution must fit without wrapping.
    assert grid.block_samples + grid.before_samples + taps + HALF_WIDTH_SAMPLES - 1 <= grid.fft_length
    assert grid.before_samples == direct + HALF_WIDTH_SAMPLES
