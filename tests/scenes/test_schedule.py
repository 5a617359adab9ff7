"""What sounds when: the pool, the filling of a clip, the literal reading, interferers, and the crops of recordings."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tiny_banks import sounds_of, tiny_sounds

from whence.corpora import INTERFERENCE
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.scenes.schedule import (
    READINGS,
    crop,
    draw_interferer,
    draw_pieces,
    draw_pool,
    fill_clip,
    fill_pieces,
    scatter,
)
from whence.scenes.settings import SceneSettings

SOUNDS = tiny_sounds()
SETTINGS = SceneSettings(event_duration_s=(0.2, 0.9), event_duration_s_of={})


def rng(seed=0):
    return np.random.default_rng([seed, 0, 0])


def classes_of(pool):
    return Counter(SOUNDS.class_index[pool.sound].tolist())


@pytest.mark.parametrize("seed", range(10))
def test_a_pool_holds_4_to_6_instances_of_each_class(seed):
    counts = classes_of(draw_pool(rng(seed), SETTINGS, SOUNDS))
    assert sorted(counts) == list(range(13))
    assert all(4 <= count <= 6 for count in counts.values())


def test_all_three_counts_occur_and_instances_repeat():
    pools = [draw_pool(rng(seed), SETTINGS, SOUNDS) for seed in range(20)]
    assert {count for pool in pools for count in classes_of(pool).values()} == {4, 5, 6}
    assert any(len(set(pool.sound.tolist())) < len(pool.sound) for pool in pools)


def test_extra_classes_are_drawn_once_more():
    settings = replace(SETTINGS, extra_classes=("bell", "bell", "knock"))
    counts = classes_of(draw_pool(rng(), settings, SOUNDS))
    assert 12 <= counts[STARSS23.index("bell")] <= 18
    assert 8 <= counts[STARSS23.index("knock")] <= 12


def test_a_weight_of_zero_leaves_a_class_out():
    pool = draw_pool(rng(), replace(SETTINGS, class_weights={"music": 0, "bell": 3}), SOUNDS)
    kinds = SOUNDS.class_index[pool.sound]
    assert STARSS23.index("music") not in kinds
    assert set(pool.weight[kinds == STARSS23.index("bell")]) == {3.0}
    assert set(pool.weight[kinds != STARSS23.index("bell")]) == {1.0}


def test_a_class_without_sounds_is_refused_by_name():
    with pytest.raises(
        SceneError, match=r"no sound of class 'male speech'; add some, or set class_weights.male speech to 0"
    ):
        draw_pool(rng(), SETTINGS, sounds_of([np.ones(3_000)]))


def test_a_pool_of_nothing_is_refused():
    with pytest.raises(SceneError, match="leaves no class"):
        draw_pool(rng(), replace(SETTINGS, class_weights=dict.fromkeys(STARSS23.names, 0)), SOUNDS)


def most_at_once(slots):
    """Largest number of slots that sound at one moment."""
    return max((sum(o.start_sample <= s.start_sample < o.end_sample for o in slots) for s in slots), default=0)


@pytest.mark.parametrize("strands", [1, 2, 3, 4])
def test_no_more_sources_sound_at_once_than_drawn(strands):
    settings = replace(SETTINGS, polyphony_weights=(0,) * (strands - 1) + (1,), gap_s=(0.0, 0.1))
    reached = 0
    for seed in range(15):
        slots = fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        reached = max(reached, most_at_once(slots))
        assert most_at_once(slots) <= strands
    assert reached == strands


def test_the_weights_decide_how_many_sound_at_once():
    settings = replace(SETTINGS, polyphony_weights=(3, 1), gap_s=(0.0, 0.05))
    pool = draw_pool(rng(), settings, SOUNDS)
    alone = sum(most_at_once(fill_clip(rng(seed), settings, SOUNDS, pool)) == 1 for seed in range(200))
    assert 0.65 < alone / 200 < 0.85


def test_without_gaps_a_strand_fills_the_clip():
    settings = replace(SETTINGS, polyphony_weights=(1,), gap_s=(0.0, 0.0))
    for seed in range(10):
        slots = fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        assert slots[0].start_sample <= 2_400
        assert slots[-1].end_sample >= settings.sample_count - 2_400
        assert [early.end_sample for early in slots[:-1]] == [late.start_sample for late in slots[1:]]


def test_every_event_is_in_the_clip_and_no_instance_is_used_twice():
    for seed in range(20):
        pool = draw_pool(rng(seed), SETTINGS, SOUNDS)
        slots = fill_clip(rng(seed), SETTINGS, SOUNDS, pool)
        assert all(slot.end_sample >= 2_400 and slot.start_sample < SETTINGS.sample_count - 2_400 for slot in slots)
        used = Counter(slot.pieces[0].sound for slot in slots if slot.class_index != STARSS23.index("footsteps"))
        held = Counter(pool.sound.tolist())
        assert all(count <= held[sound] for sound, count in used.items())


def test_an_exhausted_pool_ends_the_clip():
    settings = replace(SETTINGS, instances_per_class=(1, 1), class_weights=dict.fromkeys(STARSS23.names[1:], 0))
    slots = fill_clip(rng(), settings, SOUNDS, draw_pool(rng(), settings, SOUNDS))
    assert len(slots) <= 1


def overlapping_pairs(slots):
    """Pairs that sound at one time, and how many of them are of one class."""
    pairs = [
        (a, b)
        for i, a in enumerate(slots)
        for b in slots[:i]
        if a.start_sample < b.end_sample and b.start_sample < a.end_sample
    ]
    return len(pairs), sum(a.class_index == b.class_index for a, b in pairs)


def test_a_class_overlaps_itself_as_often_as_asked():
    shares = []
    for probability in (0.0, 0.5, 1.0):
        settings = replace(
            SETTINGS, same_class_overlap_probability=probability, polyphony_weights=(0, 1), gap_s=(0, 0.5)
        )
        counts = np.zeros(2)
        for seed in range(60):
            counts += overlapping_pairs(fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS)))
        shares.append(counts[1] / counts[0])
    assert shares[0] == 0
    assert 0.1 < shares[1] < shares[2]
    assert shares[2] > 0.4


def test_class_weights_shift_the_occurrence():
    settings = replace(SETTINGS, class_weights={"knock": 5})
    counts = Counter()
    for seed in range(60):
        counts.update(
            slot.class_index for slot in fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        )
    others = [counts[index] for index in range(12)]
    assert counts[STARSS23.index("knock")] > 2 * np.mean(others)


def test_the_literal_reading_puts_every_instance_in():
    pool = draw_pool(rng(), SETTINGS, SOUNDS)
    slots = scatter(rng(), SETTINGS, SOUNDS, pool)
    assert 52 <= len(slots) <= 78
    assert Counter(slot.class_index for slot in slots) == classes_of(pool)
    starts = np.array([slot.start_sample for slot in slots])
    assert starts.min() >= 0
    assert starts.max() < SETTINGS.sample_count - 2_400
    assert starts.std() > 20_000


def test_there_is_a_way_to_fill_for_each_reading_of_the_settings():
    assert set(READINGS) == set(get_args(get_type_hints(SceneSettings)["reading"]))


def test_an_interferer_begins_at_most_a_lead_before_the_clip():
    sound = int(SOUNDS.of_class(INTERFERENCE)[0])
    slots = [draw_interferer(rng(seed), SETTINGS, SOUNDS, sound) for seed in range(50)]
    assert {slot.class_index for slot in slots} == {INTERFERENCE}
    starts = [slot.start_sample for slot in slots]
    assert -9_600 <= min(starts) < 10_000
    assert 100_000 < max(starts) < 120_000


def test_a_clip_of_one_frame_can_be_filled():
    settings = replace(SETTINGS, duration_s=0.1)
    for seed in range(20):
        fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        scatter(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        draw_interferer(rng(seed), settings, SOUNDS, 0)


FOOTSTEPS, SPEECH = STARSS23.index("footsteps"), 0
RAMP = np.linspace(0.1, 1, 24_000)
DEFAULTS = SceneSettings()
TINY = tiny_sounds(per_class=3)


def test_a_whole_recording_keeps_its_beginning_and_fades_at_its_end():
    piece = crop(0, 0, 24_000, 500)
    assert (piece.first_sample, piece.sample_count, piece.start_sample, piece.end_sample) == (0, 24_000, 500, 24_500)
    assert (piece.fade_in_samples, piece.fade_out_samples) == (0, 120)


def test_a_cut_fades_in():
    assert crop(0, 1, 23_999, 0).fade_in_samples == 120


def test_a_very_short_crop_is_not_all_fade():
    piece = crop(0, 10, 100, 0)
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
    assert len(draw_pieces(rng(), DEFAULTS, sounds_of([RAMP], [FOOTSTEPS]), 0, 0)) == 1


@given(seed=st.integers(0, 1_000), start=st.integers(-9_600, 50_000), length=st.integers(1, 200_000))
def test_a_filled_event_lasts_as_asked_without_holes(seed, start, length):
    pieces = fill_pieces(rng(seed), DEFAULTS, TINY, SPEECH, start, start + length)
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
    pieces = fill_pieces(rng(), DEFAULTS, steps, FOOTSTEPS, 0, 96_000)
    assert len(pieces) >= 5
    assert all(piece.sample_count == 6_000 for piece in pieces)
