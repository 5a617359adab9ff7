"""Pieces laid into lanes, against a loop over samples."""

import numpy as np
import torch
from hypothesis import given, settings, strategies as st
from tiny_banks import sounds_of

from whence.scenes.scene import Piece
from whence.scenes.voices import Lane, lay_pieces

RNG = np.random.default_rng(0)
SOUNDS = sounds_of([RNG.normal(size=400) * 0.1, RNG.normal(size=300) * 3])
CPU = torch.device("cpu")

PIECES = st.builds(
    Piece,
    sound=st.integers(0, 1),
    first_sample=st.integers(0, 100),
    sample_count=st.integers(1, 200),
    start_sample=st.integers(-250, 350),
    fade_in_samples=st.integers(0, 150),
    fade_out_samples=st.integers(0, 150),
)


def by_loop(pieces, start, end, count):
    """One lane, sample by sample."""
    lane = np.zeros(count)
    for piece in pieces:
        wave = SOUNDS.waveform(piece.sound)
        for k in range(piece.sample_count):
            moment = piece.start_sample + k
            value = float(wave[piece.first_sample + k])
            if k < piece.fade_in_samples:
                value *= np.sin((k + 0.5) / piece.fade_in_samples * np.pi / 2) ** 2
            to_end = piece.sample_count - 1 - k
            if to_end < piece.fade_out_samples:
                value *= np.sin((to_end + 0.5) / piece.fade_out_samples * np.pi / 2) ** 2
            if start <= moment < min(end, start + count):
                lane[moment - start] += value
    return lane


def fitted(piece):
    """The piece with fades no longer than itself."""
    longest = piece.sample_count
    fades = min(piece.fade_in_samples, longest), min(piece.fade_out_samples, longest)
    return Piece(piece.sound, piece.first_sample, longest, piece.start_sample, *fades)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PIECES, max_size=4), min_size=1, max_size=3), st.integers(-100, 50), st.integers(60, 300))
def test_lanes_hold_what_a_loop_over_samples_gives(lanes, start, end):
    laid, wanted = [], []
    for number, pieces in enumerate(lanes):
        laid.append(Lane([fitted(piece) for piece in pieces], 400 * number, 400, start, end))
        wanted.append(by_loop(laid[-1].pieces, start, end, 400))
    found = lay_pieces(laid, SOUNDS, CPU)
    np.testing.assert_allclose(found.numpy(), np.concatenate(wanted), atol=2e-6)


def test_no_lanes_and_empty_lanes_are_silence():
    assert lay_pieces([], SOUNDS, CPU).shape == (0,)
    assert not lay_pieces([Lane([], 0, 50, 0, 50)], SOUNDS, CPU).any()


def test_the_sounds_themselves_stay_untouched():
    before = SOUNDS.samples.copy()
    lay_pieces([Lane([Piece(0, 0, 400, 0, 100, 100)], 0, 400, 0, 400)], SOUNDS, CPU)
    np.testing.assert_array_equal(SOUNDS.samples, before)
