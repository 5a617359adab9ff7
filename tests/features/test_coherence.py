"""Recursive averages without a loop equal the loop; coherence tells one sound from many."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from whence.features.coherence import coherence, recursive_average


def slow_average(values, smoothing):
    """The recursion, one frame after the other."""
    frames, last = [], 0.0
    for t in range(values.shape[-2]):
        last = smoothing * last + (1 - smoothing) * values[..., t, :]
        frames.append(last)
    return np.stack(frames, axis=-2)


def slow_coherence(first, second, smoothing):
    """Three running averages for each bin, one frame after the other, in double precision."""
    result = np.zeros(first.shape)
    for n in range(first.shape[1]):
        aa = bb = 0.0
        ab = 0j
        for t in range(first.shape[0]):
            a, b = first[t, n], second[t, n]
            aa = smoothing * aa + (1 - smoothing) * abs(a) ** 2
            bb = smoothing * bb + (1 - smoothing) * abs(b) ** 2
            ab = smoothing * ab + (1 - smoothing) * a * np.conj(b)
            result[t, n] = abs(ab) ** 2 / (aa * bb)
    return result


def noise(*shape, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.complex64, generator=generator)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 700), smoothing=st.floats(0, 0.999))
def test_blocks_of_matrices_equal_the_recursion(frames, smoothing):
    rng = np.random.default_rng([1, frames, 0])
    values = rng.standard_normal((2, frames, 3))
    found = recursive_average(torch.from_numpy(values), smoothing)
    np.testing.assert_allclose(found.numpy(), slow_average(values, smoothing), atol=1e-10)


def test_no_frames_give_no_frames():
    assert recursive_average(torch.zeros(2, 0, 3), 0.5).shape == (2, 0, 3)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.9])
def test_coherence_equals_the_loop(smoothing):
    first, second = noise(1, 40, 5), noise(1, 40, 5, seed=2) + noise(1, 40, 5)
    found = coherence(first, second, smoothing)
    expected = slow_coherence(first[0].numpy().astype(complex), second[0].numpy().astype(complex), smoothing)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_one_sound_is_coherent_whatever_its_gains_and_two_are_not():
    sound, other = noise(1, 400, 8), noise(1, 400, 8, seed=9)
    same = coherence(sound, 0.1j * sound, 0.9)
    different = coherence(sound, other, 0.9)
    mixed = coherence(sound, sound + other, 0.9)
    assert float(same.min()) > 0.999
    assert float(different[:, 100:].mean()) < 0.15
    assert 0.3 < float(mixed[:, 100:].mean()) < 0.7


def test_swapping_the_channels_changes_nothing():
    first, second = noise(1, 20, 4), noise(1, 20, 4, seed=5)
    # A fused multiply and add rounds the two products of a complex number's parts differently.
    torch.testing.assert_close(coherence(first, second, 0.8), coherence(second, first, 0.8))


def test_faint_sound_keeps_its_coherence_and_silence_has_none():
    faint = 1e-3 * noise(1, 20, 4)
    assert float(coherence(faint, faint, 0.8).min()) > 0.99
    assert float(coherence(0 * faint, 0 * faint, 0.8).max()) == 0


def test_the_gradient_is_finite():
    first = noise(1, 10, 3).requires_grad_()
    coherence(first, noise(1, 10, 3, seed=2), 0.5).sum().backward()
    assert bool(torch.isfinite(torch.view_as_real(first.grad)).all())
