"""Resampling in pieces: the same bits as in one go, and no sound lost, however short."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings, strategies as st

from whence.audio.resampling import Resampling


def noise(count, channel_count=2, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channel_count, count)).astype(np.float32)


def in_pieces(signal, rate_in, rate_out, sizes):
    resampling = Resampling(len(signal), rate_in, rate_out)
    parts, start = [], 0
    for size in sizes:
        parts.append(resampling.push(signal[:, start : start + size]))
        start += size
    parts += [resampling.push(signal[:, start:]), resampling.finish()]
    return np.concatenate(parts, axis=1)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(20, 60_000),
    st.sampled_from([(8_000, 24_000), (44_100, 24_000), (48_000, 24_000), (24_000, 16_000), (192_000, 24_000)]),
    st.lists(st.integers(0, 30_000), max_size=6),
    st.integers(1, 3),
)
def test_equals_one_go(count, rates, sizes, channel_count):
    signal = noise(count, channel_count)
    expected = soxr.resample(np.ascontiguousarray(signal.T), *rates, "HQ").T
    found = in_pieces(signal, *rates, sizes)
    if expected.shape[1]:
        assert np.array_equal(found, expected)
    assert found.shape[1] == max(expected.shape[1], 1)
    assert found.flags.c_contiguous


def test_the_same_rate_changes_nothing():
    signal = noise(1000)
    assert np.array_equal(in_pieces(signal, 24_000, 24_000, [1, 500]), signal)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_too_short_for_a_sample_keeps_one(count):
    signal = noise(count)
    found = in_pieces(signal, 192_000, 24_000, [])
    assert found.shape == (2, 1)
    assert np.array_equal(found, signal[:, -1:])


def test_nothing_stays_nothing():
    assert in_pieces(noise(0), 48_000, 24_000, []).shape == (2, 0)


@pytest.mark.parametrize("hz", [50, 1_000, 10_000])
def test_a_tone_stays_where_it_is(hz):
    time_s = np.arange(96_000) / 48_000
    tone = np.sin(2 * np.pi * hz * time_s).astype(np.float32)[None]
    found = in_pieces(tone, 48_000, 24_000, [7, 11_111])[0]
    expected = np.sin(2 * np.pi * hz * np.arange(48_000) / 24_000)
    assert np.abs(found - expected)[2_000:-2_000].max() < 1e-4


def test_a_tone_above_half_the_rate_is_gone():
    time_s = np.arange(96_000) / 48_000
    tone = np.sin(2 * np.pi * 13_000 * time_s).astype(np.float32)[None]
    assert np.abs(in_pieces(tone, 48_000, 24_000, [])[0, 2_000:-2_000]).max() < 1e-5


@pytest.mark.parametrize("rate", [8_000, 12_345, 44_100, 48_000])
@pytest.mark.parametrize("past_end", [-1, 0, 1, 0.5, 1.5], ids=str)
def test_stretches_do_not_show_and_can_be_entered(monkeypatch, rate, past_end):
    monkeypatch.setattr("whence.audio.resampling.STRETCH_S", 3)
    count = 6 * rate + (past_end if isinstance(past_end, int) else round(past_end * rate))
    rng = np.random.default_rng(1)
    signal = (0.3 * rng.standard_normal((2, count))).astype(np.float32)

    def resampled(samples, before=None):
        resampling, pieces, start = Resampling(2, rate, 24_000, before), [], 0
        while start < samples.shape[1]:
            end = start + int(rng.integers(1, 2 * rate))
            pieces.append(resampling.push(samples[:, start:end]))
            start = end
        return np.concatenate([*pieces, resampling.finish()], axis=1)

    whole = resampled(signal)
    np.testing.assert_array_equal(whole, resampled(signal))
    at_once = soxr.resample(signal.T, rate, 24_000).T
    assert whole.shape == at_once.shape
    np.testing.assert_allclose(whole, at_once, atol=2e-6)
    entered = resampled(signal[:, 3 * rate :], signal[:, 2 * rate : 3 * rate])
    np.testing.assert_array_equal(entered, whole[:, 3 * 24_000 :])
