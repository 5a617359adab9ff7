"""Splits: no recording on both sides, near the share asked for, the same whatever the order."""

import random
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from whence.corpora.sounds import BACKGROUND, SoundEntry
from whence.corpora.splitting import split_by_recording, split_sounds, train_and_held_out
from whence.errors import CorpusError


def sound(number, class_index, recording, split=""):
    return SoundEntry(Path(f"{number}.wav"), class_index, recording, f"{number}.wav", split)


sounds = st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 9)), min_size=1, max_size=60).map(
    lambda pairs: [sound(number, index, f"r{recording}") for number, (index, recording) in enumerate(pairs)]
)


def recordings(items):
    return {item.recording for item in items}


@given(sounds, st.floats(0.05, 0.95), st.integers(0, 5))
def test_both_sides_are_whole_recordings_in_their_order(items, fraction, seed):
    for split in (split_by_recording, split_sounds):
        if split is split_by_recording and len(recordings(items)) < 2:
            continue
        kept, held_out = split(items, fraction, seed)
        assert recordings(kept).isdisjoint(recordings(held_out))
        assert sorted(kept + held_out, key=items.index) == items
        assert [*kept] == [item for item in items if item in kept]
        if split is split_by_recording:
            assert kept
            assert held_out


@given(sounds, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items, seed, shuffle):
    shuffled = list(items)
    shuffle.shuffle(shuffled)
    _, held_out = split_sounds(items, 0.3, seed)
    _, again = split_sounds(shuffled, 0.3, seed)
    assert recordings(held_out) == recordings(again)


def test_the_share_is_met_nearly():
    rng = random.Random(1)
    items = [sound(n, 0, f"r{int(rng.expovariate(0.05))}") for n in range(2_000)]
    for seed in range(20):
        _, held_out = split_by_recording(items, 0.2, seed)
        assert len(held_out) / len(items) == pytest.approx(0.2, abs=0.02)


def test_other_seeds_hold_out_other_recordings():
    items = [sound(n, 0, f"r{n % 40}") for n in range(400)]
    chosen = {frozenset(recordings(split_by_recording(items, 0.2, seed)[1])) for seed in range(20)}
    assert len(chosen) == 20


def test_every_class_gives_its_share():
    rng = random.Random(3)
    items = [
        sound(f"{index}-{n}", index, f"{index}-{int(rng.expovariate(0.1))}")
        for index, count in ((0, 500), (1, 40), (2, 12), (BACKGROUND, 100))
        for n in range(count)
    ]
    for seed in range(10):
        _, held_out = split_sounds(items, 0.25, seed)
        for index, count in ((0, 500), (1, 40), (2, 12), (BACKGROUND, 100)):
            share = sum(item.class_index == index for item in held_out) / count
            assert share == pytest.approx(0.25, abs=0.1)


def test_a_class_of_one_recording_stays_and_one_of_two_is_halved():
    items = [*(sound(f"a{n}", 0, "only") for n in range(5)), *(sound(f"b{n}", 1, f"r{n % 2}") for n in range(6))]
    kept, held_out = split_sounds(items, 0.2, seed=0)
    assert "only" in recordings(kept)
    assert len(recordings(held_out) & {"r0", "r1"}) == 1


def test_a_recording_with_two_classes_goes_to_one_side():
    items = [sound(f"{index}{n}", index, f"r{n}") for index in (0, 1) for n in range(10)]
    kept, held_out = split_sounds(items, 0.3, seed=4)
    assert recordings(kept).isdisjoint(recordings(held_out))
    assert len(held_out) == 6


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, float("nan")])
@pytest.mark.parametrize("split", [split_by_recording, split_sounds])
def test_a_share_that_leaves_a_side_empty_is_refused(split, fraction):
    with pytest.raises(CorpusError, match=r"must be between 0 and 1, not"):
        split([sound(0, 0, "a"), sound(1, 0, "b")], fraction, 0)


@pytest.mark.parametrize("items", [[], [sound(0, 0, "a"), sound(1, 0, "a")]])
def test_fewer_than_two_recordings_cannot_be_split(items):
    with pytest.raises(CorpusError, match=rf"{len(recordings(items))} recording\(s\) cannot be split into two sides"):
        split_by_recording(items, 0.5, 0)


def names(items):
    return [item.name for item in items]


def test_the_corpora_s_own_splits_are_kept():
    items = [sound("a", 0, "a", "train"), sound("b", 0, "b", "val"), sound("c", 0, "c", "test")]
    train, held_out = train_and_held_out(items, 0.2, seed=0)
    assert (names(train), names(held_out)) == (["a.wav"], ["b.wav"])


def test_sounds_without_a_split_join_those_that_have_one():
    """A folder of one's own beside a corpus with splits was left out without a word."""
    items = [sound("a", 0, "a", "train"), sound("b", 0, "b", "val")]
    own = [sound(f"own{n}", 1, f"r{n}", split) for n, split in enumerate(("", "", "", "fold 3"))]
    train, held_out = train_and_held_out([*items, *own], 0.25, seed=0)
    assert len(names(train)) == 4
    assert len(names(held_out)) == 2
    assert set(names(train + held_out)) == set(names(items + own))


def test_test_sounds_are_neither_trained_on_nor_held_out():
    items = [sound(f"{n}", 0, f"r{n}", "train") for n in range(4)]
    train, held_out = train_and_held_out([*items, sound("t", 0, "t", "test")], 0.25, seed=0)
    assert "t.wav" not in names(train + held_out)
    assert len(held_out) == 1
    only = [sound(f"{n}", 0, f"r{n}", "test") for n in range(4)]
    assert sum(map(len, train_and_held_out(only, 0.25, seed=0))) == 4
