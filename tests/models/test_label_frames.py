"""Vectors to label frames: by shared time against an integral in small steps, and by lines."""

import numpy as np
import pytest
import torch

from whence.models.label_frames import draw_line, share_time


@pytest.mark.parametrize(("vector_ms", "count"), [(40, 125), (80, 63), (20, 250), (160, 32)])
def test_shared_time_equals_sampling_every_millisecond(vector_ms, count):
    vectors = np.random.default_rng([1, count, 0]).standard_normal((count, 3)).astype(np.float32)
    at_ms = vectors[np.minimum(np.arange(5000) // vector_ms, count - 1)]
    expected = at_ms.reshape(50, 100, 3).mean(axis=1)
    found = share_time(torch.from_numpy(vectors)[None], vector_ms // 20, 50)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_vectors_that_end_early_are_held():
    found = share_time(torch.tensor([[[1.0], [3.0]]]), 2, 1)
    assert found.flatten().tolist() == pytest.approx([(1 + 1 + 3 + 3 + 3) / 5])


def test_constants_stay_constant_both_ways():
    vectors = torch.full((2, 25, 4), 7.0)
    assert torch.equal(share_time(vectors, 2, 10), torch.full((2, 10, 4), 7.0))
    torch.testing.assert_close(draw_line(vectors, 10), torch.full((2, 10, 4), 7.0))


def test_a_ramp_keeps_its_place_in_time():
    middles_s = (torch.arange(125) + 0.5) * 0.04
    expected = (torch.arange(50) + 0.5) * 0.1
    torch.testing.assert_close(share_time(middles_s[None, :, None], 2, 50).flatten(), expected, rtol=0, atol=0.005)
    inside = slice(1, -1)
    line = draw_line(middles_s[None, :, None], 50).flatten()
    torch.testing.assert_close(line[inside], expected[inside], rtol=0, atol=1e-4)
