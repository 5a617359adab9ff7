"""The pool, the filling of a clip, the literal reading, interferers."""

from collections import Counter
from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
from tiny_banks import sounds_of, tiny_sounds

from whence.corpora import INTERFERENCE
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.scenes.settings import SceneSettings
from whence.scenes.slots import READINGS, clip_samples, draw_interferer, draw_pool, fill_clip, scatter

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
        assert slots[-1].end_sample >= clip_samples(settings) - 2_400
        assert [early.end_sample for early in slots[:-1]] == [late.start_sample for late in slots[1:]]


def test_every_slot_is_heard_and_no_instance_is_used_twice():
    for seed in range(20):
        pool = draw_pool(rng(seed), SETTINGS, SOUNDS)
        slots = fill_clip(rng(seed), SETTINGS, SOUNDS, pool)
        assert all(slot.end_sample >= 2_400 and slot.start_sample < clip_samples(SETTINGS) - 2_400 for slot in slots)
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


def test_class_weights_shift_what_is_heard():
    settings = replace(SETTINGS, class_weights={"knock": 5})
    heard = Counter()
    for seed in range(60):
        heard.update(
            slot.class_index for slot in fill_clip(rng(seed), settings, SOUNDS, draw_pool(rng(seed), settings, SOUNDS))
        )
    others = [heard[index] for index in range(12)]
    assert heard[STARSS23.index("knock")] > 2 * np.mean(others)


def test_the_literal_reading_puts_every_instance_in():
    pool = draw_pool(rng(), SETTINGS, SOUNDS)
    slots = scatter(rng(), SETTINGS, SOUNDS, pool)
    assert 52 <= len(slots) <= 78
    assert Counter(slot.class_index for slot in slots) == classes_of(pool)
    starts = np.array([slot.start_sample for slot in slots])
    assert starts.min() >= 0
    assert starts.max() < clip_samples(SETTINGS) - 2_400
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
