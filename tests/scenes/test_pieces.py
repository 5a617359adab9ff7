"""Crops, rows of short recordings, and long events filled from several."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tiny_banks import sounds_of, tiny_sounds

from whence.labels import STARSS23
from whence.scenes.pieces import crop, draw_pieces, fill_pieces
from whence.scenes.settings import SceneSettings

FOOTSTEPS, SPEECH = STARSS23.index("footsteps"), 0
RAMP = np.linspace(0.1, 1, 24_000)
SETTINGS = SceneSettings()
TINY = tiny_sounds(per_class=3)


def rng(seed=0):
    return np.random.default_rng([seed, 0, 0])


def test_a_whole_recording_keeps_its_beginning_and_fades_at_its_end():
    piece = crop(sounds_of([RAMP]), 0, 0, 24_000, 500)
    assert (piece.first_sample, piece.sample_count, piece.start_sample, piece.end_sample) == (0, 24_000, 500, 24_500)
    assert (piece.fade_in_samples, piece.fade_out_samples) == (0, 120)


def test_a_cut_fades_in():
    assert crop(sounds_of([RAMP]), 0, 1, 23_999, 0).fade_in_samples == 120


def test_a_very_short_crop_is_not_all_fade():
    piece = crop(sounds_of([RAMP]), 0, 10, 100, 0)
    assert (piece.fade_in_samples, piece.fade_out_samples) == (50, 50)


@pytest.mark.parametrize("seed", range(20))
def test_a_crop_has_the_drawn_duration_and_lies_within_its_recording(seed):
    settings = SceneSettings(event_duration_s=(0.2, 0.6))
    (piece,) = draw_pieces(rng(seed), settings, sounds_of([RAMP]), 0, -300)
    assert 4_800 <= piece.sample_count <= 14_400
    assert 0 <= piece.first_sample <= 24_000 - piece.sample_count
    assert piece.start_sample == -300


def test_a_recording_shorter_than_the_drawn_duration_is_used_whole():
    (piece,) = draw_pieces(rng(), SceneSettings(event_duration_s=(2.0, 3.0)), sounds_of([RAMP]), 0, 0)
    assert (piece.first_sample, piece.sample_count) == (0, 24_000)


def test_durations_may_be_set_for_a_class():
    settings = SceneSettings(event_duration_s=(2.0, 3.0), event_duration_s_of={"female speech": (0.1, 0.1)})
    assert draw_pieces(rng(), settings, sounds_of([RAMP]), 0, 0)[0].sample_count == 2_400


def test_single_steps_become_a_walk():
    steps = sounds_of([RAMP[:6_000], RAMP[:7_000], RAMP], [FOOTSTEPS] * 3)
    settings = SceneSettings(event_duration_s=(4.0, 4.0))
    pieces = draw_pieces(rng(), settings, steps, 0, 1_000)
    starts = np.array([piece.start_sample for piece in pieces])
    assert starts[0] == 1_000
    assert 6 <= len(pieces) <= 10
    assert (np.diff(starts) > 0.8 * 0.4 * 24_000).all()
    assert (np.diff(starts) < 1.2 * 0.65 * 24_000).all()
    # The bank gives every recording an origin of its own here, so each step is the same one.
    assert {piece.sound for piece in pieces} == {0}


def test_steps_of_one_origin_take_turns():
    bank = sounds_of([RAMP[:6_000]] * 4, [FOOTSTEPS] * 4)
    object.__setattr__(bank, "recording", ("a", "a", "b", "a"))
    chosen = {
        p.sound for seed in range(5) for p in draw_pieces(rng(seed), SceneSettings(event_duration_s=(5, 5)), bank, 1, 0)
    }
    assert chosen == {0, 1, 3}


def test_a_long_recording_of_steps_is_a_walk_already():
    assert len(draw_pieces(rng(), SETTINGS, sounds_of([RAMP], [FOOTSTEPS]), 0, 0)) == 1


@given(seed=st.integers(0, 1_000), start=st.integers(-9_600, 50_000), length=st.integers(1, 200_000))
def test_a_filled_event_lasts_as_asked_without_holes(seed, start, length):
    pieces = fill_pieces(rng(seed), SETTINGS, TINY, SPEECH, start, start + length)
    assert pieces[0].start_sample == start
    assert start + length - 120 <= pieces[-1].end_sample <= start + length
    for early, late in pairwise(pieces):
        assert late.start_sample == early.end_sample - early.fade_out_samples
        assert late.fade_in_samples <= late.sample_count // 2
    for piece in pieces:
        assert TINY.class_index[piece.sound] == SPEECH
        assert piece.first_sample + piece.sample_count <= np.diff(TINY.first_sample)[piece.sound]


def test_an_event_of_steps_is_filled_with_a_row():
    steps = sounds_of([RAMP[:6_000]], [FOOTSTEPS])
    pieces = fill_pieces(rng(), SETTINGS, steps, FOOTSTEPS, 0, 96_000)
    assert len(pieces) >= 5
    assert all(piece.sample_count == 6_000 for piece in pieces)
