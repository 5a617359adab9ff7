"""Pieces: the same samples in the same order, whatever the lengths."""

import itertools

import numpy as np
from hypothesis import given, settings, strategies as st

from whence.audio.pieces import joined, regrouped, segmented
from whence.audio.sound import Sound, SoundInfo


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 50))
def test_regrouping_keeps_every_sample_in_place(lengths, size):
    signal = np.arange(2 * sum(lengths), dtype=np.float32).reshape(2, -1)
    ends = np.cumsum([0, *lengths])
    pieces = [signal[:, start:end] for start, end in itertools.pairwise(ends)]
    found = list(regrouped(iter(pieces), size))
    assert [piece.shape[1] for piece in found[:-1]] == [size] * (len(found) - 1)
    assert all(0 < piece.shape[1] <= size for piece in found)
    assert np.array_equal(np.concatenate([signal[:, :0], *found], axis=1), signal)


def test_regrouping_gives_a_piece_as_soon_as_it_is_full():
    asked = []

    def source():
        for number in range(5):
            asked.append(number)
            yield np.full((1, 10), number, np.float32)

    next(regrouped(source(), 15))
    assert asked == [0, 1]


def test_a_piece_alone_is_not_copied():
    piece = np.zeros((2, 3), np.float32)
    assert joined([piece]) is piece


def test_a_decoder_may_use_its_buffer_again():
    def blocks():
        buffer = np.empty((30_000, 2), np.float32)
        for number in range(20):
            buffer[:] = number
            yield buffer

    sound = Sound("a", SoundInfo(24_000, 2, None, "test"), blocks, lambda: None)
    whole = np.concatenate(list(segmented(sound, lambda block: block.T)), axis=1)
    assert np.array_equal(whole, np.arange(20, dtype=np.float32).repeat(30_000)[None].repeat(2, axis=0))


def test_segments_are_ten_seconds():
    sound = Sound(
        "a",
        SoundInfo(8_000, 2, None, "test"),
        lambda: iter([np.ones((200_000, 2), np.float32)]),
        lambda: None,
        integers=True,
    )
    assert [segment.shape for segment in segmented(sound, lambda block: block.T)] == [
        (2, 80_000),
        (2, 80_000),
        (2, 40_000),
    ]
